/** @file Entry of the runs panel. */
import { PanelHost } from "./panelHost";
import { readToRunsPanel } from "./runs/readRuns";
import { RunsView } from "./runs/runsView";

const host = new PanelHost("Compare runs");
const view = new RunsView(host);
host.onMessage((raw) => {
  const message = readToRunsPanel(raw);
  if (message !== undefined) void view.update(message.runs);
});
host.ready();
