/** @file Outputs of the kernel as outputs of the editor, so that its notebook serializer writes the same file as a headless run. */
import type * as vscode from "vscode";
import type { MimeBundle } from "../../kernel/protocol/messages";
import type { Content } from "./cellRun";
import { linkedTraceback } from "./errorLinks";

export interface OutputContext {
  readonly vs: typeof vscode;
  /** See linkedTraceback. */
  readonly orderOf: (label: string) => number | undefined;
}

/** A whole output. */
export function outputOf(content: Content, context: OutputContext): vscode.NotebookCellOutput {
  return new context.vs.NotebookCellOutput(itemsOf(content, context), metadataOf(content));
}

/** Its representations, the richest first. */
export function itemsOf(content: Content, { vs, orderOf }: OutputContext): vscode.NotebookCellOutputItem[] {
  const { NotebookCellOutputItem: Item } = vs;
  if (content.type === "stream") return [content.name === "stderr" ? Item.stderr(content.text) : Item.stdout(content.text)];
  if (content.type === "error") return [Item.error({ name: content.ename, message: content.evalue, stack: linkedTraceback(content.traceback, orderOf) })];
  return Object.entries(content.data).map(([mime, value]) => itemOf(vs, mime, value));
}

/** As the editor's serializer keeps it. `transient` is not written to the file; by it a view finds its updates. */
function metadataOf(content: Content): Record<string, unknown> {
  switch (content.type) {
    case "stream":
      return { outputType: "stream" };
    case "error":
      // The file gets the text without links.
      return { outputType: "error", originalError: { output_type: "error", ename: content.ename, evalue: content.evalue, traceback: [...content.traceback] } };
    case "display_data":
      return { outputType: "display_data", metadata: { ...content.metadata }, ...transientOf(content.displayId) };
    case "execute_result":
      return { outputType: "execute_result", executionCount: content.executionCount, metadata: { ...content.metadata }, ...transientOf(content.displayId) };
  }
}

const transientOf = (displayId: string | undefined): Record<string, unknown> => (displayId === undefined ? {} : { transient: { display_id: displayId } });

function itemOf(vs: typeof vscode, mime: string, value: MimeBundle[string]): vscode.NotebookCellOutputItem {
  const { NotebookCellOutputItem: Item } = vs;
  if (typeof value !== "string") {
    const lines = Array.isArray(value) && !isJson(mime) && value.every((line): line is string => typeof line === "string");
    return lines ? Item.text(value.join(""), mime) : Item.json(value ?? null, mime);
  }
  if (isJson(mime)) return Item.json(value, mime);
  if (isText(mime)) return Item.text(value, mime);
  return new Item(Buffer.from(value, "base64"), mime);
}

const isJson = (mime: string): boolean => mime === "application/json" || mime.endsWith("+json");
const isText = (mime: string): boolean => mime.startsWith("text/") || mime === "image/svg+xml" || mime === "application/javascript";
