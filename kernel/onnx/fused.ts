/** @file Composites for which onnxruntime has a kernel of its own. */
import type { CompositeBody } from "../graph/composite";
import { MAX_FUSED_ROW } from "../graph/passes/fusible";
import type { Tensor } from "../graph/tensor";
import type { EmitContext } from "./emitContext";
import { MICROSOFT_DOMAIN } from "./model";
import { emitOwn, fusedByOwn } from "./ownOperators";

interface FusedCall {
  readonly context: EmitContext;
  readonly tensor: Tensor;
  readonly body: CompositeBody;
  readonly inputs: readonly string[];
}
type FusedRule = (call: FusedCall) => string;

const number = ({ options }: CompositeBody, name: string): number => Number(options[name]);

/** LayerNormalization gives the result, the mean and the inverse deviation: one node for all three composites. */
const layerNorm =
  (output: 0 | 1 | 2): FusedRule =>
  ({ context, body, inputs }) =>
    context.output(output, "LayerNormalization", inputs, { attributes: { axis: -1, epsilon: { float: number(body, "epsilon") } } });

/** Kernels of the standard operator set, which any ONNX runtime has. */
const STANDARD: Readonly<Record<string, FusedRule>> = {
  Softmax: ({ context, body, inputs }) => context.node("Softmax", inputs, { attributes: { axis: number(body, "axis") } }),
  LogSoftmax: ({ context, body, inputs }) => context.node("LogSoftmax", inputs, { attributes: { axis: number(body, "axis") } }),
  LayerNorm: layerNorm(0),
  LayerNormMean: layerNorm(1),
  LayerNormScale: layerNorm(2),
  OneHot: ({ context, tensor, body, inputs: [indices] }) => context.node("OneHot", [tensor.inputs[0].dtype === "int64" ? indices : context.cast(indices, "int64"), context.ints([number(body, "depth")]), context.constant(tensor.dtype, [2], [0, 1])], { attributes: { axis: -1 } }),
};

/** Kernels of onnxruntime only. */
const MICROSOFT: Readonly<Record<string, FusedRule>> = {
  Gelu: ({ context, inputs }) => context.node("Gelu", inputs, { domain: MICROSOFT_DOMAIN }),
  Silu: ({ context, inputs }) => context.node("QuickGelu", inputs, { domain: MICROSOFT_DOMAIN, attributes: { alpha: { float: 1 } } }),
};

const ALL: Readonly<Record<string, FusedRule>> = { ...STANDARD, ...MICROSOFT };

/** The fused kernels compute in float32; in other dtypes the decomposition is used. */
const inFloat32 = (call: Tensor<"Composite">): boolean => call.dtype === "float32";

/** Whether onnxruntime has a kernel for a composite. */
export const fusedByOnnxruntime = (call: Tensor<"Composite">): boolean => inFloat32(call) && call.attrs.definition.name in ALL;
/** Composites that are as fast in pieces where pointwise functions and row reductions are fused, and take part in larger kernels there. */
const PIECES: ReadonlySet<string> = new Set(["Softmax", "LogSoftmax", "LayerNorm", "LayerNormMean", "LayerNormScale", "Gelu", "Silu"]);

/** Whether a kernel of its own, of our library or onnxruntime's, is better for a composite than fusing its pieces. */
export function fusedByLibrary(call: Tensor<"Composite">): boolean {
  if (fusedByOwn(call)) return true;
  if (!fusedByOnnxruntime(call)) return false;
  return !PIECES.has(call.attrs.definition.name) || !alongLastAxis(call) || !inShortRows(call);
}

/** Of the composites that onnxruntime has a kernel for, those that our execution provider for devices has one for, too, and that are not better in pieces. */
const ON_DEVICE: ReadonlySet<string> = new Set(["Softmax", "LogSoftmax", "OneHot", "Gelu", "Silu"]);

/** Rows up to these widths fit into a block's memory, where the kernel of a device works on them (kernel/runtime/native/provider/kernels). */
const WIDEST_ON_DEVICE: Readonly<Record<string, number>> = { Attention: 256, AttentionGradient: 256, LinearAttention: 224 };
function isNarrow({ inputs, attrs: { definition } }: Tensor<"Composite">): boolean {
  const widest = WIDEST_ON_DEVICE[definition.name];
  return widest === undefined || inputs.slice(0, 3).every(({ shape }) => shape[shape.length - 1] <= widest);
}

/** Whether a kernel of a device is better for a composite than fusing its pieces. */
export function fusedByDevice(call: Tensor<"Composite">): boolean {
  const { name } = call.attrs.definition;
  if (fusedByOwn(call)) return isNarrow(call);
  if (!inFloat32(call) || !ON_DEVICE.has(name)) return false;
  return !PIECES.has(name) || (alongLastAxis(call) && !inShortRows(call));
}

const lastSize = ({ inputs: [{ shape }] }: Tensor<"Composite">): number => shape[shape.length - 1];
const inShortRows = (call: Tensor<"Composite">): boolean => lastSize(call) <= MAX_FUSED_ROW;
const alongLastAxis = (call: Tensor<"Composite">): boolean => (call.attrs.options["axis"] ?? call.inputs[0].rank - 1) === call.inputs[0].rank - 1;

/** Whether the standard operator set has an operator for it, so that any ONNX runtime has a kernel. */
export const fusedByStandard = (call: Tensor<"Composite">): boolean => inFloat32(call) && call.attrs.definition.name in STANDARD;

export function emitComposite(call: FusedCall): string {
  const own = emitOwn(call);
  if (own !== undefined) return own;
  const rule = ALL[call.body.definition.name];
  if (rule === undefined) throw new Error(`${call.body.definition.name} was not expanded and has no kernel`);
  return rule(call);
}
