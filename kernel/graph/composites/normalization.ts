/** @file Layer and RMS normalization over the last axis. */
import { composite } from "../composite";
import { add, mul, reciprocal, sqrt, square, sub } from "../ops/elementwise";
import { mean, sum } from "../ops/reduction";
import type { Tensor } from "../tensor";

interface Epsilon extends Record<string, number> {
  readonly epsilon: number;
}

const centre = (x: Tensor): Tensor => sub(x, mean(x, -1, { keep: true }));
const inverseDeviation = (x: Tensor, epsilon: number): Tensor => reciprocal(sqrt(add(mean(square(x), -1, { keep: true }), epsilon)));

/** Statistics take the operands of the normalization itself, so that one kernel gives all three. */
const layerNormMean = composite<Epsilon>({ name: "LayerNormMean", decompose: ([x]) => mean(x, -1, { keep: true }) });
const layerNormScale = composite<Epsilon>({ name: "LayerNormScale", decompose: ([x], { epsilon }) => inverseDeviation(centre(x), epsilon) });

const rowSums = (x: Tensor): Tensor => sum(x, -1, { keep: true });

const leading = (x: Tensor): number[] => x.shape.slice(0, -1).map((_, axis) => axis);

const layerNormOf = composite<Epsilon>({
  name: "LayerNorm",
  decompose([x, w, b], { epsilon }) {
    const centred = centre(x);
    return add(mul(mul(centred, inverseDeviation(centred, epsilon)), w), b);
  },
  // With x̂ = (x − μ) ρ and u = g w: dx = ρ (u − mean(u) − x̂ mean(u x̂)).
  vjp({ inputs: [x, w, b], g, options }) {
    const rho = layerNormScale([x, w, b], options);
    const normal = mul(sub(x, layerNormMean([x, w, b], options)), rho);
    const gNormal = mul(g, normal);
    const d = w.size;
    const meanU = mul(rowSums(mul(g, w)), 1 / d);
    const meanUX = mul(rowSums(mul(gNormal, w)), 1 / d);
    const dx = mul(sub(sub(mul(g, w), meanU), mul(normal, meanUX)), rho);
    return [dx, sum(gNormal, leading(x)), sum(g, leading(x))];
  },
});

/** (x − mean) / √(variance + ε) · w + b over the last axis; w and b are [D]. */
export const layerNorm = (x: Tensor, { weight, bias, epsilon = 1e-5 }: { readonly weight: Tensor; readonly bias: Tensor; readonly epsilon?: number }): Tensor => layerNormOf([x, weight, bias], { epsilon });

const rmsNormScale = composite<Epsilon>({ name: "RmsNormScale", decompose: ([x], { epsilon }) => inverseDeviation(x, epsilon) });

const rmsNormOf = composite<Epsilon>({
  name: "RmsNorm",
  decompose: ([x, w], { epsilon }) => mul(mul(x, inverseDeviation(x, epsilon)), w),
  // With x̂ = x ρ and u = g w: dx = ρ (u − x̂ mean(u x̂)).
  vjp({ inputs: [x, w], g, options }) {
    const rho = rmsNormScale([x, w], options);
    const normal = mul(x, rho);
    const gNormal = mul(g, normal);
    const meanUX = mul(rowSums(mul(gNormal, w)), 1 / w.size);
    return [mul(sub(mul(g, w), mul(normal, meanUX)), rho), sum(gNormal, leading(x))];
  },
});

/** x / √(mean(x²) + ε) · w over the last axis (Zhang & Sennrich 2019); w is [D]. */
export const rmsNorm = (x: Tensor, { weight, epsilon = 1e-6 }: { readonly weight: Tensor; readonly epsilon?: number }): Tensor => rmsNormOf([x, weight], { epsilon });
