/** @file The host's reference for small floating formats, against the tables of the OCP specifications. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError } from "../../kernel/errors";
import { bitsOf, codeValues, decodeFloat, decodeScale, encodeFloat, encodeScale, FLOAT_FORMATS, floatFormat, roundFloat, type FloatFormat } from "../../kernel/numerics/floatFormats";

const formats: readonly (readonly [string, FloatFormat])[] = Object.entries(FLOAT_FORMATS);
const { e2m1, e4m3, e5m2, e2m3, e3m2 } = FLOAT_FORMATS;

/** Finite non-negative values in order: those of codes 0, 1, 2, … */
const magnitudes = (format: FloatFormat): number[] => [...codeValues(format)].slice(0, 2 ** (bitsOf(format) - 1)).filter(Number.isFinite);

describe("the values of the codes", () => {
  it("are those of the OCP MX specification for every FP4 code", () => {
    expect([...codeValues(e2m1)]).toEqual([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6]);
  });

  // OCP MX v1.0, tables 2 to 5; OCP OFP8 v1.0, table 1: the largest, the smallest normal and the smallest subnormal number.
  it.each([
    { name: "e2m1", max: 6, normal: 1, subnormal: 0.5 },
    { name: "e2m3", max: 7.5, normal: 1, subnormal: 0.125 },
    { name: "e3m2", max: 28, normal: 0.25, subnormal: 0.0625 },
    { name: "e4m3", max: 448, normal: 2 ** -6, subnormal: 2 ** -9 },
    { name: "e5m2", max: 57344, normal: 2 ** -14, subnormal: 2 ** -16 },
  ])("$name ends at $max, and begins at $subnormal", ({ name, max, normal, subnormal }) => {
    const format = floatFormat(name);
    const values = magnitudes(format);
    expect(Math.max(...values)).toBe(max);
    expect(values[1]).toBe(subnormal);
    expect(values[2 ** format.mantissaBits]).toBe(normal);
    expect([...values].sort((a, b) => a - b)).toEqual(values);
  });

  it("have NaN and infinity where the FP8 specification has them, and nowhere else", () => {
    const special = (format: FloatFormat): string[] => [...codeValues(format)].flatMap((value, code) => (Number.isFinite(value) ? [] : [`${code.toString(16)}:${value}`]));
    expect(special(e4m3)).toEqual(["7f:NaN", "ff:NaN"]);
    expect(special(e5m2)).toEqual(["7c:Infinity", "7d:NaN", "7e:NaN", "7f:NaN", "fc:-Infinity", "fd:NaN", "fe:NaN", "ff:NaN"]);
    for (const format of [e2m1, e2m3, e3m2]) expect(special(format)).toEqual([]);
  });
});

describe.each(formats)("conversion to %s", (_, format) => {
  const values = magnitudes(format);

  it("gives every number of the format back as its code", () => {
    codeValues(format).forEach((value, code) => {
      if (Number.isFinite(value)) expect(encodeFloat(value, format)).toBe(code);
    });
  });

  it("takes ties to the even code, and what is beside them to the nearest", () => {
    for (let code = 0; code + 1 < values.length; code++) {
      const tie = (values[code] + values[code + 1]) / 2;
      const even = code % 2 === 0 ? values[code] : values[code + 1];
      for (const sign of [1, -1]) {
        expect(roundFloat(sign * tie, format)).toBe(sign * even);
        expect(roundFloat(sign * tie * (1 - 2 ** -20), format)).toBe(sign * values[code]);
        expect(roundFloat(sign * tie * (1 + 2 ** -20), format)).toBe(sign * values[code + 1]);
      }
    }
  });

  it("saturates, and keeps NaN and the sign of zero", () => {
    for (const size of [format.max * 1.001, 1e30, Infinity]) {
      expect(roundFloat(size, format)).toBe(format.max);
      expect(roundFloat(-size, format)).toBe(-format.max);
    }
    expect(roundFloat(NaN, format)).toBeNaN();
    expect(roundFloat(-0, format)).toBe(-0);
    expect(decodeFloat(encodeFloat(-1e-30, format), format)).toBe(-0);
    if (format.nanCode === undefined) expect(() => encodeFloat(NaN, format)).toThrow(ArgumentError);
    else expect(decodeFloat(encodeFloat(NaN, format), format)).toBeNaN();
  });

  it("is nearest among all numbers of the format", () => {
    fc.assert(
      fc.property(fc.float({ min: Math.fround(-2 * format.max), max: Math.fround(2 * format.max), noNaN: true }), (x) => {
        const got = Math.abs(Math.abs(roundFloat(x, format)) - Math.abs(x));
        expect(got).toBe(Math.min(...values.map((value) => Math.abs(value - Math.abs(x)))));
      }),
    );
  });

  it("rounds stochastically to a neighbour, up exactly for the numbers below the fraction", () => {
    fc.assert(
      fc.property(fc.nat(values.length - 2), fc.integer({ min: 0, max: 1023 }), fc.integer({ min: 0, max: 1023 }), (code, fraction, random) => {
        const x = values[code] + (values[code + 1] - values[code]) * (fraction / 1024);
        const want = random < fraction ? values[code + 1] : values[code];
        expect(roundFloat(x, format, random / 1024)).toBe(want);
        if (x !== 0) expect(roundFloat(-x, format, random / 1024)).toBe(-want);
      }),
    );
  });
});

describe("E8M0", () => {
  it("has a power of two for every code, and NaN", () => {
    for (let code = 0; code < 255; code++) {
      expect(decodeScale(code)).toBe(2 ** (code - 127));
      expect(encodeScale(decodeScale(code))).toBe(code);
    }
    expect(decodeScale(255)).toBeNaN();
    expect(encodeScale(NaN)).toBe(255);
  });
});

it("refuses formats that do not exist", () => {
  expect(() => floatFormat("e8m7")).toThrow(/no element format is called "e8m7"\n {2}help: there are e2m1/);
});
