/** @file Entry of the notebook renderer: one for all our MIME types; the code of a view is loaded when its first output comes. */
import type { ActivationFunction, OutputItem, RendererContext } from "vscode-notebook-renderer";
import { html } from "../shared/dom";
import { addFrameStyles } from "../shared/styles";
import { displayIdOf, readToRenderer, type FromRenderer } from "../shared/messages";
import { base64OfBytes } from "../shared/base64";
import type { ExportFile, Renderer } from "../shared/renderer";
import { ThemeSource } from "../shared/theme";
import { ViewMount, wordsOf } from "../shared/viewMount";
import type { ViewName } from "../../kernel/display/schema";
import { viewOfMime, VIEWS } from "./views";
import { OutputStates } from "../shared/outputStates";

/** Larger payloads are not read: the kernel keeps an output within 200 kB, so these come from elsewhere. */
const MAX_PAYLOAD_BYTES = 5_000_000;

/** A view by its output item. */
interface Entry {
  readonly element: HTMLElement;
  readonly mount: ViewMount;
  displayId: string | undefined;
}

class Outputs {
  private readonly entries = new Map<string, Entry>();
  private readonly themes = new ThemeSource(new AbortController().signal);
  private readonly states: OutputStates;

  constructor(private readonly context: RendererContext<unknown>) {
    this.states = new OutputStates(context);
    context.onDidReceiveMessage?.((message: unknown) => this.receive(message));
    this.post({ type: "ready" });
  }

  async render(item: OutputItem, element: HTMLElement): Promise<void> {
    const name = viewOfMime(item.mime);
    const payload = readPayload(item);
    if (payload instanceof Error || name === undefined) {
      this.dispose(item.id);
      showError(element, payload instanceof Error ? payload.message : `no view for ${item.mime}`, payload);
      return;
    }
    const old = this.entries.get(item.id);
    if (old !== undefined && old.element === element && old.mount.view === name && !old.mount.gone) {
      old.displayId = displayIdOf(item.metadata);
      old.mount.update(payload);
      return;
    }
    this.dispose(item.id);
    const loader: (() => Promise<Renderer<ViewName>>) | undefined = VIEWS[name];
    try {
      const renderer = await loader?.();
      if (renderer === undefined) return;
      const mount = new ViewMount({
        renderer,
        container: element,
        themes: this.themes,
        trusted: this.context.workspace.isTrusted,
        save: (file) => this.save(file),
        loadState: () => this.states.load(item.id, name),
        saveState: (state) => this.states.save({ id: item.id, view: name, state }),
      });
      this.entries.set(item.id, { element, mount, displayId: displayIdOf(item.metadata) });
      await mount.mount(payload);
    } catch (error) {
      showError(element, error instanceof Error ? error.message : String(error), payload);
    }
  }

  /** Without an id: all of them. */
  dispose(id?: string): void {
    for (const [key, entry] of this.entries) {
      if (id !== undefined && key !== id) continue;
      entry.mount.dispose();
      this.entries.delete(key);
    }
  }

  private receive(raw: unknown): void {
    const message = readToRenderer(raw);
    if (message?.type === "theme") this.themes.force(message.theme);
    if (message?.type !== "update") return;
    const view = viewOfMime(message.mime);
    for (const entry of this.entries.values())
      if (entry.displayId === message.displayId && entry.mount.view === view) entry.mount.update(message.payload);
  }

  private post(message: FromRenderer): void {
    this.context.postMessage?.(message);
  }

  /** Through the extension, which asks where; where there is none, by the browser. */
  private save(file: ExportFile): void {
    if (this.context.postMessage !== undefined) {
      this.post({ type: "save", name: file.name, mime: file.mime, base64: base64OfBytes(file.bytes) });
      return;
    }
    const url = URL.createObjectURL(new Blob([new Uint8Array(file.bytes)], { type: file.mime }));
    html("a", { href: url, download: file.name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }
}

/** The parsed JSON, or why there is none. */
function readPayload(item: OutputItem): unknown {
  try {
    const bytes = item.data().byteLength;
    if (bytes > MAX_PAYLOAD_BYTES) return new Error(`the payload has ${bytes} bytes; views read up to ${MAX_PAYLOAD_BYTES}`);
    return item.json() as unknown; // SAFETY: whatever JSON holds is unknown until it is checked.
  } catch (error) {
    return new Error(`the payload is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function showError(element: HTMLElement, message: string, payload: unknown): void {
  addFrameStyles();
  const words = wordsOf(payload);
  element.replaceChildren(
    html(
      "div",
      { class: "iso", "data-ready": "true", "data-error": message },
      html("div", { class: "iso-error", role: "alert" }, html("strong", {}, "This output cannot be drawn"), html("p", {}, message), words === "" ? undefined : html("p", {}, words)),
    ),
  );
}

export const activate: ActivationFunction = (context) => {
  const outputs = new Outputs(context);
  return {
    renderOutputItem: (item, element) => outputs.render(item, element),
    disposeOutputItem: (id) => outputs.dispose(id),
  };
};
