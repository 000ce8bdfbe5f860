/** @file Every operation on the simulated device, where the provider runs as on a GPU: equal to the CPU executor, case by case. */
import { afterAll, describe, expect, test } from "vitest";
import type { Op } from "../../../kernel/graph/op";
import { node, type Storage } from "../../../kernel/graph/tensor";
import type { Executor } from "../../../kernel/runtime/executor";
import { deviceExecutor } from "../../../kernel/runtime/native/device/deviceExecutor";
import { nativeExecutor } from "../../../kernel/runtime/native/native";
import { lowered } from "../../../kernel/runtime/session";
import { hostOf } from "../../contract/arrays";
import { cases, type Case } from "../../contract/cases";
import { parametersFor } from "../../contract/run";
import { runGraph } from "./runGraph";

const fallbacks = new Set<string>();
const listen = ({ message }: Error): void => /has no kernel for (.*?):/.exec(message)?.[1].split(", ").forEach((name) => fallbacks.add(name));
process.on("warning", listen);
afterAll(() => void process.off("warning", listen));

const cpu = nativeExecutor();
const device = deviceExecutor("simulated");

/** Elements that `engine` computes for a case. */
async function runOn(engine: Executor, op: Op, { inputs, attrs }: Case<Op>): Promise<Float64Array> {
  const parameters = parametersFor(inputs);
  const graph = lowered([node<Op>(op, parameters, attrs)], { inputs: parameters, kernels: engine });
  const [result] = await runGraph(engine, graph, graph.inputs.map((input, i): Storage => input.storage ?? { data: hostOf(inputs[i]).data }));
  return result;
}

/** What has no kernel of its own, and loops, whose bodies have fixed dtypes (device.test.ts). */
const APART: readonly Op[] = ["Input", "Data", "Fused", "Composite", "Loop"];
// SAFETY: the keys of the table are the operations.
const OPS = (Object.keys(cases) as Op[]).filter((op) => !APART.includes(op));
/** Training runs in float32 and below; the CPU's kernels for these operations are the reference. */
const inFloat32 = ({ inputs, attrs }: Case<Op>): Case<Op> => ({ inputs: inputs.map((input) => (input.dtype === "float64" ? { ...input, dtype: "float32" } : input)), attrs });

describe.each(OPS)("%s", (op) => {
  test("gives the CPU executor's numbers in every case of its contract", async () => {
    for (const one of cases[op].map(inFloat32)) {
      const [want, got] = [await runOn(cpu, op, one), await runOn(device, op, one)];
      expect(got.length).toBe(want.length);
      got.forEach((value, i) => {
        if (Number.isFinite(want[i])) expect(Math.abs(value - want[i]), JSON.stringify(one)).toBeLessThanOrEqual(1e-5 * (1 + Math.abs(want[i])));
        else expect(value).toEqual(want[i]);
      });
    }
  });
});

test("operations without a kernel on the device ran on the CPU, and no others", () => {
  // Pow and MatMul only in whole numbers; Range only where a list is too long to be written out.
  expect([...fallbacks].sort()).toEqual(["MatMul", "MatMulInteger", "Pow", "Range"]);
});
