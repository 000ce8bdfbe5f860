/** @file Quantization in graphs: bit for bit what the host's reference gives, on every executor. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { grad } from "../../kernel/autodiff/grad";
import { mul } from "../../kernel/graph/ops/elementwise";
import { sum } from "../../kernel/graph/ops/reduction";
import { ones } from "../../kernel/graph/ops/movement";
import type { Tensor } from "../../kernel/graph/tensor";
import { BLOCK_FORMATS, FLOAT_FORMATS, bitsPerElement, blockScales, codeValues, decode, decodeFloat, decodeScale, encode, packNibbles, powerOfTwo, quantize, roundFloat, roundScaled, roundTo, unpackNibbles, type BlockFormatName, type FloatFormatName } from "../../kernel/numerics/index";
import { floorPower, maxExponent } from "../../kernel/numerics/floatFormats";
import { key } from "../../kernel/random/key";
import { philoxWords, seedKey } from "../../kernel/random/philox";
import { compiledOn, EXECUTORS, float32, restoreExecutor, valuesOn } from "../executors";

await restoreExecutor();
const f32 = Math.fround;
const elements = Object.keys(FLOAT_FORMATS) as FloatFormatName[]; // SAFETY: the object's own keys.
const mxFormats = (Object.keys(BLOCK_FORMATS) as BlockFormatName[]).filter((name) => name !== "nvfp4"); // SAFETY: as above.

/** float32 numbers over the whole range, subnormal ones, and the ones that matter to a format. */
const numbers = (count: number, special: readonly number[] = []): fc.Arbitrary<number[]> =>
  fc.array(fc.oneof({ weight: 3, arbitrary: fc.float({ min: -8, max: 8, noNaN: true }) }, fc.float({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(0, -0, 2 ** -149, -(2 ** -127), f32(3.4e38), ...special)), { minLength: count, maxLength: count });

/** 0 … as the stochastic rounding of an operand of that many elements draws them. */
const uniforms = (seed: number, count: number): number[] => Array.from(philoxWords(seedKey(seed), 0, new Uint32Array(count)), (word) => (word >>> 8) * 2 ** -24);

function mxReference(x: readonly number[], name: BlockFormatName, random?: readonly number[]): { readonly values: number[]; readonly scales: number[] } {
  const { element, block } = BLOCK_FORMATS[name];
  const format = FLOAT_FORMATS[element];
  const scales: number[] = [];
  const values = x.map((value, i) => {
    if (i % block === 0) {
      const sizes = x.slice(i, i + block).map(Math.abs);
      const largest = Math.max(...sizes);
      scales.push(sizes.every(Number.isFinite) ? Math.max(floorPower(Math.max(largest, 2 ** -126)) * 2 ** -maxExponent(format), 2 ** -127) : NaN);
    }
    const scale = scales[scales.length - 1];
    return f32(roundFloat(f32(value / scale), format, random?.[i]) * scale);
  });
  return { values, scales };
}

const expectSame = (got: ArrayLike<number>, want: readonly number[]): void => expect([...Array.from(got)]).toEqual(want);

describe.each(EXECUTORS)("on the %s executor", (name) => {
  it.each(elements)("roundTo %s equals the reference for every code, every tie and any number", async (element) => {
    const format = FLOAT_FORMATS[element];
    const values = [...codeValues(format)].filter(Number.isFinite);
    const sorted = [...new Set(values)].sort((a, b) => a - b);
    const ties = sorted.slice(1).map((value, i) => (value + sorted[i]) / 2);
    const all = [...values, ...ties, ...ties.map((tie) => f32(tie * (1 + 2 ** -23))), ...ties.map((tie) => f32(tie * (1 - 2 ** -23))), NaN, Infinity, -Infinity, 1e30, -1e-30];
    const random = uniforms(7, all.length);
    const [nearest, stochastic] = await valuesOn(name, () => [roundTo(float32(all), element), roundTo(float32(all), element, { rounding: "stochastic", key: key(7) })]);
    expectSame(nearest, all.map((x) => roundFloat(x, format)));
    expectSame(stochastic, all.map((x, i) => roundFloat(x, format, random[i])));
  });

  it.each(mxFormats)("%s equals the reference for any numbers, nearest and stochastic", async (format) => {
    const run = compiledOn(name, (t: Tensor, k: Tensor) => [quantize(t, format), quantize(t, format, { rounding: "stochastic", key: k }), blockScales(t, format)]);
    await fc.assert(
      fc.asyncProperty(numbers(96), fc.nat(1e6), async (x, seed) => {
        const [nearest, stochastic, scales] = await run(float32(x, [1, 96]), key(seed));
        const want = mxReference(x, format);
        expectSame(scales, want.scales);
        expectSame(nearest, want.values);
        expectSame(stochastic, mxReference(x, format, uniforms(seed, 96)).values);
      }),
      { numRuns: 60 },
    );
  });

  it("a block that holds NaN or infinity is NaN, its neighbour is not", async () => {
    for (const bad of [NaN, Infinity, -Infinity]) {
      const x = Array.from({ length: 64 }, (_, i) => (i === 5 ? bad : i));
      const [got] = await valuesOn(name, () => [quantize(float32(x), "mxfp4")]);
      expect(got.slice(0, 32).every(Number.isNaN)).toBe(true);
      expectSame(got.slice(32), mxReference(x.slice(32), "mxfp4").values);
    }
  });

  it("nvfp4 has E4M3 scales under one for the tensor", async () => {
    const format = FLOAT_FORMATS.e2m1;
    const run = compiledOn(name, (t: Tensor) => [quantize(t, "nvfp4"), decode(encode(t, "nvfp4"))]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 48, maxLength: 48 }), async (x) => {
        const largest = Math.max(...x.map(Math.abs));
        const whole = Math.max(f32(largest / 2688), 2 ** -126);
        const want = x.map((value, i) => {
          const top = Math.max(...x.slice(i - (i % 16), i - (i % 16) + 16).map(Math.abs));
          const scale = f32(Math.max(roundFloat(f32(f32(top / 6) / whole), FLOAT_FORMATS.e4m3), 2 ** -9) * whole);
          return f32(roundFloat(f32(value / scale), format) * scale);
        });
        const [got, decoded] = await run(float32(x));
        expectSame(got, want);
        expectSame(decoded, want);
      }),
      { numRuns: 60 },
    );
  });

  it.each(mxFormats)("codes of %s decode to what quantize gives", async (format) => {
    const run = compiledOn(name, (t: Tensor) => {
      const encoded = encode(t, format);
      return [encoded.codes, encoded.scales, decode(encoded)];
    });
    await fc.assert(
      fc.asyncProperty(numbers(64, [6, -6, 448]), async (x) => {
        const [codes, scales, decoded] = await run(float32(x, [2, 32]));
        const want = mxReference(x, format);
        const element = FLOAT_FORMATS[BLOCK_FORMATS[format].element];
        expectSame(decoded, want.values);
        expectSame(codes.map((code, i) => decodeFloat(code, element) * decodeScale(scales[Math.floor(i / 32)])), want.values);
      }),
      { numRuns: 60 },
    );
  });

  it("powers of two are exact from the smallest to the largest number", async () => {
    const sizes = Array.from({ length: 254 }, (_, i) => 2 ** (i - 126)).flatMap((p) => [p, f32(p * (1 - 2 ** -24)), f32(p * 1.41), f32(p * 1.42)]).filter((x) => x >= 2 ** -126 && x < 2 ** 127);
    const [floor, nearest] = await valuesOn(name, () => [powerOfTwo(float32(sizes)), powerOfTwo(float32(sizes), { rounding: "nearest" })]);
    expectSame(floor, sizes.map(floorPower));
    expectSame(nearest, sizes.map((x) => floorPower(x) * (x / floorPower(x) >= f32(Math.SQRT2) ? 2 : 1)));
  });
});

