/** @file The payload of a tensor view holds few elements exactly, and the view reads them back so. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bundleBytes, DISPLAY, OUTPUT_BUDGET_BYTES } from "../../kernel/display/displayable";
import type { TensorPayload } from "../../kernel/display/schema";
import { tensorView } from "../../kernel/display/tensorView";
import { type Dtype, DTYPES, hostArray, hostArrayFrom, toNumbers } from "../../kernel/graph/dtype";
import { parseTensor } from "../../webviews/renderers/tensor/parse";
import { sliceOf, statsOf } from "../../webviews/renderers/tensor/slice";
import { cellText, valueText, type Values, valuesOf } from "../../webviews/renderers/tensor/values";
import { PayloadError } from "../../webviews/shared/validate";

const payloadOf = (values: readonly number[], dtype: Dtype = "float32"): TensorPayload =>
  tensorView({ dtype, shape: [values.length], data: hostArrayFrom(dtype, values) }).payload;
/** As a notebook file brings it back. */
const shown = (payload: TensorPayload): Values => valuesOf(parseTensor(JSON.parse(JSON.stringify(payload))));

function decoded({ exact }: TensorPayload): number[] {
  if (exact === undefined) throw new Error("no exact elements");
  const bytes = new DataView(Uint8Array.from(Buffer.from(exact.data, "base64")).buffer);
  const size = exact.type === "float32" ? 4 : 8;
  return Array.from({ length: bytes.byteLength / size }, (_, i) => (size === 4 ? bytes.getFloat32(i * 4, true) : bytes.getFloat64(i * 8, true)));
}

describe("the payload of a tensor", () => {
  it.each<readonly [Dtype, "float32" | "float64", readonly number[]]>([
    ["float32", "float32", [1.5, 2.5, 3.5, 42.5, Math.fround(0.1), NaN, Infinity, -Infinity]],
    ["float64", "float64", [0.1, 1e300, 5e-324, NaN, Infinity, -Infinity]],
    ["bfloat16", "float32", [1.5, -0.0078125, NaN]],
    ["int64", "float32", [2 ** 24, -5, 0]],
    ["int64", "float64", [2 ** 24 + 1, 2 ** 53 - 1, -3]],
    ["bool", "float32", [1, 0, 1]],
  ])("holds %s exactly, as %s", (dtype, type, values) => {
    const payload = payloadOf(values, dtype);
    expect(payload.exact?.type).toBe(type);
    expect(decoded(payload)).toEqual(values);
  });

  it("holds the part that is kept, in its order", () => {
    expect(decoded(tensorView({ dtype: "int32", shape: [2, 3], data: Int32Array.of(5, 4, 3, 2, 1, 0) }).payload)).toEqual([5, 4, 3, 2, 1, 0]);
  });

  it.each<readonly [Dtype, number]>([
    ["float32", 16_384],
    ["int32", 16_384],
    ["float64", 8192],
  ])("holds no exact elements of %s beyond %i", (dtype, most) => {
    const of = (length: number): TensorPayload => tensorView({ dtype, shape: [length], data: hostArray(dtype, length) }).payload;
    expect(of(most).exact).toBeDefined();
    expect(of(most + 1).exact).toBeUndefined();
  });

  it("does not call integers exact that float64 has rounded", () => {
    const payload = tensorView({ dtype: "int64", shape: [2], data: BigInt64Array.of(2n ** 60n + 1n, 2n ** 60n) }).payload;
    expect(payload.exact).toBeUndefined();
    expect(shown(payload).exact).toBe(false);
  });

  it("stays within the budget with a picture of noise", () => {
    fc.assert(
      fc.property(fc.constantFrom<readonly [Dtype, readonly number[]]>(["float32", [128, 128]], ["float64", [64, 128]], ["float32", [8, 32, 64]]), fc.integer({ min: 1, max: 2 ** 31 - 2 }), ([dtype, shape], seed) => {
        let state = seed;
        const next = (): number => (state = (state * 48_271) % (2 ** 31 - 1)) / 2 ** 31;
        const data = hostArrayFrom(dtype, Array.from({ length: shape.reduce((a, b) => a * b) }, next));
        const bundle = tensorView({ dtype, shape, data })[DISPLAY]();
        expect(Object.keys(bundle)).toHaveLength(3);
        expect(bundleBytes(bundle)).toBeLessThan(OUTPUT_BUDGET_BYTES);
      }),
      { numRuns: 6 },
    );
  });
});

