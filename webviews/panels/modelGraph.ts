/** @file Entry of the page that shows one model graph, or two side by side. */
import { GraphView } from "./modelGraph/graphView";
import { readToModelGraphPanel } from "./modelGraph/readGraph";
import { PanelHost } from "./panelHost";

const host = new PanelHost("Model graph");
const view = new GraphView(host);
host.onMessage((raw) => {
  const message = readToModelGraphPanel(raw);
  if (message !== undefined) view.receive(message);
});
host.ready();
