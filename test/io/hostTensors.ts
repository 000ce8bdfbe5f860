/** @file Arbitrary host tensors, and helpers of the file tests. */
import fc from "fast-check";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { bytesPerElement, DTYPES, type Dtype, hostView, type HostTensor } from "../../kernel/graph/dtype";
import { sizeOf } from "../../kernel/graph/shape";
import { viewBytes } from "../../kernel/io/hostBytes";

/** Tensors of any dtype, rank 0 to 4, sizes 0 to 4 and every bit pattern; bools are 0 and 1. */
export const anyTensor = (dtypes: readonly Dtype[] = DTYPES): fc.Arbitrary<HostTensor> =>
  fc.tuple(fc.constantFrom(...dtypes), fc.array(fc.nat({ max: 4 }), { maxLength: 4 })).chain(([dtype, shape]) => {
    const bytes = sizeOf(shape) * bytesPerElement(dtype);
    return fc
      .uint8Array({ minLength: bytes, maxLength: bytes, max: dtype === "bool" ? 1 : 255 })
      .map((raw) => ({ dtype, shape, data: hostView(dtype, raw.slice().buffer, 0, sizeOf(shape)) }));
  });

/** Tensors by name, among them hostile names. */
export const anyTensors = fc
  .uniqueArray(
    fc.tuple(fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("__proto__", "constructor", "0", "10", "", 'a"b\\', "ü.\u0000")), anyTensor()),
    {
      selector: ([name]) => name,
      maxLength: 6,
    },
  )
  .map((entries) => Object.fromEntries(entries.filter(([name]) => name !== "__metadata__")));

/** The tensor as values that compare by every bit. */
export const bits = ({ dtype, shape, data }: HostTensor): unknown => ({
  dtype,
  shape: [...shape],
  bytes: Buffer.from(viewBytes(data)).toString("hex"),
});

export const bitsOf = (tensors: Readonly<Record<string, HostTensor>>): unknown =>
  new Map(
    Object.entries(tensors)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, tensor]) => [name, bits(tensor)]),
  );

/** An empty folder that goes away with the test. */
export async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "isoflop-io-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export const fixture = (name: string): string => new URL(`fixtures/${name}`, import.meta.url).pathname;

/** A ramp of float32. */
export const ramp = (...shape: readonly number[]): HostTensor => ({
  dtype: "float32",
  shape,
  data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => i / 3),
});
