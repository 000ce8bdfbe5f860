/** @file Messages between the extension and the notebook renderer (`createRendererMessaging("isoflop-views")`). Data only. */

/** Of `contributes.notebookRenderer` in package.json. */
export const RENDERER_ID = "isoflop-views";

/** To the renderer. */
export type ToRenderer =
  /** A newer payload of the output with this `display_id`; a mounted view takes it in place, at most ten a second. */
  | { readonly type: "update"; readonly displayId: string; readonly mime: string; readonly payload: unknown }
  /** Setting `isoflop.views.theme`. */
  | { readonly type: "theme"; readonly theme: "editor" | "light" };

/** To the extension. */
export type FromRenderer =
  /** The renderer has started in an editor: it wants to be told the theme setting. */
  | { readonly type: "ready" }
  /** The user asked to save a picture or the data of a view. */
  | { readonly type: "save"; readonly name: string; readonly mime: string; readonly base64: string };

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;

/** The message, or undefined for anything else. */
export function readToRenderer(message: unknown): ToRenderer | undefined {
  if (!isRecord(message)) return undefined;
  const { type, displayId, mime, payload, theme } = message;
  if (type === "update" && typeof displayId === "string" && typeof mime === "string") return { type, displayId, mime, payload };
  if (type === "theme" && (theme === "editor" || theme === "light")) return { type, theme };
  return undefined;
}

/** The message, or undefined for anything else. */
export function readFromRenderer(message: unknown): FromRenderer | undefined {
  if (!isRecord(message)) return undefined;
  const { type, name, mime, base64 } = message;
  if (type === "ready") return { type };
  if (type === "save" && typeof name === "string" && typeof mime === "string" && typeof base64 === "string") return { type, name, mime, base64 };
  return undefined;
}

/**
 * The `display_id` in the metadata of an output, where the editor side has put it: `transient.display_id`, as Jupyter's messages have it;
 * never saved to the file. undefined when the output has none.
 */
export function displayIdOf(metadata: unknown): string | undefined {
  if (!isRecord(metadata) || !isRecord(metadata["transient"])) return undefined;
  const id = metadata["transient"]["display_id"];
  return typeof id === "string" && id !== "" ? id : undefined;
}
