/** @file Entry of the notebook renderer: one for all our MIME types; the code of a view is loaded when its first output comes. */
import type { ActivationFunction } from "vscode-notebook-renderer";

export const activate: ActivationFunction = () => ({
  renderOutputItem(item, element) {
    element.textContent = item.text();
  },
});
