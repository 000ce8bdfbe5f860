/** @file Activation functions with gradients that reuse what the forward pass computed. */
import { composite } from "../composite";
import { abs, add, div, erf, exp, log, maximum, mul, neg, sigmoid, sub, square, tanh } from "../ops/elementwise";
import { max, sum } from "../ops/reduction";
import type { Tensor } from "../tensor";

/** e^x / Σ e^x along `axis`. */
const softmaxAt = composite<{ readonly axis: number }>({
  name: "Softmax",
  decompose([x], { axis }) {
    const e = exp(sub(x, max(x, axis, { keep: true })));
    return div(e, sum(e, axis, { keep: true }));
  },
  vjp: ({ output: y, g, options: { axis } }) => [mul(y, sub(g, sum(mul(g, y), axis, { keep: true })))],
});
export const softmax = (x: Tensor, axis = -1): Tensor => softmaxAt([x], { axis: axis < 0 ? axis + x.rank : axis });

/** x − log Σ e^x along `axis`. */
const logSoftmaxAt = composite<{ readonly axis: number }>({
  name: "LogSoftmax",
  decompose([x], { axis }) {
    const shifted = sub(x, max(x, axis, { keep: true }));
    return sub(shifted, log(sum(exp(shifted), axis, { keep: true })));
  },
  vjp: ({ output: y, g, options: { axis } }) => [sub(g, mul(exp(y), sum(g, axis, { keep: true })))],
});
export const logSoftmax = (x: Tensor, axis = -1): Tensor => logSoftmaxAt([x], { axis: axis < 0 ? axis + x.rank : axis });

const GELU_SCALE = Math.sqrt(2 / Math.PI);

/** x Φ(x), Φ the normal distribution function (Hendrycks & Gimpel 2016). */
const geluErf = composite<Record<never, never>>({
  name: "Gelu",
  decompose: ([x]) => mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1)),
  // d/dx x Φ(x) = Φ(x) + x φ(x) = (1 + erf t + x √(2/π) e^(−t²)) / 2 with t = x/√2; the factor goes into the exponent.
  vjp({ inputs: [x], g }) {
    const t = mul(x, Math.SQRT1_2);
    const density = exp(sub(Math.log(GELU_SCALE), square(t)));
    return [mul(g, mul(add(add(erf(t), mul(x, density)), 1), 0.5))];
  },
});
export const gelu = (x: Tensor): Tensor => geluErf([x], {});

const GELU_CUBIC = 0.044715;

/** The tanh approximation of GELU: x/2 (1 + tanh(√(2/π)(x + 0.044715 x³))). */
const geluTanhOf = composite<Record<never, never>>({
  name: "GeluTanh",
  decompose: ([x]) => mul(mul(x, 0.5), add(tanh(mul(x, add(mul(square(x), GELU_SCALE * GELU_CUBIC), GELU_SCALE))), 1)),
  // With s = σ(2u): y = x s, dy/dx = s + y (1 − s) 2u'.
  vjp({ inputs: [x], output: y, g }) {
    const x2 = square(x);
    const s = sigmoid(mul(x, add(mul(x2, 2 * GELU_SCALE * GELU_CUBIC), 2 * GELU_SCALE)));
    const slope = add(mul(x2, 6 * GELU_SCALE * GELU_CUBIC), 2 * GELU_SCALE);
    return [mul(g, add(s, mul(mul(y, sub(1, s)), slope)))];
  },
});
export const geluTanh = (x: Tensor): Tensor => geluTanhOf([x], {});

/** x σ(x), also called swish (Ramachandran et al. 2017). */
const siluOf = composite<Record<never, never>>({
  name: "Silu",
  decompose: ([x]) => mul(x, sigmoid(x)),
  vjp({ inputs: [x], output: y, g }) {
    const s = sigmoid(x);
    return [mul(g, add(s, mul(y, sub(1, s))))];
  },
});
export const silu = (x: Tensor): Tensor => siluOf([x], {});

const softplusOf = composite<Record<never, never>>({
  name: "Softplus",
  decompose: ([x]) => add(maximum(x, 0), log(add(exp(neg(abs(x))), 1))),
  // The slope is σ(x) everywhere, also at 0, where the parts above have none.
  vjp: ({ inputs: [x], g }) => [mul(g, sigmoid(x))],
});
/** log(1 + e^x), without overflow. */
export const softplus = (x: Tensor): Tensor => softplusOf([x], {});
