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

const OWN = {
  SoftmaxCrossEntropy: { operator: "SoftmaxCrossEntropy", takes: operandsAre(FLOAT, INDEX) },
  SoftmaxCrossEntropyGradient: { operator: "SoftmaxCrossEntropyGradient", takes: operandsAre(FLOAT, INDEX, FLOAT) },
} satisfies Readonly<Record<string, OwnOperator>>;

const TABLE: ReadonlyMap<string, OwnOperator> = new Map(Object.entries(OWN));

/** Operators that the library must have. */
export const OWN_OPERATORS: readonly string[] = ["Fused", ...new Set([...TABLE.values()].map(({ operator }) => operator))];

/** Whether one of our operators stands for a composite. */
export const fusedByOwn = (call: Tensor<"Composite">): boolean => TABLE.get(call.attrs.definition.name)?.takes(call) ?? false;

/** Writes the operator for one result of a composite; undefined where there is none. */
export function emitOwn({ context, body, inputs }: { readonly context: EmitContext; readonly body: CompositeBody; readonly inputs: readonly string[] }): string | undefined {
  const own = TABLE.get(body.definition.name);
  if (own === undefined) return undefined;
  return context.own(own.operator, inputs, { domain: ISOFLOP_DOMAIN, attributes: own.attributes?.(body), results: body.bodies })[body.output];
}
