/** @file Any value as a MIME bundle. */
import { inspect, types } from "node:util";
import { ArgumentError } from "../errors";
import type { HostTensor } from "../graph/dtype";
import { decodePng, isPng, pngSize } from "../media/png";
import { bundleBytes, DISPLAY, OUTPUT_BUDGET_BYTES, type Displayable, type MimeBundle } from "./displayable";
import { plural } from "./format";
import { imagesView } from "./mediaGrid";
import { isRecordList, tableView } from "./table";
import { tensorView } from "./tensorView";
import { base64, isHostTensor } from "./values";

/** A tensor whose elements are computed when asked for. */
export interface LazyTensor {
  host(): Promise<HostTensor>;
}

export const isLazyTensor = (value: unknown): value is LazyTensor =>
  typeof value === "object" && value !== null && "host" in value && typeof value.host === "function" && "shape" in value && "dtype" in value;

const isDisplayable = (value: unknown): value is Displayable =>
  ((typeof value === "object" && value !== null) || typeof value === "function") && DISPLAY in value && typeof value[DISPLAY] === "function";

/** Characters of text/plain; longer text is cut and says so. */
const MAX_TEXT_CHARACTERS = 60_000;

const textBundle = (text: string): MimeBundle => ({
  "text/plain":
    text.length > MAX_TEXT_CHARACTERS
      ? `${text.slice(0, MAX_TEXT_CHARACTERS)}\n… (${text.length - MAX_TEXT_CHARACTERS} of ${text.length} characters left out)`
      : text,
});

/**
 * The bundle of `value`: of an object with `[Symbol.for("Jupyter.display")]()` what that returns; a table of an array of records; an image of
 * PNG or GIF bytes; the tensor view of a HostTensor; strings as they are; anything else as Node inspects it.
 *
 * @throws {ArgumentError} for a Promise, and for values whose bundle is only known later (lazy tensors): see `resolveBundle`.
 */
export function toBundle(value: unknown): MimeBundle {
  const bundle = bundleOrLater(value);
  if (bundle instanceof Promise) {
    // The value is refused here, so nobody else would see it fail.
    bundle.catch(() => undefined);
    throw new ArgumentError("a value that is displayed only after some computation", { help: "await it first: display(await tensor.host())" });
  }
  return bundle;
}

/** As `toBundle`, and waits for lazy tensors and for display methods that return a Promise. A Promise itself is refused all the same: it is a forgotten `await`. */
export const resolveBundle = async (value: unknown): Promise<MimeBundle> => bundleOrLater(value);

/** The bundle, or a Promise of it where it must be computed first. */
export function bundleOrLater(value: unknown): MimeBundle | Promise<MimeBundle> {
  if (types.isPromise(value))
    throw new ArgumentError("a Promise cannot be displayed", { help: "await it: the value that it resolves to is displayed" });
  if (isDisplayable(value)) {
    const bundle: unknown = value[DISPLAY]();
    return types.isPromise(bundle) ? bundle.then(checked) : checked(bundle);
  }
  if (isLazyTensor(value)) return value.host().then((tensor) => tensorView(tensor)[DISPLAY]());
  if (typeof value === "string") return textBundle(value);
  if (value instanceof Uint8Array) return bytesBundle(value);
  if (isHostTensor(value)) return tensorView(value)[DISPLAY]();
  if (isRecordList(value)) return tableView(value)[DISPLAY]();
  return textBundle(inspected(value));
}

/** What a display method returned, brought within the budget. */
function checked(bundle: unknown): MimeBundle {
  if (typeof bundle !== "object" || bundle === null || Array.isArray(bundle))
    throw new ArgumentError(`a display method returned ${inspected(bundle).slice(0, 80)}`, {
      help: 'return content by MIME type: { "text/plain": "…" }',
    });
  const entries: [string, unknown][] = Object.entries(bundle).filter(([, content]) => content !== undefined && !types.isPromise(content));
  const dropped: string[] = [];
  while (bundleBytes(Object.fromEntries(entries)) > OUTPUT_BUDGET_BYTES && entries.some(([mime]) => mime !== "text/plain")) {
    const sizes = entries.map(([mime, content]) => (mime === "text/plain" ? -1 : (JSON.stringify(content)?.length ?? 0)));
    const [mime] = entries.splice(sizes.indexOf(Math.max(...sizes)), 1)[0];
    dropped.push(mime);
  }
  const content = Object.fromEntries(entries);
  const text = typeof content["text/plain"] === "string" ? textBundle(content["text/plain"])["text/plain"] : undefined;
  const note = dropped.length === 0 ? undefined : `(${dropped.join(", ")} left out: over the budget of an output, ${OUTPUT_BUDGET_BYTES} bytes)`;
  const words = [text, note].filter((line) => line !== undefined).join("\n");
  return words === "" ? content : { ...content, "text/plain": words };
}

function bytesBundle(bytes: Uint8Array): MimeBundle {
  const fits = (bytes.length * 4) / 3 < OUTPUT_BUDGET_BYTES - 1000;
  if (isPng(bytes) && bytes.length >= 24) {
    const { width, height } = pngSize(bytes);
    const text = `PNG image of ${width} × ${height} pixels, ${bytes.length} bytes`;
    if (fits) return { "image/png": base64(bytes), "text/plain": text };
    return { ...imagesView(decodePng(bytes), { layout: "last" })[DISPLAY](), "text/plain": `${text}, shown smaller` };
  }
  const head = String.fromCharCode(...bytes.subarray(0, 6));
  if (head === "GIF87a" || head === "GIF89a") {
    const text = `GIF image, ${bytes.length} bytes`;
    return fits
      ? { "image/gif": base64(bytes), "text/plain": text }
      : {
          "text/plain": `${text}: over the budget of an output, ${OUTPUT_BUDGET_BYTES} bytes; save it to a file, or show the frames with view.video()`,
        };
  }
  return textBundle(`${plural(bytes.length, "byte")}\n${inspected(bytes)}`);
}

/** Objects can make inspection throw (proxies, getters). */
function inspected(value: unknown): string {
  try {
    return inspect(value, { colors: false, depth: 4, maxArrayLength: 100, maxStringLength: 4000, breakLength: 110 });
  } catch (error) {
    return `‹a value that cannot be inspected: ${error instanceof Error ? error.message : "its inspection failed"}›`;
  }
}

const IMAGE_MIMES = ["image/svg+xml", "image/png", "image/gif", "image/jpeg", "image/webp"];

/** Alt text of a bundle's picture: its first lines of text/plain. undefined when there is no picture or no text. */
export function altText(bundle: MimeBundle): string | undefined {
  const text = bundle["text/plain"];
  if (typeof text !== "string" || text === "" || !IMAGE_MIMES.some((mime) => mime in bundle)) return undefined;
  return text.split("\n").slice(0, 2).join(": ").slice(0, 500);
}

/** Metadata of an output: VS Code's image renderer reads its alt text from `vscode_altText`. */
export function bundleMetadata(bundle: MimeBundle): Readonly<Record<string, unknown>> {
  const alt = altText(bundle);
  return alt === undefined ? {} : { vscode_altText: alt };
}
