/** @file Runs ONNX backend tests through import, our graph and the executor, and judges the results. */
import { UnsupportedOpError } from "../../../kernel/errors";
import { isFloat, toNumbers, type HostTensor } from "../../../kernel/graph/dtype";
import { sameShape, showShape } from "../../../kernel/graph/shape";
import { fromHost, realize, storedData, type Tensor } from "../../../kernel/graph/tensor";
import { importOnnx } from "../../../kernel/onnx/import/importOnnx";
import { decodeTensor } from "../../../kernel/onnx/protobuf";
import type { BackendTest } from "./backendTests";

/** "passed", or why not. What import refuses by name is not claimed; all else that differs has failed. */
export type Verdict = { readonly kind: "passed" } | { readonly kind: "failed" | "not claimed"; readonly reason: string };

/** Tolerances of ONNX's own runner (onnx/backend/test/case/test_case.py). */
const RELATIVE = 1e-3;
const ABSOLUTE = 1e-7;
/** float16 and bfloat16 results may differ by one step of their grid. */
const RELATIVE_HALF = 1e-2;
/** Tests whose results are computed in one run. */
const BATCH = 32;

/** A test whose graph is made: results still to be computed, with what they should be. */
interface Prepared {
  readonly test: BackendTest;
  readonly results: readonly Tensor[];
  readonly expected: readonly HostTensor[];
}

function prepare(test: BackendTest): Prepared {
  const imported = importOnnx(test.model);
  const results: Tensor[] = [];
  const expected: HostTensor[] = [];
  for (const { inputs, outputs } of test.sets) {
    const given = inputs.map((file) => fromHost(decodeTensor(file)));
    const values = Object.values(imported.call(Object.fromEntries(imported.inputs.map(({ name }, i) => [name, given[i]]))));
    results.push(...values.slice(0, outputs.length));
    expected.push(...outputs.map(decodeTensor));
  }
  return { test, results, expected };
}

const verdictOf = (error: unknown): Verdict => {
  if (error instanceof UnsupportedOpError) return { kind: "not claimed", reason: error.message };
  return { kind: "failed", reason: error instanceof Error ? error.message : String(error) };
};

/** The verdict on each test, by name. Tests are computed many in one run; where that run fails, one by one. */
export async function runBackendTests(tests: readonly BackendTest[]): Promise<Map<string, Verdict>> {
  const verdicts = new Map<string, Verdict>();
  for (let i = 0; i < tests.length; i += BATCH) {
    const batch: Prepared[] = [];
    for (const test of tests.slice(i, i + BATCH)) {
      try {
        batch.push(prepare(test));
      } catch (error) {
        verdicts.set(test.name, verdictOf(error));
      }
    }
    await realize(batch.flatMap(({ results }) => results)).catch(() => undefined);
    for (const { test, results, expected } of batch) verdicts.set(test.name, await judge(results, expected));
  }
  return verdicts;
}

async function judge(results: readonly Tensor[], expected: readonly HostTensor[]): Promise<Verdict> {
  try {
    await realize(results);
    if (results.length < expected.length) return { kind: "failed", reason: `${results.length} outputs, expected ${expected.length}` };
    const difference = expected
      .map((want, i) => differenceOf(want, { dtype: results[i].dtype, shape: results[i].shape, data: storedData(results[i]) }))
      .find((text) => text !== undefined);
    return difference === undefined ? { kind: "passed" } : { kind: "failed", reason: difference };
  } catch (error) {
    return verdictOf(error);
  }
}

function differenceOf(expected: HostTensor, actual: HostTensor): string | undefined {
  if (expected.dtype !== actual.dtype) return `dtype ${actual.dtype}, expected ${expected.dtype}`;
  if (!sameShape(expected.shape, actual.shape)) return `shape ${showShape(actual.shape)}, expected ${showShape(expected.shape)}`;
  const [want, got] = [toNumbers(expected), toNumbers(actual)];
  const relative = expected.dtype === "float16" || expected.dtype === "bfloat16" ? RELATIVE_HALF : isFloat(expected.dtype) ? RELATIVE : 0;
  const close = (a: number, b: number): boolean =>
    Object.is(a, b) || a === b || Math.abs(a - b) <= (relative === 0 ? 0 : ABSOLUTE + relative * Math.abs(a));
  const wrong = want.findIndex((value, i) => !close(value, got[i]));
  return wrong < 0 ? undefined : `element ${wrong}: ${got[wrong]}, expected ${want[wrong]}`;
}
