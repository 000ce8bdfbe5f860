/** @file Cases of attention, for tests of its operators on every executor: how operands and biases of any kind are shaped. */

/** A bias is added to scores [batch, heads, queries, keys]; its axes of size 1 are shared. */
const BIASES = {
  all: (b: number, h: number, t: number, s: number) => [b, h, t, s],
  keys: (b: number, _: number, __: number, s: number) => [b, 1, 1, s],
  heads: (_: number, h: number, t: number, s: number) => [1, h, t, s],
  batch: (b: number, _: number, t: number, s: number) => [b, 1, t, s],
  one: () => [1, 1, 1, 1],
} as const;
export type BiasKind = keyof typeof BIASES | "none";

export interface AttentionCase {
  /** Of keys and values; queries have `group` times as many. */
  readonly heads: number;
  readonly group: number;
  readonly batch: number;
  readonly queries: number;
  /** Keys beyond the queries. */
  readonly more: number;
  readonly width: number;
  readonly valueWidth: number;
  readonly timeFirst: boolean;
  readonly bias: BiasKind;
}

interface OperandShapes {
  readonly q: readonly number[];
  readonly k: readonly number[];
  readonly v: readonly number[];
  readonly bias: readonly number[] | undefined;
}

export function operandShapes({ heads, group, batch, queries, more, width, valueWidth, timeFirst, bias }: AttentionCase): OperandShapes {
  const shape = (n: number, t: number, d: number): number[] => (timeFirst ? [t, n, d] : [n, t, d]);
  const keys = queries + more;
  return {
    q: shape(batch * heads * group, queries, width),
    k: shape(batch * heads, keys, width),
    v: shape(batch * heads, keys, valueWidth),
    bias: bias === "none" ? undefined : BIASES[bias](batch, heads * group, queries, keys),
  };
}
