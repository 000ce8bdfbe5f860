/** @file Messages between the extension and the page that shows model graphs. Types only. */
import type { ModelGraph } from "../../kernel/onnx/modelGraphSchema";

export interface NamedGraph {
  /** Of the file. */
  readonly name: string;
  readonly graph: ModelGraph;
}

export type ToModelGraphPanel =
  /** One graph, or two to compare. */
  | { readonly type: "graphs"; readonly graphs: readonly NamedGraph[] }
  /** The file is being read. */
  | { readonly type: "reading"; readonly name: string }
  /** Why there is no graph, in the lines of the error. */
  | { readonly type: "failed"; readonly message: string };

export type FromModelGraphPanel = { readonly type: "ready" } | { readonly type: "save"; readonly name: string; readonly mime: string; readonly base64: string };
