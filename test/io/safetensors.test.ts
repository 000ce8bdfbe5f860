/** @file Safetensors: round trips, the reference implementation's files, hostile headers. */
import fc from "fast-check";
import { readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ArgumentError, DtypeError, FormatError, IsoflopError, ShapeError } from "../../kernel/errors";
import { bytesPerElement, type HostTensor } from "../../kernel/graph/dtype";
import { decodeSafetensors, encodeSafetensors, openSafetensors, readSafetensors, writeSafetensors } from "../../kernel/io/safetensors";
import { anyTensors, bits, bitsOf, fixture, ramp, scratch } from "./hostTensors";

const encode = (...content: Parameters<typeof encodeSafetensors>): Uint8Array => Buffer.concat([...encodeSafetensors(...content)]);

/** A file with this header text and these data bytes. */
function fileOf(header: string | Uint8Array, data: number | Uint8Array = 0): Uint8Array {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, typeof data === "number" ? new Uint8Array(data) : data]);
}
const entry = (dtype: string, shape: unknown, offsets: unknown): string => JSON.stringify({ dtype, shape, data_offsets: offsets });

describe("safetensors", () => {
  test("any tensors and metadata come back bit for bit, whatever their names", () => {
    fc.assert(
      fc.property(anyTensors, fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" })), (tensors, metadata) => {
        const back = decodeSafetensors(encode({ tensors, metadata }));
        expect(bitsOf(back.tensors)).toEqual(bitsOf(tensors));
        expect(Object.entries(back.metadata).sort()).toEqual(Object.entries(metadata).sort());
      }),
      { numRuns: 300 },
    );
  });

  test("every tensor starts at a multiple of its element size, and equal tensors give equal files", () => {
    fc.assert(
      fc.property(anyTensors, (tensors) => {
        const bytes = encode({ tensors });
        expect(encode({ tensors: Object.fromEntries(Object.entries(tensors).reverse()) })).toEqual(bytes);
        const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
        const header: Record<string, { data_offsets: [number, number] }> = JSON.parse(Buffer.from(bytes.subarray(8, 8 + headerBytes)).toString());
        for (const [name, { data_offsets }] of Object.entries(header))
          expect((8 + headerBytes + data_offsets[0]) % bytesPerElement(tensors[name].dtype)).toBe(0);
      }),
    );
  });

  test("reads what the reference implementation wrote, every dtype", async () => {
    const { tensors, metadata } = await readSafetensors(fixture("numpy.safetensors"));
    expect(metadata).toEqual({ format: "np", note: "ä\n" });
    expect(tensors["t.float32"]).toEqual({
      dtype: "float32",
      shape: [2, 3],
      data: Float32Array.from([-2, -1, 0, 1, 2, 3], (value) => Math.fround(value) / Math.fround(3)),
    });
    expect(tensors["t.int64"].data).toEqual(BigInt64Array.from([-2, -1, 0, 1, 2, 3], (value) => BigInt(value) * 2n ** 40n));
    expect(tensors["t.bool"].data).toEqual(Uint8Array.of(1, 0, 1, 0, 1, 0));
    expect(tensors["t.float16"].data[0]).toBe(0xb955);
    expect(tensors.scalar).toEqual({ dtype: "float32", shape: [], data: Float32Array.of(1.5) });
    expect(tensors.empty.shape).toEqual([3, 0, 2]);
    expect(tensors['ünicode "name"'].data).toEqual(Float64Array.of(-2, -1, 0, 1));
    expect(Object.keys(tensors)).toHaveLength(11);
  });

  test("our bytes of the reference's tensors are the reference's bytes of data", async () => {
    const bytes = await readFile(fixture("numpy.safetensors"));
    const { tensors, metadata } = decodeSafetensors(bytes);
    expect(bitsOf(decodeSafetensors(encode({ tensors, metadata })).tensors)).toEqual(bitsOf(tensors));
    expect(encode({ tensors, metadata }).length).toBe(bytes.length);
  });

  test("one tensor of an open file is read without the others", async () => {
    const path = join(await scratch(), "a.safetensors");
    await writeSafetensors(path, { tensors: { w: ramp(2, 3), b: ramp(3) }, metadata: { step: "7" } });
    const file = await openSafetensors(path);
    expect(file.metadata).toEqual({ step: "7" });
    expect(file.entries.map(({ name, dtype, shape, bytes }) => ({ name, dtype, shape, bytes }))).toEqual([
      { name: "b", dtype: "float32", shape: [3], bytes: 12 },
      { name: "w", dtype: "float32", shape: [2, 3], bytes: 24 },
    ]);
    expect(bits(await file.tensor("w"))).toEqual(bits(ramp(2, 3)));
    await expect(file.tensor("x")).rejects.toThrow(/no tensor "x"\n {2}at .*\n {2}help: it holds 2 tensors, among them "b", "w"/);
    await truncate(path, file.entries[1].offset + 4);
    await expect(file.tensor("w")).rejects.toThrow(FormatError);
    await file.close();
  });

  test("an unknown dtype is named with its tensor, and the file's other tensors can still be read", async () => {
    await expect(readSafetensors(fixture("uint32.safetensors"))).rejects.toThrow(/tensor "wide" has dtype U32/);
    await expect(readSafetensors(fixture("uint32.safetensors"))).rejects.toThrow(DtypeError);
    const file = await openSafetensors(fixture("uint32.safetensors"));
    expect((await file.tensor("fine")).data).toEqual(Float32Array.of(-2, -1));
    await file.close();
    expect(() => decodeSafetensors(fileOf(`{"a":${entry("Q7", [1], [0, 1])}}`, 1))).toThrow(/tensor "a" has the unknown dtype "Q7"/);
  });

  test("truncated at any byte, or one byte longer, is a FormatError that names the file", async () => {
    const bytes = encode({ tensors: { w: ramp(2, 3), flag: { dtype: "bool", shape: [], data: Uint8Array.of(1) } }, metadata: { a: "b" } });
    const path = join(await scratch(), "cut.safetensors");
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeSafetensors(bytes.subarray(0, length), "x"), `cut at ${length}`).toThrow(FormatError);
      if (length % 16 === 0) {
        await writeFile(path, bytes.subarray(0, length));
        await expect(readSafetensors(path)).rejects.toThrow(/\n {2}at .*cut\.safetensors\n {2}help: /);
      }
    }
    expect(() => decodeSafetensors(Buffer.concat([bytes, Buffer.of(0)]))).toThrow(/1 bytes follow the last tensor/);
  });

  test("a flipped bit anywhere in the header gives an error of ours or other valid contents, never a crash", () => {
    const bytes = encode({ tensors: { w: ramp(2, 3), s: ramp() }, metadata: { a: "b" } });
    const headerBytes = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    for (let bit = 0; bit < 8 * headerBytes; bit++) {
      const flipped = Uint8Array.from(bytes);
      flipped[bit >> 3] ^= 1 << (bit & 7);
      try {
        const { tensors } = decodeSafetensors(flipped);
        const total = Object.values(tensors).reduce((sum, { data }) => sum + data.byteLength, 0);
        expect(total).toBe(28);
      } catch (error) {
        expect(error).toBeInstanceOf(IsoflopError);
      }
    }
  });

  test("any bytes at all are an error of ours or a valid file", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 64 }),
          fc.json().map((json) => fileOf(json)),
          fc.json().map((json) => fileOf(`{"a":${json}}`, 8)),
        ),
        (bytes) => {
          try {
            decodeSafetensors(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(IsoflopError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  const hostile: readonly (readonly [what: string, bytes: Uint8Array, message: RegExp])[] = [
    ["a header length beyond the file", Buffer.from("ffffff0000000000", "hex"), /claims 16777215 bytes, the file has 8/],
    ["a header length of exabytes", Buffer.from("ffffffffffffffff", "hex"), /more than the format's limit/],
    ["a header that is an array", fileOf("[]"), /not a JSON object/],
    ["a header that is no UTF-8", fileOf(Buffer.from([0x7b, 0xff, 0x7d])), /not JSON/],
    ["the same name twice", fileOf(`{"a":${entry("U8", [1], [0, 1])},"\\u0061":${entry("U8", [1], [0, 1])}}`, 1), /holds "a" twice/],
    ["the same field twice", fileOf(`{"a":{"dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1]}}`, 1), /holds "shape" twice/],
    ["overlapping tensors", fileOf(`{"a":${entry("U8", [4], [0, 4])},"b":${entry("U8", [4], [2, 6])}}`, 6), /"b" overlaps/],
    ["two tensors in one place", fileOf(`{"a":${entry("U8", [4], [0, 4])},"b":${entry("U8", [4], [0, 4])}}`, 4), /overlaps/],
    ["a gap between tensors", fileOf(`{"a":${entry("U8", [1], [0, 1])},"b":${entry("U8", [1], [2, 3])}}`, 3), /gap/],
    ["a gap before the first tensor", fileOf(`{"a":${entry("U8", [1], [1, 2])}}`, 2), /gap/],
    ["offsets that run backwards", fileOf(`{"a":${entry("U8", [1], [1, 0])}}`, 1), /no range/],
    ["negative offsets", fileOf(`{"a":${entry("U8", [1], [-1, 0])}}`, 1), /no range/],
    ["fractional sizes", fileOf(`{"a":${entry("U8", [1.5], [0, 1])}}`, 1), /no list of sizes/],
    ["a shape that overflows", fileOf(`{"a":${entry("F32", [2 ** 40, 2 ** 40], [0, 4])}}`, 4), /needs more than can be counted/],
    ["a shape that overflows before a zero", fileOf(`{"a":${entry("F32", [2 ** 40, 2 ** 40, 0], [0, 0])}}`), /needs more than can be counted/],
    ["petabytes in a file of a few bytes", fileOf(`{"a":${entry("F32", [2 ** 44], [0, 2 ** 46])}}`, 4), /the tensors end at byte/],
    ["more bytes than the shape takes", fileOf(`{"a":${entry("F32", [2], [0, 12])}}`, 12), /12 bytes, F32 of shape \[2\] needs 8/],
    ["half a byte of a 4-bit dtype", fileOf(`{"a":${entry("F4", [3], [0, 2])}}`, 2), /needs 1.5/],
    ["metadata that is no text", fileOf(`{"__metadata__":{"a":1}}`), /"a", which is no text/],
    ["a bool that is 2", fileOf(`{"a":${entry("BOOL", [2], [0, 2])}}`, Uint8Array.of(1, 2)), /element 1 of a bool tensor is 2/],
    ["a million nested brackets", fileOf(`{"a":${"[".repeat(1e6)}${"]".repeat(1e6)}}`), /described by no object/],
  ];
  test.each(hostile)("refuses %s", (_, bytes, message) => {
    expect(() => decodeSafetensors(bytes, "model.safetensors")).toThrow(FormatError);
    expect(() => decodeSafetensors(bytes, "model.safetensors")).toThrow(message);
    expect(() => decodeSafetensors(bytes, "model.safetensors")).toThrow(/\n {2}at model\.safetensors.*\n {2}help: /);
  });

  test("a huge sparse file with a hostile header costs no memory", async () => {
    const path = join(await scratch(), "sparse.safetensors");
    await writeFile(path, Buffer.from("ff00000000000000", "hex"));
    await truncate(path, 2 ** 42);
    const before = process.memoryUsage().arrayBuffers;
    await expect(readSafetensors(path)).rejects.toThrow(FormatError);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  });

  test("tensors that do not fit their shape or dtype are not written, and the old file stays", async () => {
    const path = join(await scratch(), "a.safetensors");
    await writeSafetensors(path, { tensors: { w: ramp(2) } });
    const bad: readonly (readonly [HostTensor, typeof ShapeError | typeof DtypeError])[] = [
      [{ ...ramp(2), shape: [3] }, ShapeError],
      [{ ...ramp(2), dtype: "int32" }, DtypeError],
      [{ ...ramp(2), shape: [-2] }, ShapeError],
    ];
    for (const [w, type] of bad) await expect(writeSafetensors(path, { tensors: { w } })).rejects.toThrow(type);
    await expect(writeSafetensors(path, { tensors: { __metadata__: ramp(1) } })).rejects.toThrow(ArgumentError);
    expect(bits((await readSafetensors(path)).tensors.w)).toEqual(bits(ramp(2)));
  });

  test("a missing file and a folder are told apart from a damaged one", async () => {
    const folder = await scratch();
    await expect(readSafetensors(join(folder, "none"))).rejects.toThrow(/no such file\n {2}at .*none\n/);
    await expect(readSafetensors(folder)).rejects.toThrow(/the path is a folder/);
    await expect(readSafetensors(join(folder, "none"))).rejects.toThrow(ArgumentError);
  });
});
