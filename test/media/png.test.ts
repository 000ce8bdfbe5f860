/** @file PNG files: what is written is read back, and damaged files are refused. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError, ShapeError } from "../../kernel/errors";
import type { HostTensor } from "../../kernel/graph/dtype";
import { decodePng, encodeIndexed, encodePng, pngSize } from "../../kernel/media/png";

const image = fc
  .record({ height: fc.integer({ min: 1, max: 9 }), width: fc.integer({ min: 5, max: 9 }), channels: fc.constantFrom(1, 3, 4) })
  .chain(({ height, width, channels }) =>
    fc
      .uint8Array({ minLength: height * width * channels, maxLength: height * width * channels })
      .map((data): HostTensor => ({ dtype: "uint8", shape: [height, width, channels], data })),
  );

describe("PNG files", () => {
  it("give back every pixel", () => {
    fc.assert(
      fc.property(image, (tensor) => {
        expect(decodePng(encodePng(tensor, { layout: "last" }))).toEqual(tensor);
      }),
    );
  });

  it("are the same from channels first", () => {
    const last: HostTensor = { dtype: "uint8", shape: [5, 6, 3], data: Uint8Array.from({ length: 90 }, (_, i) => i) };
    const first: HostTensor = {
      dtype: "uint8",
      shape: [3, 5, 6],
      data: Uint8Array.from({ length: 90 }, (_, i) => (i % 30) * 3 + Math.floor(i / 30)),
    };
    expect(encodePng(first)).toEqual(encodePng(last));
  });

  it("take floats from 0 to 1, clamp what lies outside and draw NaN black", () => {
    const tensor: HostTensor = { dtype: "float32", shape: [1, 5], data: Float32Array.of(0, 0.5, 1, 7, NaN) };
    expect([...decodePng(encodePng(tensor)).data]).toEqual([0, 128, 255, 255, 0]);
  });

  it("with a palette come back in its colours", () => {
    const bytes = encodeIndexed({
      width: 2,
      height: 1,
      data: Uint8Array.of(1, 0),
      palette: [
        [1, 2, 3],
        [250, 251, 252],
      ],
    });
    expect(decodePng(bytes)).toEqual({ dtype: "uint8", shape: [1, 2, 3], data: Uint8Array.of(250, 251, 252, 1, 2, 3) });
  });

  it("that are cut short or changed are refused with a FormatError, never another", () => {
    const bytes = encodePng({ dtype: "uint8", shape: [8, 8, 3], data: Uint8Array.from({ length: 192 }, (_, i) => (i * 37) % 256) });
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = bytes.slice();
        changed[at] ^= change;
        for (const damaged of [bytes.subarray(0, at), changed])
          try {
            decodePng(damaged);
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
          }
      }),
    );
    expect(() => decodePng(bytes.subarray(0, bytes.length - 30))).toThrow(FormatError);
  });

  it("that claim to be huge are refused before memory is taken", () => {
    const bytes = encodePng({ dtype: "uint8", shape: [2, 2], data: new Uint8Array(4) });
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(16, 0x7fffffff);
    expect(pngSize(bytes).width).toBe(0x7fffffff);
    expect(() => decodePng(bytes)).toThrow(/can be read/);
  });

  it("are not made of batches or of other shapes", () => {
    expect(() => encodePng({ dtype: "uint8", shape: [2, 4, 4, 3], data: new Uint8Array(96) })).toThrow(ShapeError);
    expect(() => encodePng({ dtype: "uint8", shape: [4, 5, 7, 2], data: new Uint8Array(280) })).toThrow(/is no image/);
    expect(() => encodePng({ dtype: "uint8", shape: [4, 4], data: new Uint8Array(3) })).toThrow(/needs 16 elements/);
  });
});
