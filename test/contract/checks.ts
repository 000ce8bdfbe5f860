/** @file Comparisons that tests of values and gradients share. */
import { expect } from "vitest";
import { grad } from "../../kernel/autodiff/grad";
import { isFloat } from "../../kernel/graph/dtype";
import { cast, mul } from "../../kernel/graph/ops/elementwise";
import { sum } from "../../kernel/graph/ops/reduction";
import { concat, reshape } from "../../kernel/graph/ops/movement";
import { fromHost, type Tensor } from "../../kernel/graph/tensor";
import { hostOf, sample, type Nd } from "./arrays";
import { load, parametersFor, type Path } from "./run";

/** Fails at the first element that is off by more than `tolerance` · (1 + |wanted|). */
export function expectClose(got: Nd, want: Nd, tolerance: number): void {
  expect(got.shape).toEqual(want.shape);
  expect(got.data.length).toBe(want.data.length);
  got.data.forEach((value, i) => {
    if (Number.isNaN(want.data[i])) expect(value).toBeNaN();
    else if (value !== want.data[i] && !(Math.abs(value - want.data[i]) <= tolerance * (1 + Math.abs(want.data[i])))) expect.fail(`element ${i} is ${value}, not ${want.data[i]}`);
  });
}

export type Fn = (...xs: Tensor[]) => Tensor;

/** Σ w ⊙ fn(x): one number in which every element of the result has a part of its own. */
export const weighed =
  (fn: Fn): Fn =>
  (...xs) => {
    const out = fn(...xs);
    return sum(mul(out, fromHost(hostOf(sample(out.shape, { seed: 31, low: -1, high: 1, dtype: out.dtype })))));
  };

export interface GradientCheck {
  readonly inputs: readonly Nd[];
  readonly step?: number;
  readonly tolerance?: number;
  readonly path?: Path;
}

/** The gradients of Σ w ⊙ fn(x) are those of central differences over the same graph. */
export async function expectGradients(fn: Fn, { inputs, step = 1e-5, tolerance = 1e-6, path = "lowered" }: GradientCheck): Promise<void> {
  const loss = weighed(fn);
  const parameters = parametersFor(inputs);
  const value = await load([cast(loss(...parameters), "float64")], { parameters, path });
  const gradients = await load(grad((xs: Tensor[]) => loss(...xs))(parameters), { parameters, path });
  const got = await gradients.run(inputs);
  for (let k = 0; k < inputs.length; k++) {
    if (!isFloat(inputs[k].dtype)) continue;
    const want: number[] = [];
    for (let i = 0; i < inputs[k].data.length; i++) {
      const at = async (by: number): Promise<number> => (await value.run(inputs.with(k, { ...inputs[k], data: inputs[k].data.with(i, inputs[k].data[i] + by) })))[0].data[0];
      want.push(((await at(step)) - (await at(-step))) / (2 * step));
    }
    expectClose(got[k], { ...inputs[k], data: want }, tolerance);
  }
  await value.release();
  await gradients.release();
}

/** The gradients of the gradient: grad of Σ w ⊙ grad(fn), against central differences of grad(fn). */
export const expectSecondGradients = (fn: Fn, { inputs, ...check }: GradientCheck): Promise<void> => expectGradients(gradientOf(fn), { inputs, ...check });

const gradientOf =
  (fn: Fn): Fn =>
  (...xs) => {
    const parts = grad((all: Tensor[]) => weighed(fn)(...all))(xs).filter(({ dtype }) => isFloat(dtype)).map((g) => reshape(g, [g.size]));
    return concat(parts, 0);
  };
