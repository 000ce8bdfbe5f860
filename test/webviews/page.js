// The page of the test: loads the renderer as VS Code's notebook does and stands in for the editor. Plain JavaScript, served as it is.
import { activate } from "/webviews/renderers/index.js";

const listeners = new Set();
let state;
let renderer;
const posted = [];
const violations = [];
document.addEventListener("securitypolicyviolation", (event) => violations.push(`${event.violatedDirective} ${event.blockedURI}`));

window.editor = {
  posted,
  violations,
  async start({ trusted = true, messaging = true } = {}) {
    renderer = await activate({
      setState: (next) => (state = structuredClone(next)),
      getState: () => structuredClone(state),
      getRenderer: () => Promise.resolve(undefined),
      ...(messaging
        ? {
            postMessage: (message) => posted.push(structuredClone(message)),
            onDidReceiveMessage: (listen) => {
              listeners.add(listen);
              return { dispose: () => listeners.delete(listen) };
            },
          }
        : {}),
      workspace: { isTrusted: trusted },
    });
  },
  /** Renders an output item into the element with its id, as VS Code does when a cell gives an output or replaces it. */
  async render({ id, mime, text, metadata = {} }) {
    let element = document.getElementById(id);
    if (element === null) {
      element = document.createElement("div");
      element.id = id;
      element.className = "output";
      document.querySelector("main").append(element);
    }
    const bytes = new TextEncoder().encode(text);
    const item = { id, mime, metadata, text: () => text, json: () => JSON.parse(text), data: () => bytes, blob: () => new Blob([bytes], { type: mime }) };
    await renderer.renderOutputItem(item, element, new AbortController().signal);
  },
  dispose(id) {
    renderer.disposeOutputItem(id);
    document.getElementById(id)?.replaceChildren();
  },
  send(message) {
    for (const listen of listeners) listen(structuredClone(message));
  },
  theme(kind, variables) {
    document.documentElement.removeAttribute("style");
    for (const [name, value] of Object.entries(variables)) document.documentElement.style.setProperty(`--vscode-${name}`, value);
    document.body.className = `vscode-${kind}${kind === "high-contrast-light" ? " vscode-high-contrast" : ""}`;
    document.body.dataset.vscodeThemeKind = `vscode-${kind}`;
    document.body.style.background = variables["editor-background"];
  },
};
document.documentElement.dataset.loaded = "true";