describe("rounding", () => {
  it("follows the thresholds that Quartet lists for FP4", async () => {
    const [got] = await valuesOn("native", () => [roundTo(float32([0.1, -0.3, 0.6, 1.1, -1.3, 1.6, 2.4, 2.6, -3.4, 3.6, 4.9, 5.1, -7]), "e2m1")]);
    expectSame(got, [0, -0.5, 0.5, 1, -1.5, 1.5, 2, 3, -3, 4, 4, 6, -6]);
  });

  it("is unbiased when stochastic: the mean of 100,000 draws of 2.3 is within three standard errors", async () => {
    const count = 100_000;
    const [got] = await valuesOn("native", () => [roundTo(mul(ones([count]), 2.3), "e2m1", { rounding: "stochastic", key: key(3) })]);
    const mean = got.reduce((a, b) => a + b, 0) / count;
    expect(Math.abs(mean - 2.3)).toBeLessThan(3 * Math.sqrt((0.3 * 0.7) / count));
    expect(new Set(got)).toEqual(new Set([2, 3]));
  });

  it("along another axis is that of the transposed", async () => {
    const x = Array.from({ length: 32 * 5 }, (_, i) => Math.sin(i) * (1 + (i % 7)));
    const [along, transposed] = await valuesOn("native", () => [quantize(float32(x, [32, 5]), "mxfp4", { axis: 0 }).transpose(), quantize(float32(x, [32, 5]).transpose(), "mxfp4")]);
    expectSame(along, [...transposed]);
  });

  it("at given scales keeps |x / s| below the largest number, as Quartet's backward scale does", async () => {
    const x = Array.from({ length: 320 }, (_, i) => Math.sin(i * 1.7) * Math.exp(Math.cos(i)));
    const [got] = await valuesOn("native", () => {
      const t = float32(x, [10, 32]);
      const scales = blockScales(t, "mxfp4").div(0.75);
      return [roundScaled(t, "e2m1", { scales }).div(scales)];
    });
    expect(Math.max(...got.map(Math.abs))).toBeLessThanOrEqual(6);
  });

  it("has a straight-through gradient, and with `clipped` none beyond the largest number", async () => {
    const x = [0.3, -5.9, 6.1, -100, 6, 0, 3, 2];
    const slope = (gradient: "straight-through" | "clipped") => (t: Tensor) => grad((v: Tensor) => sum(mul(roundTo(v, "e2m1", { gradient }), 2)))(t);
    const [through, clipped] = await valuesOn("native", () => [slope("straight-through")(float32(x)), slope("clipped")(float32(x))]);
    expectSame(through, x.map(() => 2));
    expectSame(clipped, [2, 2, 0, 0, 2, 2, 2, 2]);
  });

  it("in float16 rounds the float32 number", async () => {
    const [got] = await valuesOn("native", () => [quantize(float32([1, 2, 3, ...Array.from({ length: 29 }, () => 0.1)]).cast("float16"), "mxfp4").cast("float32")]);
    expectSame(got.slice(0, 4), [1, 2, 3, 0]);
  });
});

