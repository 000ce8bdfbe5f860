/**
 * @file Our own operators (kernel/runtime/native/ops) that stand for composites: one table, from the composite's name to the operator.
 *
 * They are used where the library is loaded; elsewhere the composites are expanded. Costs are those of the decomposition either way:
 * what a kernel skips because its result is known (tiles that a mask hides) is counted, what it computes again is counted again.
 */
import type { CompositeBody } from "../graph/composite";
import type { Dtype } from "../graph/dtype";
import type { Tensor } from "../graph/tensor";
import type { AttributeValue, EmitContext } from "./emitContext";
import { ISOFLOP_DOMAIN } from "./model";

interface OwnOperator {
  /** Name in the library. Several composites may share one where their operands and options are the same. */
  readonly operator: string;
  /** Whether the operator takes these operands: it knows fewer dtypes than the decomposition, perhaps fewer shapes. */
  readonly takes: (call: Tensor<"Composite">) => boolean;
  /** What the operator reads besides its operands. Default nothing. */
  readonly attributes?: (body: CompositeBody) => Readonly<Record<string, AttributeValue>>;
}

/** Operands of these dtypes, in order. */
const operandsAre =
  (...dtypes: readonly (readonly Dtype[])[]): OwnOperator["takes"] =>
  ({ inputs }) =>
    inputs.length === dtypes.length && inputs.every(({ dtype }, i) => dtypes[i].includes(dtype));

const FLOAT: readonly Dtype[] = ["float32"];
const INDEX: readonly Dtype[] = ["int32", "int64"];

/** The composite's options of these names, flags as 0 or 1. */
const options =
  (...names: readonly string[]): NonNullable<OwnOperator["attributes"]> =>
  (body) =>
    Object.fromEntries(
      names.map((name) => {
        const value = body.options[name];
        return [name, typeof value === "boolean" ? Number(value) : value];
      }),
    );

const INT64: readonly Dtype[] = ["int64"];
/** A key as the last operand is there for stochastic rounding only. */
const rounded =
  (...dtypes: readonly (readonly Dtype[])[]): OwnOperator["takes"] =>
  (call) =>
    operandsAre(...dtypes)(call) || operandsAre(...dtypes, INT64)(call);

/** Attention over three axes; a query that is to see no key at all is left to the decomposition. */
const attends: OwnOperator["takes"] = ({ inputs, attrs: { options } }) => {
  const [t, s] = inputs.map(({ shape }) => shape[options["timeFirst"] === true ? 0 : 1]);
  return inputs.every(({ dtype, size }) => dtype === "float32" && size > 0) && (options["causal"] !== true || s >= t);
};
const attention = ({ options: { causal, timeFirst, scale } }: CompositeBody): Readonly<Record<string, AttributeValue>> => ({ causal: causal === true ? 1 : 0, timeFirst: timeFirst === true ? 1 : 0, scale: { float: Number(scale) } });

/** Images of one or two axes. */
const convolves = ({ inputs }: Pick<Tensor, "inputs">): boolean => inputs.every(({ dtype, size, rank }) => dtype === "float32" && size > 0 && rank <= 4);

const areFloat32 = ({ inputs }: Pick<Tensor, "inputs">): boolean => inputs.every(({ dtype }) => dtype === "float32");

/** Windows up to the operator's limit. */
const pools: OwnOperator["takes"] = ({ inputs, attrs: { options: { size } } }) => areFloat32({ inputs }) && Number(size) <= 512;

const convolution = options("kernel", "strides", "dilations", "pads", "groups");

/** Whether our convolution takes these operands: in one group, with more than one tap. Kernels of many groups have too few channels for a product, and those of one tap need no windows. */
export const convolvesWhole = (call: Pick<Tensor, "inputs">, { groups, kernel }: { readonly groups: number; readonly kernel: readonly number[] }): boolean => convolves(call) && groups === 1 && kernel.some((size) => size > 1);

