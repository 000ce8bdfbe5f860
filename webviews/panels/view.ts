/** @file Entry of the panel that shows one output, as a cell would. */
import { PanelHost } from "./panelHost";
import { BundleView } from "./view/bundleView";

const host = new PanelHost("Output");
const view = new BundleView(host);
host.onMessage((message) => view.receive(message));
host.ready();
