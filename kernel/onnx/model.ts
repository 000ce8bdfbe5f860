/** @file An ONNX model as plain values: what emission makes, import reads and the protobuf layer carries. */
import type { Dtype, HostTensor } from "../graph/dtype";

/** Operator-set versions written: standard operators, and onnxruntime's own (`com.microsoft`). */
export const OPSET_VERSION = 21;
export const IR_VERSION = 10;
export const MICROSOFT_DOMAIN = "com.microsoft";
/** Operators of our own library. */
export const ISOFLOP_DOMAIN = "isoflop";

/** `domain` as it is written here: the standard one has the empty name and the alias "ai.onnx". */
export const standardDomain = (domain: string): string => (domain === "ai.onnx" ? "" : domain);

/** An attribute of a node, tagged as ONNX tags it. */
export type OnnxAttribute =
  | { readonly type: "int"; readonly value: number }
  | { readonly type: "float"; readonly value: number }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "ints"; readonly value: readonly number[] }
  | { readonly type: "floats"; readonly value: readonly number[] }
  | { readonly type: "strings"; readonly value: readonly string[] }
  | { readonly type: "tensor"; readonly value: HostTensor }
  | { readonly type: "graph"; readonly value: OnnxGraph<OnnxDeclaration> };

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

/** A graph input or output as a file declares it: nested graphs may leave out the type, and any graph the shape. */
export interface OnnxDeclaration {
  readonly name: string;
  readonly dtype?: Dtype;
  /** Absent when not even the rank is known. A size that is not known is its symbol ("batch"), or "" when it has none. */
  readonly shape?: readonly (number | string)[];
}

/** A named, typed graph input or output, as we write it. */
export interface OnnxValueInfo extends OnnxDeclaration {
  readonly dtype: Dtype;
  readonly shape: readonly (number | string)[];
}

/** A graph; those we make type every input and output, those read from files may not (`OnnxGraph<OnnxDeclaration>`). */
export interface OnnxGraph<Value extends OnnxDeclaration = OnnxValueInfo> {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly initializers: ReadonlyMap<string, HostTensor>;
  /** Inner values whose types no runtime could infer by itself: results of our own operators. Not kept when a file is read. */
  readonly values?: readonly Value[];
}

export interface OnnxModel<Value extends OnnxDeclaration = OnnxValueInfo> {
  readonly irVersion: number;
  /** Version of each operator set used, by domain ("" is the standard one). */
  readonly opsets: Readonly<Record<string, number>>;
  readonly graph: OnnxGraph<Value>;
  /** Free key–value pairs. */
  readonly metadata: Readonly<Record<string, string>>;
}