const OWN = {
  Attention: { operator: "Attention", takes: attends, attributes: attention },
  AttentionGradient: { operator: "AttentionGradient", takes: attends, attributes: attention },
  ConvKernelGradient: { operator: "ConvKernelGradient", takes: convolves, attributes: convolution },
  ConvImageGradient: { operator: "Convolution", takes: (call) => convolvesWhole(call, { groups: Number(call.attrs.options["groups"]), kernel: call.inputs[1].shape.slice(2) }), attributes: (body) => ({ ...convolution(body), reversed: 1 }) },
  MaxPool: { operator: "MaxPool", takes: pools, attributes: options("size") },
  MaxPoolGradient: { operator: "MaxPoolGradient", takes: pools, attributes: options("size") },
  SumOfSquares: { operator: "SumOfSquares", takes: areFloat32 },
  GatherGradient: { operator: "GatherGradient", takes: operandsAre(FLOAT, INDEX), attributes: options("count") },
  SoftmaxCrossEntropy: { operator: "SoftmaxCrossEntropy", takes: operandsAre(FLOAT, INDEX) },
  SoftmaxCrossEntropyGradient: { operator: "SoftmaxCrossEntropyGradient", takes: operandsAre(FLOAT, INDEX, FLOAT) },
  PhiloxBits: { operator: "PhiloxBits", takes: operandsAre(INT64), attributes: options("count") },
  PhiloxUniform: { operator: "PhiloxUniform", takes: (call) => call.dtype === "float32" && operandsAre(INT64)(call), attributes: options("count", "bits", "half") },
  PhiloxNormal: { operator: "PhiloxNormal", takes: (call) => call.dtype === "float32" && operandsAre(INT64)(call), attributes: options("count") },
  BoxMuller: { operator: "BoxMuller", takes: (call) => call.dtype === "float32" && operandsAre(INT64)(call) },
  NearestNormal: { operator: "NearestNormal", takes: operandsAre(FLOAT, INT64), attributes: options("candidates") },
  BlockScales: { operator: "BlockScales", takes: operandsAre(FLOAT), attributes: options("format", "block") },
  RoundScaled: { operator: "RoundScaled", takes: rounded(FLOAT, FLOAT), attributes: options("format", "block") },
  QuantizeBlocks: { operator: "QuantizeBlocks", takes: rounded(FLOAT), attributes: options("format", "block") },
  Hadamard: { operator: "Hadamard", takes: operandsAre(FLOAT), attributes: options("block") },
  ExpertSlots: { operator: "ExpertSlots", takes: operandsAre(INT64), attributes: options("experts") },
  MoeDispatch: { operator: "MoeDispatch", takes: operandsAre(FLOAT, FLOAT, INT64, INT64), attributes: options("experts", "capacity") },
  MoeCombine: { operator: "MoeCombine", takes: operandsAre(FLOAT, FLOAT, INT64, INT64), attributes: options("experts", "capacity") },
  MoeProducts: { operator: "MoeProducts", takes: operandsAre(FLOAT, FLOAT, INT64, INT64), attributes: options("experts", "capacity") },
  CrossPolytopeCode: { operator: "CrossPolytopeCode", takes: operandsAre(FLOAT) },
  BucketIds: { operator: "BucketIds", takes: operandsAre(INT64) },
  OptimalAssignment: { operator: "OptimalAssignment", takes: operandsAre(FLOAT) },
  LinearAttention: { operator: "LinearAttention", takes: operandsAre(FLOAT, FLOAT, FLOAT), attributes: options("reverse") },
} satisfies Readonly<Record<string, OwnOperator>>;

const TABLE: ReadonlyMap<string, OwnOperator> = new Map(Object.entries(OWN));

/** Operators that the library must have. */
export const OWN_OPERATORS: readonly string[] = ["Fused", "TransposedProduct", ...new Set([...TABLE.values()].map(({ operator }) => operator))];

/** Whether one of our operators stands for a composite. */
export const fusedByOwn = (call: Tensor<"Composite">): boolean => TABLE.get(call.attrs.definition.name)?.takes(call) ?? false;

/** Writes the operator for one result of a composite; undefined where there is none. */
export function emitOwn({ context, body, inputs }: { readonly context: EmitContext; readonly body: CompositeBody; readonly inputs: readonly string[] }): string | undefined {
  const own = TABLE.get(body.definition.name);
  if (own === undefined) return undefined;
  return context.own(own.operator, inputs, { domain: ISOFLOP_DOMAIN, attributes: own.attributes?.(body), results: body.bodies })[body.output];
}
