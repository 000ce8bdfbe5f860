/** @file Random graphs of what can be fused, and of what cannot. */
import fc from "fast-check";
import { gelu, softmax } from "../../kernel/graph/composites/activations";
import { abs, add, cast, div, equal, erf, exp, less, log, maximum, minimum, mul, neg, sigmoid, sqrt, square, sub, tanh, where } from "../../kernel/graph/ops/elementwise";
import { broadcastTo, reshape, transpose } from "../../kernel/graph/ops/movement";
import { max, min, sum } from "../../kernel/graph/ops/reduction";
import { fromHost, type Tensor } from "../../kernel/graph/tensor";

/** Numbers within ±1.5. */
export const wave = (shape: readonly number[], seed: number): Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  return fromHost({ dtype: "float32", shape, data: Float32Array.from({ length: size }, (_, i) => Math.sin(i * 12.9898 + seed * 78.233) * 1.5) });
};

type Step = (x: Tensor, y: Tensor) => Tensor;
/** What a random graph is made of: pointwise, over rows, and what cannot be fused. */
const STEPS: readonly Step[] = [
  ...[add, sub, mul, maximum, minimum].map((op): Step => (x, y) => op(x, y)),
  ...[neg, abs, tanh, sigmoid, erf].map((op): Step => (x) => op(x)),
  (x) => exp(minimum(x, 2)),
  (x) => log(add(abs(x), 0.1)),
  (x) => sqrt(add(square(x), 0.5)),
  (x, y) => div(x, add(abs(y), 1)),
  (x, y) => where(less(x, y), mul(x, 0.5), y),
  (x, y) => add(cast(equal(x, y), "float32"), x),
  (x) => sub(x, max(x, -1, { keep: true })),
  (x) => sub(x, min(x, -1, { keep: true })),
  (x) => mul(x, add(mul(sum(x, -1, { keep: true }), 0.01), 1)),
  (x) => softmax(x),
  (x) => gelu(x),
  (x) => add(x, sum(x, 0, { keep: true }).mul(0.1)),
  (x) => transpose(transpose(x).mul(2)),
  (x) => reshape(reshape(x, [x.size]).add(1), x.shape),
];

interface RandomGraph {
  readonly shape: readonly number[];
  /** Of operands that are repeated: along which axes. */
  readonly narrow: readonly number[];
  readonly steps: readonly { readonly step: number; readonly x: number; readonly y: number }[];
  readonly outputs: readonly number[];
}

export const randomGraphs: fc.Arbitrary<RandomGraph> = fc.record({
  shape: fc.array(fc.constantFrom(1, 2, 3, 5, 17), { minLength: 1, maxLength: 4 }),
  narrow: fc.array(fc.nat(15), { minLength: 2, maxLength: 2 }),
  steps: fc.array(fc.record({ step: fc.nat(STEPS.length - 1), x: fc.nat(), y: fc.nat() }), { minLength: 2, maxLength: 14 }),
  outputs: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
});

/** The graph's results, within ±50. */
export function resultsOf({ shape, narrow, steps, outputs }: RandomGraph): Tensor[] {
  const values = [wave(shape, 1), ...narrow.map((mask, i) => wave(shape.map((n, axis) => ((mask >> axis) & 1 ? 1 : n)), i + 2))];
  const whole = (x: Tensor): Tensor => (x.rank === shape.length ? x : reshape(x, shape));
  for (const { step, x, y } of steps) {
    const next = STEPS[step](broadcastTo(whole(values[x % values.length]), shape), values[y % values.length]);
    values.push(maximum(minimum(next, 50), -50));
  }
  return outputs.map((at) => values[values.length - 1 - (at % (values.length - 1))]);
}
