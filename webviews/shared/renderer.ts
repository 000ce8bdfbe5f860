/** @file What a view is: it mounts a payload in an element and takes new payloads without being built again. */
import type { Payloads, ViewName } from "../../kernel/display/schema";

/** What a view is given besides its payload. The same in a cell's output, a panel and a test page. */
export interface Host {
  /** Where it may draw: empty at first, `position: relative`, as wide as the output. */
  readonly element: HTMLElement;
  /** Colours of the present theme; `onThemeChange` tells of another. */
  readonly theme: Theme;
  /** Calls back with the new theme until the signal is aborted. */
  onThemeChange(listen: (theme: Theme) => void): void;
  /** Aborted when the view goes: listeners, timers, animation frames and workers end with it. */
  readonly signal: AbortSignal;
  /** False in a workspace that is not trusted: HTML and scripts from the payload are never run anyway; nothing is opened or saved then. */
  readonly trusted: boolean;
  /** State of the view (selected head, zoom, scrubber) that survives scrolling away and back; undefined at first. */
  loadState(): unknown;
  saveState(state: unknown): void;
  /** Offers a file to the user. */
  save(file: ExportFile): void;
  /** Says `text` to screen readers, politely: what hover shows by eye. The newest of many calls wins. */
  announce(text: string): void;
}

export interface ExportFile {
  readonly name: string;
  readonly mime: string;
  readonly bytes: Uint8Array;
}

export interface Theme {
  readonly kind: "light" | "dark" | "high-contrast" | "high-contrast-light";
  readonly foreground: string;
  readonly background: string;
  /** Axis lines, grid. */
  readonly line: string;
  /** Captions. */
  readonly muted: string;
  readonly focus: string;
  readonly error: string;
  readonly font: string;
  readonly monospace: string;
  /** Categorical colours, readable on `background` and told apart by colour-blind readers. */
  readonly series: readonly string[];
  /** From small to large, for maps: CSS colours at equal steps. */
  readonly ramp: readonly string[];
}

/** A mounted view. */
export interface Mounted<V extends ViewName> {
  /** Replaces the payload; keeps what the user has chosen where it still makes sense. */
  update(payload: Payloads[V]): void;
  /** Files that the export menu offers, made when asked for. PNG, SVG and JSON at least where the view has a picture. */
  readonly exports: readonly { readonly label: string; readonly make: () => Promise<ExportFile> }[];
}

/** A view. `mount` resolves when the first picture is drawn; the frame around it then sets `data-ready`, titles, finding, cuts and the export menu. */
export interface Renderer<V extends ViewName> {
  readonly view: V;
  /** A passing state that nobody keeps: no export menu. */
  readonly passing?: true;
  /**
   * The payload, checked field by field: files are made by anybody. Written with ./validate.
   * @throws {PayloadError} naming the field that is wrong.
   */
  parse(payload: unknown): Payloads[V];
  mount(host: Host, payload: Payloads[V]): Promise<Mounted<V>>;
}
