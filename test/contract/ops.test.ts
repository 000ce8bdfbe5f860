/** @file Every operation: its shape rule, its emission and its gradient, against plain loops and central differences. */
import { describe, expect, test } from "vitest";
import { vjp } from "../../kernel/autodiff/grad";
import { isFloat, type Dtype } from "../../kernel/graph/dtype";
import type { Op, OpAttrs } from "../../kernel/graph/op";
import { node, type Tensor } from "../../kernel/graph/tensor";
import { sample, type Nd } from "./arrays";
import { cases, type Case } from "./cases";
import { expectClose } from "./checks";
import { references, type Reference } from "./reference";
import { evaluate, parametersFor, PATHS } from "./run";

interface AnyCase {
  readonly op: Op;
  readonly inputs: readonly Nd[];
  readonly attrs: OpAttrs[Op];
  readonly gradient: Case<Op>["gradient"];
  readonly name: string;
}

// SAFETY: the keys of the table are the operations.
const OPS = Object.keys(cases) as Op[];
const all = (op: Op): AnyCase[] =>
  cases[op].map(({ inputs, attrs, gradient = "float64" }, i) => ({ op, inputs, attrs, gradient, name: `${op} ${i}: ${inputs.map((x) => `${x.dtype}[${x.shape.join()}]`).join(" ")} ${op === "Composite" || op === "Loop" ? "" : JSON.stringify(attrs)}` }));

/** The call of a case: leaves stand for themselves. */
function call({ op, attrs }: AnyCase, operands: readonly Tensor[]): Tensor {
  if (op === "Input" || op === "Data") return node("Neg", [node("Neg", operands, {})], {});
  return node<Op>(op, operands, attrs);
}
function reference({ op, attrs }: AnyCase, inputs: readonly Nd[]): Nd {
  // SAFETY: the attributes are those of a case of `op`.
  return (references[op] as Reference<Op>)(inputs, attrs);
}

const TOLERANCE: Partial<Record<Dtype, number>> = { float64: 1e-9, float32: 2e-5 };

describe.each(OPS)("%s", (op) => {
  const list = all(op);

  test.each(PATHS)("computes what the plain loops compute, with the shape and dtype of its rule (%s)", async (path) => {
    for (const one of list) {
      try {
        const parameters = parametersFor(one.inputs);
        const out = call(one, parameters);
        const [got] = await evaluate([out], { parameters, inputs: one.inputs, path });
        expect(got.shape).toEqual(out.shape);
        expect(got.dtype).toBe(out.dtype);
        expectClose(got, reference(one, one.inputs), Math.max(...[out, ...one.inputs].map(({ dtype }) => TOLERANCE[dtype] ?? 0)));
      } catch (error) {
        throw new Error(one.name, { cause: error });
      }
    }
  });

  const smooth = list.filter(({ gradient, inputs }) => gradient !== "none" && inputs.some((x) => isFloat(x.dtype)));
  test.runIf(smooth.length > 0)("has the gradient of central differences, for each subset of its operands", async () => {
    for (const one of smooth) {
      try {
        await checkGradient(one);
      } catch (error) {
        throw new Error(one.name, { cause: error });
      }
    }
  });
});

const STEP = 1e-5;

async function checkGradient(one: AnyCase): Promise<void> {
  const { inputs } = one;
  const parameters = parametersFor(inputs);
  const out = call(one, parameters);
  if (!isFloat(out.dtype)) return;
  const floats = inputs.flatMap((x, i) => (isFloat(x.dtype) ? [i] : []));
  const seed = sample(out.shape, { seed: 21, low: -1, high: 1, dtype: out.dtype });
  const [seedTensor] = parametersFor([seed]);
  const together = vjp([out], { seeds: [seedTensor], wrt: floats.map((i) => parameters[i]) });
  // Asked for alone, an operand's gradient is the same: rules skip only the work of the others.
  const alone = floats.length < 2 ? [] : floats.map((i) => vjp([out], { seeds: [seedTensor], wrt: [parameters[i]] })[0]);
  const got = await evaluate([...together, ...alone], { parameters: [...parameters, seedTensor], inputs: [...inputs, seed], path: "as written" });
  const loss = (at: readonly Nd[]): number => reference(one, at).data.reduce((sum, value, i) => sum + value * seed.data[i], 0);
  floats.forEach((operand, k) => {
    const x = inputs[operand];
    const moved = (flat: number, by: number): number => loss(inputs.with(operand, { ...x, data: x.data.with(flat, x.data[flat] + by) }));
    const want: Nd = { ...x, data: x.data.map((_, flat) => (moved(flat, STEP) - moved(flat, -STEP)) / (2 * STEP)) };
    const tolerance = one.gradient === "float32" ? 1e-4 : 1e-6;
    expectClose(got[k], want, tolerance);
    if (alone.length > 0) expectClose(got[floats.length + k], want, tolerance);
    expect(got[k].dtype).toBe(x.dtype);
  });
}
