/** @file One operator, computed by import and our graph and by onnxruntime from the same file. */
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { expect } from "vitest";
import { hostArrayFrom, isFloat, toNumbers, type Dtype, type HostTensor } from "../../../kernel/graph/dtype";
import { sizeOf } from "../../../kernel/graph/shape";
import { fromHost, realize, storedData } from "../../../kernel/graph/tensor";
import { importOnnx } from "../../../kernel/onnx/import/importOnnx";
import type { OnnxAttribute, OnnxDeclaration, OnnxModel } from "../../../kernel/onnx/model";
import { encodeModel } from "../../../kernel/onnx/protobuf";
import "../../../kernel/runtime/realize";

export interface Case {
  readonly opType: string;
  /** Operands; undefined where one is left out. Those in `constants` are part of the model. */
  readonly inputs: readonly (HostTensor | undefined)[];
  /** Positions of operands that are constants of the model. Default none. */
  readonly constants?: readonly number[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
  readonly opset?: number;
  readonly domain?: string;
  /** Number of outputs. Default 1. */
  readonly outputs?: number;
  /** Relative to the largest element. Default 2e-5. */
  readonly tolerance?: number;
}

/** Reproducible numbers: of a grid of eighths in [-4, 4] for floats, small whole ones for integers. */
export function numbers(
  dtype: Dtype,
  shape: readonly number[],
  { seed = 1, low = -4, high = 4 }: { readonly seed?: number; readonly low?: number; readonly high?: number } = {},
): HostTensor {
  let state = seed * 2654435761;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + (high - low) * (state / 2 ** 32);
  };
  const values = Array.from({ length: sizeOf(shape) }, () => (isFloat(dtype) ? Math.round(next() * 8) / 8 : Math.floor(next())));
  return { dtype, shape, data: hostArrayFrom(dtype, values) };
}
export const list = (dtype: Dtype, values: readonly number[]): HostTensor => ({ dtype, shape: [values.length], data: hostArrayFrom(dtype, values) });
export const scalarOf = (dtype: Dtype, value: number): HostTensor => ({ dtype, shape: [], data: hostArrayFrom(dtype, [value]) });
export const int = (value: number): OnnxAttribute => ({ type: "int", value });
export const ints = (...value: number[]): OnnxAttribute => ({ type: "ints", value });
export const float = (value: number): OnnxAttribute => ({ type: "float", value });
export const string = (value: string): OnnxAttribute => ({ type: "string", value });
export const strings = (...value: string[]): OnnxAttribute => ({ type: "strings", value });

/** The model of one node. */
export function modelOf({ opType, inputs, constants = [], attributes = {}, opset = 21, domain = "", outputs = 1 }: Case): OnnxModel<OnnxDeclaration> {
  const declared = inputs.flatMap((input, i): OnnxDeclaration[] =>
    input === undefined || constants.includes(i) ? [] : [{ name: `x${i}`, dtype: input.dtype, shape: input.shape }],
  );
  const names = Array.from({ length: outputs }, (_, i) => `y${i}`);
  return {
    irVersion: 10,
    opsets: { "": opset, "com.microsoft": 1 },
    metadata: {},
    graph: {
      name: "g",
      nodes: [
        { opType, domain, name: `${opType}_0`, inputs: inputs.map((input, i) => (input === undefined ? "" : `x${i}`)), outputs: names, attributes },
      ],
      inputs: declared,
      outputs: names.map((name) => ({ name })),
      initializers: new Map(constants.flatMap((i): [string, HostTensor][] => (inputs[i] === undefined ? [] : [[`x${i}`, inputs[i]]]))),
    },
  };
}

/** What onnxruntime computes from a model. */
export async function byOnnxruntime(model: OnnxModel<OnnxDeclaration>, given: Readonly<Record<string, HostTensor>>): Promise<readonly HostTensor[]> {
  const session = await InferenceSession.create(encodeModel(model), { logSeverityLevel: 4 });
  // SAFETY: host arrays are those that onnxruntime-node pairs with these dtypes.
  const feeds = Object.fromEntries(
    Object.entries(given).map(([name, { dtype, shape, data }]) => [name, new OrtTensor(dtype as "float32", data as Float32Array, shape)]),
  );
  const results = await session.run(feeds);
  await session.release();
  return model.graph.outputs.map(({ name }) => {
    const { type, dims, data } = results[name];
    // SAFETY: as above; results here are of our dtypes.
    return { dtype: type as Dtype, shape: dims, data: data as HostTensor["data"] };
  });
}

/** Asserts that import computes what onnxruntime does: shapes and dtypes exactly, elements to rounding. */
export async function agrees(test: Case): Promise<void> {
  const model = modelOf(test);
  const given = Object.fromEntries(
    model.graph.inputs
      .map(({ name }) => [name, test.inputs[Number(name.slice(1))]])
      .filter((entry): entry is [string, HostTensor] => entry[1] !== undefined),
  );
  const expected = await byOnnxruntime(model, given);
  const imported = importOnnx(encodeModel(model));
  const results = Object.values(imported.call(Object.fromEntries(Object.entries(given).map(([name, value]) => [name, fromHost(value)]))));
  await realize(results);
  expected.forEach((want, i) => {
    expect([results[i].dtype, results[i].shape]).toEqual([want.dtype, want.shape]);
    closeTo(toNumbers({ dtype: want.dtype, data: storedData(results[i]) }), toNumbers(want), isFloat(want.dtype) ? (test.tolerance ?? 2e-5) : 0);
  });
}

/** Asserts that numbers are equal to within `tolerance` of the largest. */
export function closeTo(actual: Float64Array, expected: Float64Array, tolerance: number): void {
  const largest = expected.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 1e-6);
  const wrong = expected.findIndex(
    (value, i) => !(Object.is(value, actual[i]) || value === actual[i] || Math.abs(value - actual[i]) <= tolerance * largest),
  );
  expect(wrong < 0 ? undefined : `element ${wrong}: ${actual[wrong]}, onnxruntime ${expected[wrong]}`).toBeUndefined();
}