describe("the view of a tensor", () => {
  it("reads any elements back, and its texts read back to the same element", () => {
    const dtype = fc.constantFrom(...DTYPES.filter((name) => name !== "int64"));
    fc.assert(
      fc.property(dtype, fc.array(fc.oneof(fc.double(), fc.double({ min: -100, max: 100 }), fc.integer({ min: -300, max: 300 }), fc.integer({ min: -(2 ** 26), max: 2 ** 26 })), { maxLength: 20 }), (name, given) => {
        const data = hostArrayFrom(name, given);
        const elements = [...toNumbers({ dtype: name, data })];
        const { payload } = tensorView({ dtype: name, shape: [given.length], data });
        const values = shown(payload);
        // The sign of 0 is not shown.
        const held = (value: number): number => (payload.exact?.type === "float64" ? value : Math.fround(value)) + 0;
        const plain = elements.map((value) => value + 0);
        expect(values.exact).toBe(true);
        expect([...values.numbers].map(held)).toEqual(plain);
        expect([...values.numbers].map((value) => held(read(valueText(values, value))))).toEqual(plain);
      }),
    );
  });

  it("has the statistics of the elements", () => {
    const slice = sliceOf(shown(payloadOf([1.5, 2.5, 3.5, 42.5])), { rows: 0, columns: 1, index: [0, 0] });
    expect(statsOf(slice)).toMatchObject({ min: 1.5, max: 42.5, mean: 12.5, zeroCount: 0 });
    const broken = sliceOf(shown(payloadOf([NaN, Infinity, -Infinity, 0])), { rows: 0, columns: 1, index: [0, 0] });
    expect(statsOf(broken)).toEqual({ min: 0, max: 0, mean: 0, std: 0, nanCount: 1, infiniteCount: 2, zeroCount: 1 });
  });

  it.each<readonly [number, number, string]>([
    [2.5, 6, "2.5"],
    [0.38472113, 10, "0.38472113"],
    [0.38472113, 6, "0.3847"],
    [-1234.5678, 7, "−1234.6"],
    [123_456, 4, "123456"],
    [123_456.7, 4, "123457"],
    [-0.000012345678, 6, "−1.23×10⁻⁵"],
    [NaN, 6, "NaN"],
    [-Infinity, 6, "−∞"],
  ])("writes %d into %i characters of a cell as %s", (value, characters, text) => {
    expect(cellText({ exact: true }, value, characters)).toBe(text);
  });

  it("tells what is known of the elements of notebooks without exact ones", () => {
    const values = shown({ ...payloadOf([1.5, 2.5, 3.5, 42.5, NaN]), exact: undefined });
    expect(values.exact).toBe(false);
    expect(values.step).toBeCloseTo(41 / 254, 6);
    expect([...values.numbers].map((value) => valueText(values, value))).toEqual(["1.5", "2.47", "3.44", "42.5", "not finite"]);
    expect(cellText(values, NaN, 6)).toBe("NaN/∞");
    const few = shown({ ...payloadOf([-3, 0, 250], "int32"), exact: undefined });
    expect([few.exact, ...few.numbers]).toEqual([false, -3.9, 0, 250]);
    const bytes = shown({ ...payloadOf([0, 7, 254], "uint8"), exact: undefined });
    expect([bytes.exact, ...bytes.numbers]).toEqual([true, 0, 7, 254]);
  });

  it("does not call bytes exact between ends that were rounded", () => {
    expect(shown({ ...payloadOf([1_000_000_001, 1_000_000_005], "int32"), exact: undefined }).exact).toBe(false);
  });

  it.each<readonly [string, unknown]>([
    ["too few bytes", { type: "float32", data: "AAAA" }],
    ["the bytes of another type", { type: "float64", data: payloadOf([1, 2, 3]).exact?.data }],
    ["no base64", { type: "float32", data: "<script>alert(1)" }],
    ["an unknown type", { type: "float16", data: "AAAA" }],
    ["a list", [1, 2, 3]],
    ["null", null],
  ])("refuses %s", (_, exact) => {
    expect(() => parseTensor({ ...payloadOf([1, 2, 3]), exact })).toThrow(PayloadError);
  });
});

/** The number that a text for people says. */
function read(text: string): number {
  const [, sign, mantissa, power] = /^(−?)([\d.]+|∞|NaN)?(?:×?10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?$/.exec(text) ?? [];
  const exponent = [...(power ?? "⁰")].map((mark) => (mark === "⁻" ? "-" : "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(mark))).join("");
  const size = mantissa === "∞" ? Infinity : Number(`${mantissa ?? "1"}e${exponent}`);
  return mantissa === "NaN" ? NaN : sign === "−" ? -size : size;
}
