/** @file A model's graph as compact JSON, for looking at. Types only, shared with the webviews and the extension. */

/** What `isoflop graph model.onnx --json` prints. Values are referred to by their place in `values`. */
export interface ModelGraph {
  readonly version: 1;
  /** Of the graph; "" when it has none. */
  readonly name: string;
  readonly producer: string;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  readonly values: readonly GraphValue[];
  /** Without those that are weights. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** In the order of the file; those of nested graphs follow the node that holds them. */
  readonly nodes: readonly GraphNode[];
  /** Elements of the floating constants. */
  readonly parameters: number;
  readonly parameterBytes: number;
  /** Of all nodes whose cost is known; null when that is none. */
  readonly flops: number | null;
  /** Nodes without a known cost. */
  readonly unknownFlops: number;
  /** What was assumed or left out, as sentences. */
  readonly notes: readonly string[];
}

export interface GraphValue {
  readonly name: string;
  /** "" when it is not known. */
  readonly dtype: string;
  /** null when not even the rank is known. A size that is not known is its symbol ("batch"), or "?". */
  readonly shape: readonly (number | string)[] | null;
  /** It has its elements in the file or beside it, or it is an input that is named as the weight of a module. */
  readonly constant: boolean;
}

export interface GraphNode {
  /** As ONNX spells it: "MatMul". */
  readonly op: string;
  /** "" for standard operators. */
  readonly domain: string;
  readonly name: string;
  /** Modules around it, outermost first: ["blocks", "2", "mlp"]. */
  readonly path: readonly string[];
  /** −1 where an optional one is left out. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly attributes: readonly { readonly name: string; readonly value: string }[];
  /** Elements of the floating constants that this node is the first to read. */
  readonly parameters: number;
  /** null when its cost is not known. */
  readonly flops: number | null;
}
