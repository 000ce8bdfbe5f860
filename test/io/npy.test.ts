/** @file .npy files: round trips, NumPy's own files, hostile headers. */
import fc from "fast-check";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ArgumentError, DtypeError, FormatError, IsoflopError } from "../../kernel/errors";
import { DTYPES, toNumbers } from "../../kernel/graph/dtype";
import { decodeNpy, encodeNpy, readNpy, writeNpy } from "../../kernel/io/npy";
import { anyTensor, bits, fixture, ramp, scratch } from "./hostTensors";

const npyDtypes = DTYPES.filter((dtype) => dtype !== "bfloat16");

/** A version 1 file with this header text and zeroed data. */
function fileOf(header: string, dataBytes: number): Uint8Array {
  const text = Buffer.from(header, "latin1");
  const start = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8]);
  return Buffer.concat([start, text, new Uint8Array(dataBytes)]);
}

describe("npy", () => {
  test("any tensor comes back bit for bit in every version and order", () => {
    fc.assert(
      fc.property(anyTensor(npyDtypes), fc.constantFrom(1, 2, 3), fc.constantFrom("C", "Fortran"), (tensor, version, order) => {
        expect(bits(decodeNpy(encodeNpy(tensor, { version, order })))).toEqual(bits(tensor));
      }),
      { numRuns: 400 },
    );
  });

  test.each(["float64", "float32", "float16", "int8", "uint8", "int32", "int64", "bool"] as const)(
    "reads NumPy's %s file and writes the same bytes",
    async (dtype) => {
      const bytes = await readFile(fixture(`${dtype}.npy`));
      const tensor = decodeNpy(bytes);
      expect(tensor).toMatchObject({ dtype, shape: [2, 3] });
      expect(Buffer.from(encodeNpy(tensor)).equals(bytes)).toBe(true);
    },
  );

  test("reads NumPy's values: thirds, big integers, bools, a scalar, a vector, an empty array, versions 2 and 3", async () => {
    expect((await readNpy(fixture("float64.npy"))).data).toEqual(Float64Array.from([-2, -1, 0, 1, 2, 3], (value) => value / 3));
    expect((await readNpy(fixture("int64.npy"))).data).toEqual(BigInt64Array.from([-2, -1, 0, 1, 2, 3], (value) => BigInt(value) * 2n ** 40n));
    expect((await readNpy(fixture("bool.npy"))).data).toEqual(Uint8Array.of(1, 0, 1, 0, 1, 0));
    expect(await readNpy(fixture("scalar.npy"))).toEqual({ dtype: "float32", shape: [], data: Float32Array.of(1.5) });
    expect(await readNpy(fixture("vector.npy"))).toEqual({ dtype: "float64", shape: [4], data: Float64Array.of(-2, -1, 0, 1) });
    expect((await readNpy(fixture("empty.npy"))).shape).toEqual([3, 0, 2]);
    for (const version of [2, 3] as const) {
      const bytes = await readFile(fixture(`version${version}.npy`));
      expect(bits(decodeNpy(bytes))).toEqual(bits(await readNpy(fixture("float32.npy"))));
      expect(Buffer.from(encodeNpy(decodeNpy(bytes), { version })).equals(bytes)).toBe(true);
    }
  });

  test("a Fortran-ordered file comes back in C order, and is written as NumPy writes it", async () => {
    const bytes = await readFile(fixture("fortran.npy"));
    const tensor = decodeNpy(bytes);
    expect(tensor.shape).toEqual([2, 3, 4]);
    expect([...toNumbers(tensor)]).toEqual(Array.from({ length: 24 }, (_, i) => i - 2));
    expect(Buffer.from(encodeNpy(tensor, { order: "Fortran" })).equals(bytes)).toBe(true);
  });

  test("a NaN that signals keeps its bits when the order changes", () => {
    const raw = Uint8Array.of(0, 0, 0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0x80, 0x7f);
    const tensor = { dtype: "float32", shape: [2, 2], data: new Float32Array(raw.buffer) } as const;
    expect(bits(decodeNpy(encodeNpy(tensor, { order: "Fortran" })))).toEqual(bits(tensor));
  });

  test("big-endian, structured and pickled arrays and bfloat16 are refused, saying what to do", async () => {
    await expect(readNpy(fixture("bigEndian.npy"))).rejects.toThrow(/big-endian\n {2}at .*\n {2}help: in Python, save array\.astype\("<f4"\)/);
    await expect(readNpy(fixture("structured.npy"))).rejects.toThrow(DtypeError);
    await expect(readNpy(fixture("objects.npy"))).rejects.toThrow(/pickled Python, which can run code/);
    expect(() => encodeNpy({ dtype: "bfloat16", shape: [1], data: Uint16Array.of(0) })).toThrow(/npy has no bfloat16/);
  });

  test("truncated at any byte, or one byte longer, is a FormatError", () => {
    for (const version of [1, 2, 3] as const) {
      const bytes = encodeNpy(ramp(2, 3), { version });
      for (let length = 0; length < bytes.length; length++)
        expect(() => decodeNpy(bytes.subarray(0, length)), `cut at ${length}`).toThrow(FormatError);
      expect(() => decodeNpy(Buffer.concat([bytes, Buffer.of(0)]))).toThrow(/25 bytes of data, float32 of shape \(2, 3\) needs 24/);
    }
  });

  test("a flipped bit anywhere in the header is an error of ours or gives as many bytes, never a crash", () => {
    const bytes = encodeNpy(ramp(2, 3));
    for (let bit = 0; bit < 8 * (bytes.length - 24); bit++) {
      const flipped = Uint8Array.from(bytes);
      flipped[bit >> 3] ^= 1 << (bit & 7);
      try {
        expect(decodeNpy(flipped).data.byteLength).toBe(24);
      } catch (error) {
        expect(error).toBeInstanceOf(IsoflopError);
      }
    }
  });

  test.each([
    ["no dictionary", "[1]", 0],
    ["a missing key", "{'descr': '<f4', 'shape': (1,), }", 4],
    ["a key twice", "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'shape': (1,), }", 4],
    ["an extra key", "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'extra': True, 'x': 1}", 4],
    ["a shape that is a number", "{'descr': '<f4', 'fortran_order': False, 'shape': (1), }", 4],
    ["a negative size", "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", 4],
    ["code instead of a value", "{'descr': '<f4', 'fortran_order': __import__('os'), 'shape': (1,), }", 4],
    ["terabytes in four bytes", "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }", 4],
    ["a size beyond exact numbers", "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", 4],
    ["sizes whose product overflows", "{'descr': '<f4', 'fortran_order': False, 'shape': (9007199254740991, 9007199254740991, 0), }", 0],
    ["65 axes", `{'descr': '<f4', 'fortran_order': False, 'shape': (${"1, ".repeat(65)}), }`, 4],
    ["a bool of 2", "{'descr': '|b1', 'fortran_order': False, 'shape': (1,), }", -1],
    ["a header beyond NumPy's limit", " ".repeat(10_001), 0],
  ])("refuses %s", (_, header, dataBytes) => {
    const bytes = dataBytes < 0 ? Buffer.concat([fileOf(header, 0), Buffer.of(2)]) : fileOf(header, dataBytes);
    expect(() => decodeNpy(bytes, "x.npy")).toThrow(FormatError);
    expect(() => decodeNpy(bytes, "x.npy")).toThrow(/\n {2}at x\.npy\n {2}help: /);
  });

  test("accepts other spellings of the same header: keys in any order, double quotes, no trailing comma", () => {
    expect(decodeNpy(fileOf(`{"shape": (2, 1), "fortran_order": False, "descr": "<i4"}\n`, 8))).toMatchObject({ dtype: "int32", shape: [2, 1] });
    expect(decodeNpy(fileOf("{'descr': '|u1', 'fortran_order': False, 'shape': (3L,), }", 3)).shape).toEqual([3]);
  });

  test("files are written atomically and read back; a missing one is an ArgumentError", async () => {
    const path = join(await scratch(), "a.npy");
    await writeNpy(path, ramp(3, 1));
    expect(bits(await readNpy(path))).toEqual(bits(ramp(3, 1)));
    await expect(readNpy(`${path}.none`)).rejects.toThrow(ArgumentError);
  });
});
