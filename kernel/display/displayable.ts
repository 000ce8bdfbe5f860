/** @file What can be displayed: the symbol, the MIME bundle, and the object that every view returns. */
import type { Payloads, ViewMime, ViewName } from "./schema";

/** Content by MIME type: text as it is, binary (PNG, GIF, GLB) as base64, JSON types as values. */
export type MimeBundle = Readonly<Record<string, unknown>>;

/** The method `[DISPLAY]()` of an object returns its bundle. The symbol is Deno's, so libraries made for its kernel display here too. */
export const DISPLAY = Symbol.for("Jupyter.display");

/** A value that knows how to be shown. */
export interface Displayable {
  [DISPLAY](): MimeBundle | Promise<MimeBundle>;
}

/** MIME type of a view's payload. */
export const mimeOf = <V extends ViewName>(view: V): ViewMime<V> => `application/vnd.isoflop.${view}.v1+json`;

/** Size of an output as it stands in the notebook file. */
export const OUTPUT_BUDGET_BYTES = 200_000;

export const bundleBytes = (bundle: MimeBundle): number => Buffer.byteLength(JSON.stringify(bundle));

/** The parts of a display: the payload for the interactive view, the static twin, and words. */
export interface DisplayParts<V extends ViewName> {
  readonly view: V;
  readonly payload: Payloads[V];
  /** Static twins by MIME type: `image/svg+xml`, `image/png`, `image/gif` (base64) or `text/html`. */
  readonly still: MimeBundle;
  /** Begins with the title and the finding. */
  readonly text: string;
}

/** Static twins, largest first to go when a bundle is over budget: `text/plain` always stays. */
const DROP_ORDER = ["text/html", "image/gif", "image/png", "image/svg+xml"];
const MAX_TEXT_CHARACTERS = 20_000;

/** A finished view: one output, at most OUTPUT_BUDGET_BYTES. */
export class Display<V extends ViewName = ViewName> implements Displayable {
  readonly view: V;
  readonly payload: Payloads[V];
  readonly text: string;
  private readonly still: MimeBundle;

  constructor({ view, payload, still, text }: DisplayParts<V>) {
    this.view = view;
    this.payload = payload;
    this.still = still;
    this.text =
      text.length > MAX_TEXT_CHARACTERS ? `${text.slice(0, MAX_TEXT_CHARACTERS)}\n… (${text.length - MAX_TEXT_CHARACTERS} more characters)` : text;
  }

  /** The sentence that the view says. */
  get finding(): string {
    return this.payload.finding;
  }

  /** The static twin as an SVG file, or undefined for pictures that are not SVG. */
  get svg(): string | undefined {
    const svg = this.still["image/svg+xml"];
    return typeof svg === "string" ? svg : undefined;
  }

  /** The bundle: payload, static twin, text. Views keep to the budget by themselves; what still does not fit is left out and the text says so. */
  [DISPLAY](): MimeBundle {
    let bundle: MimeBundle = { [mimeOf(this.view)]: this.payload, ...this.still, "text/plain": this.text };
    for (const mime of [mimeOf(this.view), ...DROP_ORDER]) {
      if (bundleBytes(bundle) <= OUTPUT_BUDGET_BYTES) break;
      if (!(mime in bundle)) continue;
      const size = Buffer.byteLength(JSON.stringify(bundle[mime]));
      const note = `(${mime} left out: ${size} bytes are over the budget of an output, ${OUTPUT_BUDGET_BYTES})`;
      bundle = {
        ...Object.fromEntries(Object.entries(bundle).filter(([key]) => key !== mime)),
        "text/plain": `${String(bundle["text/plain"])}\n${note}`,
      };
    }
    return bundle;
  }

  toString(): string {
    return this.text;
  }
}

/** Title, finding, further lines and cuts as text/plain. */
export const plainText = (
  payload: { readonly title: string; readonly finding: string; readonly cuts: readonly string[] },
  lines: readonly string[] = [],
): string => [...(payload.title === "" ? [] : [payload.title]), payload.finding, ...lines, ...payload.cuts.map((cut) => `(${cut})`)].join("\n");
