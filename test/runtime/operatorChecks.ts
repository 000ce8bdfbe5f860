/** @file What tests of our operators share: numbers, and comparison with decompositions and with onnxruntime's own kernels. */
import { expect } from "vitest";
import { isComposite } from "../../kernel/graph/composite";
import { lower } from "../../kernel/graph/passes/lower";
import { topological } from "../../kernel/graph/rewrite";
import { fromHost, realize, type Tensor } from "../../kernel/graph/tensor";
import { fusedByLibrary } from "../../kernel/onnx/fused";
import { compile } from "../../kernel/runtime/compile";
import type { Executor } from "../../kernel/runtime/executor";
import { nativeExecutor } from "../../kernel/runtime/native/native";
import { setExecutor } from "../../kernel/runtime/session";
import { expandAll } from "../contract/run";

/** Numbers that look random, most of them within ±scale. */
export function floats(shape: readonly number[], seed: number, scale = 1): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return fromHost({ dtype: "float32", shape, data: Float32Array.from({ length: size }, (_, i) => scale * Math.sin(seed * 12.9898 + i * 78.233) * (1 + Math.cos(i * seed))) });
}

/** The largest number, at least 1, so that sums that cancel are not compared digit by digit. */
export const largest = (values: Float64Array): number => values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 1);

/** Largest difference, as a part of `size`; NaN and infinities must stand at equal places. */
export function difference(got: Float64Array, want: Float64Array, size = largest(want)): number {
  return got.reduce((most, value, i) => {
    if (Number.isFinite(want[i])) return Math.max(most, Number.isFinite(value) ? Math.abs(value - want[i]) / size : Infinity);
    return Object.is(value, want[i]) ? most : Infinity;
  }, 0);
}

interface Agreement {
  /** The operator that `outputs` use. */
  readonly name?: string;
  readonly tolerance?: number;
  /** The outputs for the magnitudes of all operands. Then differences are parts of the largest of these: two orders of a long sum differ by what its terms lose, however much of them cancels. */
  readonly ofMagnitudes?: readonly Tensor[];
}

/** `outputs` and their decompositions agree. */
export async function expectEqual(outputs: readonly Tensor[], { name, tolerance = 2e-6, ofMagnitudes }: Agreement): Promise<void> {
  const used = topological(lower(outputs, { fused: fusedByLibrary, fuse: true })).some((node) => node.storage === undefined && isComposite(node, name));
  if (name !== undefined) expect(used).toBe(true);
  const expanded = expandAll(outputs);
  await realize([...outputs, ...expanded, ...(ofMagnitudes ?? [])]);
  for (const [i, output] of outputs.entries()) {
    const want = await expanded[i].numbers();
    expect(difference(await output.numbers(), want, largest((await ofMagnitudes?.[i].numbers()) ?? want))).toBeLessThan(tolerance);
  }
}

/** Results with products of our own, and with onnxruntime's. */
export async function withAndWithout(results: (...xs: readonly Tensor[]) => Tensor, ...xs: readonly Tensor[]): Promise<readonly Float64Array[]> {
  const run = (native: Executor) => {
    setExecutor(native);
    return compile((...args: readonly Tensor[]) => results(...args))(...xs).then((result) => result.numbers());
  };
  try {
    return [await run(nativeExecutor()), await run({ ...nativeExecutor(), ownProducts: false })];
  } finally {
    setExecutor(nativeExecutor());
  }
}
