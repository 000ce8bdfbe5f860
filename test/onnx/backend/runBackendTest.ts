/** @file Runs one ONNX backend test through import, our graph and the executor, and judges the result. */
import { UnsupportedOpError } from "../../../kernel/errors";
import { isFloat, toNumbers, type HostTensor } from "../../../kernel/graph/dtype";
import { sameShape, showShape } from "../../../kernel/graph/shape";
import { fromHost, realize, storedData } from "../../../kernel/graph/tensor";
import { importOnnx } from "../../../kernel/onnx/import/importOnnx";
import { decodeTensor } from "../../../kernel/onnx/protobuf";
import { type BackendTest } from "./backendTests";

/** "passed", or why not. What import refuses by name is not claimed; all else that differs has failed. */
export type Verdict = { readonly kind: "passed" } | { readonly kind: "failed" | "not claimed"; readonly reason: string };

/** Tolerances of ONNX's own runner (onnx/backend/test/case/test_case.py). */
const RELATIVE = 1e-3;
const ABSOLUTE = 1e-7;
/** float16 and bfloat16 results may differ by one step of their grid. */
const RELATIVE_HALF = 1e-2;

export async function runBackendTest({ model, sets }: BackendTest): Promise<Verdict> {
  try {
    const imported = importOnnx(model);
    for (const { inputs, outputs } of sets) {
      const given = inputs.map((file) => fromHost(decodeTensor(file)));
      const results = Object.values(imported.call(Object.fromEntries(imported.inputs.map(({ name }, i) => [name, given[i]]))));
      await realize(results);
      const difference = outputs.map((file, i) => differenceOf(decodeTensor(file), { dtype: results[i].dtype, shape: results[i].shape, data: storedData(results[i]) })).find((text) => text !== undefined);
      if (difference !== undefined) return { kind: "failed", reason: difference };
    }
    return { kind: "passed" };
  } catch (error) {
    if (error instanceof UnsupportedOpError) return { kind: "not claimed", reason: error.message };
    return { kind: "failed", reason: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function differenceOf(expected: HostTensor, actual: HostTensor): string | undefined {
  if (expected.dtype !== actual.dtype) return `dtype ${actual.dtype}, expected ${expected.dtype}`;
  if (!sameShape(expected.shape, actual.shape)) return `shape ${showShape(actual.shape)}, expected ${showShape(expected.shape)}`;
  const [want, got] = [toNumbers(expected), toNumbers(actual)];
  const relative = expected.dtype === "float16" || expected.dtype === "bfloat16" ? RELATIVE_HALF : isFloat(expected.dtype) ? RELATIVE : 0;
  const close = (a: number, b: number): boolean => Object.is(a, b) || a === b || Math.abs(a - b) <= (relative === 0 ? 0 : ABSOLUTE + relative * Math.abs(a));
  const wrong = want.findIndex((value, i) => !close(value, got[i]));
  return wrong < 0 ? undefined : `element ${wrong}: ${got[wrong]}, expected ${want[wrong]}`;
}
