/** @file What a panel's page has from the editor: messages, state that survives hiding, theme, saving, a voice for screen readers. */
import { base64OfBytes } from "../shared/base64";
import { html } from "../shared/dom";
import type { ExportFile } from "../shared/renderer";
import { addFrameStyles, applyTheme } from "../shared/styles";
import { ThemeSource } from "../shared/theme";
import { throttled } from "../shared/throttle";

/** The editor's function, there in webview panels only. */
interface EditorApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): EditorApi;

const ANNOUNCE_INTERVAL_MS = 400;

export class PanelHost {
  /** `.iso`, in which styles of the views hold. */
  readonly element: HTMLElement;
  readonly themes: ThemeSource;
  /** Aborted when the page goes. */
  readonly signal: AbortSignal;
  readonly announce: (text: string) => void;
  private readonly api: EditorApi = acquireVsCodeApi();

  constructor(label: string) {
    const abort = new AbortController();
    this.signal = abort.signal;
    addEventListener("pagehide", () => abort.abort());
    this.themes = new ThemeSource(this.signal);
    addFrameStyles();
    const voice = html("div", { class: "iso-hidden", "aria-live": "polite", role: "status" });
    this.element = html("div", { class: "iso", "aria-label": label });
    (document.querySelector("main") ?? document.body).replaceChildren(this.element, html("div", { class: "iso" }, voice));
    const colour = (): void => applyTheme(this.element, this.themes.theme);
    colour();
    this.themes.listen(colour, this.signal);
    this.announce = throttled((text: string) => (voice.textContent = text), { intervalMs: ANNOUNCE_INTERVAL_MS, signal: this.signal });
  }

  /** Messages from the extension: data that the caller checks. */
  onMessage(listen: (message: unknown) => void): void {
    addEventListener("message", (event: MessageEvent<unknown>) => listen(event.data), { signal: this.signal });
  }

  /** Tells the extension that the page listens. */
  ready(): void {
    this.api.postMessage({ type: "ready" });
  }

  loadState(): unknown {
    return this.api.getState();
  }

  saveState(state: unknown): void {
    this.api.setState(state);
  }

  save({ name, mime, bytes }: ExportFile): void {
    this.api.postMessage({ type: "save", name, mime, base64: base64OfBytes(bytes) });
  }
}
