/** @file An ONNX model as plain values: what emission makes, import reads and the protobuf layer carries. */
import { type Dtype, type HostTensor } from "../graph/dtype";

/** Operator-set versions written: standard operators, and onnxruntime's own (`com.microsoft`). */
export const OPSET_VERSION = 21;
export const IR_VERSION = 10;
export const MICROSOFT_DOMAIN = "com.microsoft";

/** An attribute of a node, tagged as ONNX tags it. */
export type OnnxAttribute =
  | { readonly type: "int"; readonly value: number }
  | { readonly type: "float"; readonly value: number }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "ints"; readonly value: readonly number[] }
  | { readonly type: "floats"; readonly value: readonly number[] }
  | { readonly type: "strings"; readonly value: readonly string[] }
  | { readonly type: "tensor"; readonly value: HostTensor }
  | { readonly type: "graph"; readonly value: OnnxGraph };

export interface OnnxNode {
  /** As ONNX spells it: "MatMul", "LayerNormalization". */
  readonly opType: string;
  /** "" for standard operators. */
  readonly domain: string;
  /** Unique in its graph; ours begin with the layer path ("blocks.2.mlp.up/Gemm_41"). */
  readonly name: string;
  /** Value names; "" where an optional input is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** A named, typed graph input or output. A size that is not known is its symbol, as ONNX allows on import ("batch"). */
export interface OnnxValueInfo {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  readonly initializers: ReadonlyMap<string, HostTensor>;
}

export interface OnnxModel {
  readonly irVersion: number;
  /** Version of each operator set used, by domain ("" is the standard one). */
  readonly opsets: Readonly<Record<string, number>>;
  readonly graph: OnnxGraph;
  /** Free key–value pairs. */
  readonly metadata: Readonly<Record<string, string>>;
}
