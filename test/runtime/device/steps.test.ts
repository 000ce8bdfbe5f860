/** @file Training steps of every kind of model stay on a device, and compute there what they compute on the CPU. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hostArray } from "../../../kernel/graph/dtype";
import { sizeOf } from "../../../kernel/graph/shape";
import type { Storage, Tensor } from "../../../kernel/graph/tensor";
import { deviceExecutor } from "../../../kernel/runtime/native/device/deviceExecutor";
import { nativeExecutor } from "../../../kernel/runtime/native/native";
import { executor, setExecutor, type Lowered } from "../../../kernel/runtime/session";
import { STEPS } from "../../cost/steps";
import { runGraph } from "./runGraph";

const before = await executor();
const [cpu, device] = [nativeExecutor(), deviceExecutor("simulated")];
const fallbacks: string[] = [];
const listen = ({ message }: Error): void => void fallbacks.push(message);
beforeAll(() => void process.on("warning", listen));
afterAll(() => {
  process.off("warning", listen);
  setExecutor(before);
});

/** As large as trained weights; second moments are above 0. */
const operandsOf = ({ inputs }: Lowered): Storage[] =>
  inputs.map((input, k) => {
    const data = hostArray(input.dtype, sizeOf(input.shape));
    const positive = input.op === "Input" && (input as Tensor<"Input">).attrs.name.includes("moment2");
    if (input.dtype === "float32") for (let i = 0; i < data.length; i++) data[i] = (positive ? 0.011 : 0) + (positive ? 0.01 : 0.15) * Math.sin(i * 12.9898 + k * 78.233);
    return { data };
  });

describe.each(Object.keys(STEPS))("a training step of %s", (name) => {
  test("is the CPU's, with no operation and no copy outside of the device", async () => {
    setExecutor(cpu);
    const graph = STEPS[name]();
    const want = await runGraph(cpu, graph, operandsOf(graph));
    setExecutor(device);
    const onDevice = STEPS[name]();
    const got = await runGraph(device, onDevice, operandsOf(onDevice));
    await new Promise(setImmediate); // warnings come behind
    expect(fallbacks).toEqual([]);
    want.forEach((values, k) => {
      const size = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const wrong = values.findIndex((value, i) => !(Object.is(got[k][i], value) || Math.abs(got[k][i] - value) <= 1e-5 * size));
      expect(wrong, wrong < 0 ? "" : `element ${wrong} of result ${k} is ${got[k][wrong]} instead of ${values[wrong]}`).toBe(-1);
    });
  }, 300_000);
});
