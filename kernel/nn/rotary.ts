/** @file Rotary position embedding: pairs of channels turned by angles that grow with the position (Su et al. 2021). */
import { composite } from "../graph/composite";
import { add, cast, cos, exp, mul, neg, sin, sub } from "../graph/ops/elementwise";
import { concat, iota, reshape, slice } from "../graph/ops/movement";
import type { Dtype } from "../graph/dtype";
import type { Tensor } from "../graph/tensor";

/** Cosines and sines of the angles: [T, 1, headWidth / 2]. */
export interface RotaryTable {
  readonly cos: Tensor;
  readonly sin: Tensor;
}

export interface RotaryOptions {
  /** Even. */
  readonly headWidth: number;
  /** Wavelengths grow geometrically from 2π to 2π · base. Default 10 000. */
  readonly base?: number;
  readonly dtype?: Dtype;
}

/** The table of `positions` [T] (integers). The i-th pair of channels turns by position · base^(−2i / headWidth). */
export function rotaryTable(positions: Tensor, { headWidth, base = 10_000, dtype = "float32" }: RotaryOptions): RotaryTable {
  const half = headWidth / 2;
  const frequencies = exp(mul(iota(half, "float32"), (-2 * Math.log(base)) / headWidth));
  const angles = mul(reshape(cast(positions, "float32"), [positions.size, 1, 1]), frequencies);
  return { cos: cast(cos(angles), dtype), sin: cast(sin(angles), dtype) };
}

const rotaryOf: (inputs: readonly Tensor[], options: Record<never, never>) => Tensor = composite<Record<never, never>>({
  name: "Rotary",
  decompose([x, c, s]) {
    const half = x.shape[2] / 2;
    const a = slice(x, { axis: 2, end: half });
    const b = slice(x, { axis: 2, start: half });
    return concat([sub(mul(a, c), mul(b, s)), add(mul(b, c), mul(a, s))], 2);
  },
  // A rotation's transpose is the rotation back. Positions are given, so the table has no gradient.
  vjp: ({ inputs: [, c, s], g }) => [rotaryOf([g, c, neg(s)], {}), null, null],
});

/** x [T, heads, headWidth] with channel i and channel i + headWidth/2 turned together. */
export const rotate = (x: Tensor, table: RotaryTable): Tensor => rotaryOf([x, table.cos, table.sin], {});
