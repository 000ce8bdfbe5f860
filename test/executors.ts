/** @file Computing on every executor there is: operators of our own library on the native one, decompositions on onnxruntime-node's. */
import "../kernel/graph/methods";
import "../kernel/runtime/realize";
import { afterAll } from "vitest";
import { fromHost, realize, type Tensor } from "../kernel/graph/tensor";
import { nativeExecutor } from "../kernel/runtime/native/native";
import { compile } from "../kernel/runtime/compile";
import { executor, setExecutor } from "../kernel/runtime/session";
import { stockExecutor } from "../kernel/runtime/stock";

export const EXECUTORS = ["native", "stock"] as const;
export type ExecutorName = (typeof EXECUTORS)[number];
const make = { native: nativeExecutor, stock: stockExecutor };

/** Puts the executor in use back when the test file ends. */
export async function restoreExecutor(): Promise<void> {
  const before = await executor();
  afterAll(() => setExecutor(before));
}

let last: ExecutorName | undefined;

/** Elements of all that `build` returns, computed together on an executor. */
export async function valuesOn(name: ExecutorName, build: () => readonly Tensor[]): Promise<Float64Array[]> {
  if (last !== name) setExecutor(make[name]());
  last = name;
  const results = build();
  await realize(results);
  return Promise.all(results.map((result) => result.numbers()));
}

export const float32 = (values: ArrayLike<number>, shape: readonly number[] = [values.length]): Tensor => fromHost({ dtype: "float32", shape, data: Float32Array.from(values) });

/** `fn` compiled for an executor: its arguments may differ from call to call without loading a program again. */
export function compiledOn<Arguments extends readonly Tensor[]>(name: ExecutorName, fn: (...xs: Arguments) => readonly Tensor[]): (...xs: Arguments) => Promise<Float64Array[]> {
  if (last !== name) setExecutor(make[name]());
  last = name;
  const run = compile(fn);
  return async (...xs) => Promise.all((await run(...xs)).map((result) => result.numbers()));
}
