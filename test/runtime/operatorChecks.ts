/** @file What tests of our operators share: numbers, and comparison with decompositions and with onnxruntime's own kernels. */
import { beforeAll, describe, expect } from "vitest";
import { isComposite } from "../../kernel/graph/composite";
import { lower } from "../../kernel/graph/passes/lower";
import { topological } from "../../kernel/graph/rewrite";
import { sizeOf } from "../../kernel/graph/shape";
import { fromHost, realize, type Tensor } from "../../kernel/graph/tensor";
import { compile } from "../../kernel/runtime/compile";
import type { Executor } from "../../kernel/runtime/executor";
import { nativeExecutor } from "../../kernel/runtime/native/native";
import { cudaDevice } from "../../kernel/runtime/native/device/cudaDevice";
import { deviceExecutor } from "../../kernel/runtime/native/device/deviceExecutor";
import { kernels, setExecutor } from "../../kernel/runtime/session";
import { expandAll } from "../contract/run";

const gpu = cudaDevice();
if (!gpu.available) console.info(`our operators are not run on a GPU (skipped: ${gpu.reason})`); // the summary of a run leaves out names of skipped tests

/** What has our operators: the processor, the provider for devices over host memory, and a GPU where there is one. */
const ENGINES = [
  { where: "on the CPU", make: () => nativeExecutor() },
  { where: "on the simulated device", make: () => deviceExecutor("simulated") },
  { where: `on the GPU${gpu.available ? "" : ` (skipped: ${gpu.reason})`}`, make: () => deviceExecutor("cuda"), missing: !gpu.available },
];

/** Declares the tests of `body` for each of them, which is then the executor in use. */
export function onEveryEngine(body: () => void): void {
  for (const { where, make, missing = false } of ENGINES)
    describe.skipIf(missing)(where, () => {
      beforeAll(() => setExecutor(make()));
      body();
    });
}

/** Numbers that look random, most of them within ±scale. */
export function floats(shape: readonly number[], seed: number, scale = 1): Tensor {
  return fromHost({ dtype: "float32", shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => scale * Math.sin(seed * 12.9898 + i * 78.233) * (1 + Math.cos(i * seed))) });
}

export const int64 = (shape: readonly number[], value: (i: number) => number): Tensor => fromHost({ dtype: "int64", shape, data: BigInt64Array.from({ length: sizeOf(shape) }, (_, i) => BigInt(value(i))) });

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
  /** The operators that `outputs` use, beside any others. */
  readonly names?: readonly string[];
  /** 0: bit for bit. */
  readonly tolerance?: number;
  /** The outputs for the magnitudes of all operands. Then differences are parts of the largest of these: two orders of a long sum differ by what its terms lose, however much of them cancels. */
  readonly ofMagnitudes?: readonly Tensor[];
}

/** `outputs` and their decompositions agree on the executor in use. */
export async function expectEqual(outputs: readonly Tensor[], { names = [], tolerance = 2e-6, ofMagnitudes }: Agreement): Promise<void> {
  const { fused, fuses } = kernels();
  const used = new Set(topological(lower(outputs, { fused, fuse: fuses })).flatMap((node) => (node.storage === undefined && isComposite(node) ? [node.attrs.definition.name] : [])));
  for (const name of names) expect(used).toContain(name);
  const expanded = expandAll(outputs);
  await realize([...outputs, ...expanded, ...(ofMagnitudes ?? [])]);
  for (const [i, output] of outputs.entries()) {
    const [got, want] = [await output.numbers(), await expanded[i].numbers()];
    if (tolerance === 0) expect(got).toEqual(want);
    else expect(difference(got, want, largest((await ofMagnitudes?.[i].numbers()) ?? want))).toBeLessThan(tolerance);
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