describe("codes", () => {
  it("of four bits lie two to a byte, the first below", async () => {
    const [packed, again] = await valuesOn("native", () => {
      const { codes } = encode(float32([1, -2, 6, ...Array.from({ length: 29 }, () => 0)]), "mxfp4");
      return [packNibbles(codes), unpackNibbles(packNibbles(codes))];
    });
    expectSame(packed.slice(0, 2), [0x2 | (0xc << 4), 0x7]);
    expectSame(again.slice(0, 3), [0x2, 0xc, 0x7]);
  });

  it("cost what the formats say", () => {
    expect(bitsPerElement("mxfp4")).toBe(4.25);
    expect(bitsPerElement("nvfp4")).toBe(4.5);
    expect(bitsPerElement("mxfp8e4m3")).toBe(8.25);
  });
});

describe("wrong operands", () => {
  const three = /^[^\n]+\n( {2}at [^\n]+\n)? {2}help: [^\n]+$/;
  it.each<readonly [string, () => unknown]>([
    ["a block that does not divide", () => quantize(ones([3, 33]), "mxfp4")],
    ["stochastic rounding without a key", () => quantize(ones([32]), "mxfp4", { rounding: "stochastic" })],
    ["a key that is none", () => roundTo(ones([32]), "e2m1", { rounding: "stochastic", key: ones([2]) })],
    ["integers", () => quantize(ones([32], "int32"), "mxfp4")],
    ["scales of another shape", () => roundScaled(ones([2, 32]), "e2m1", { scales: ones([3, 1]) })],
    ["an odd number of nibbles", () => packNibbles(ones([3], "uint8"))],
  ])("%s: an error of three lines", (_, call) => {
    expect(call).toThrow(three);
  });

  it("nothing is quantized to nothing", async () => {
    const [got] = await valuesOn("native", () => [quantize(ones([0, 32]), "mxfp4").sum()]);
    expectSame(got, [0]);
    expect(quantize(ones([4, 0]), "nvfp4").shape).toEqual([4, 0]);
    expect(roundTo(ones([0]), "e4m3").shape).toEqual([0]);
  });
});
