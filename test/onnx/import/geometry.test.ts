/** @file Windows of any geometry: convolutions and pooling against onnxruntime. */
import fc from "fast-check";
import { describe, it } from "vitest";
import { agrees, int, ints, numbers, string, type Case } from "./againstOnnxruntime";

const axes = fc.constantFrom(1, 2);
const geometry = axes.chain((n) => {
  const each = (low: number, high: number): fc.Arbitrary<number[]> => fc.array(fc.integer({ min: low, max: high }), { minLength: n, maxLength: n });
  return fc.record({
    image: each(5, 9),
    kernel: each(1, 3),
    strides: each(1, 3),
    dilations: each(1, 2),
    before: each(0, 1),
    after: each(0, 1),
    auto: fc.constantFrom("NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"),
    groups: fc.constantFrom(1, 2),
    flag: fc.boolean(),
    ceil: fc.boolean(),
  });
});
type Geometry = typeof geometry extends fc.Arbitrary<infer G> ? G : never;

/** Padding no wider than the kernel minus one, as pooling asks. */
const padsOf = ({ before, after, kernel }: Geometry): number[] => [
  ...before.map((pad, i) => Math.min(pad, kernel[i] - 1)),
  ...after.map((pad, i) => Math.min(pad, kernel[i] - 1)),
];
/** With SAME and gaps between windows, onnxruntime cuts the image for pooling and not for convolution; here it is never cut. */
const stridesOf = ({ auto, strides, kernel }: Geometry): number[] =>
  strides.map((stride, i) => (auto.startsWith("SAME") ? Math.min(stride, kernel[i]) : stride));
const windows = (g: Geometry): Case["attributes"] => ({
  kernel_shape: ints(...g.kernel),
  strides: ints(...stridesOf(g)),
  auto_pad: string(g.auto),
  ...(g.auto === "NOTSET" ? { pads: ints(...padsOf(g)) } : {}),
});
/** onnxruntime dilates only where the padding is given. */
const dilationsOf = ({ auto, dilations }: Geometry): ReturnType<typeof ints> => ints(...dilations.map((size) => (auto === "NOTSET" ? size : 1)));

const check = (make: (g: Geometry) => Case): Promise<void> =>
  fc.assert(
    fc.asyncProperty(geometry, (g) => agrees(make(g))),
    { numRuns: 40 },
  );

describe("windows of any geometry", () => {
  it("convolve", () =>
    check((g) => ({
      opType: "Conv",
      inputs: [
        numbers("float32", [2, 4, ...g.image]),
        numbers("float32", [4, 4 / g.groups, ...g.kernel], { seed: 2 }),
        numbers("float32", [4], { seed: 3 }),
      ],
      attributes: { ...windows(g), dilations: dilationsOf(g), group: int(g.groups) },
    })));

  it("convolve transposed", () =>
    check((g) => ({
      opType: "ConvTranspose",
      inputs: [numbers("float32", [1, 4, ...g.image]), numbers("float32", [4, 3, ...g.kernel], { seed: 2 })],
      // onnxruntime sizes SAME by a rule of its own.
      attributes: {
        ...windows({ ...g, auto: g.auto === "NOTSET" || g.auto === "VALID" ? g.auto : "NOTSET" }),
        dilations: ints(...g.dilations),
        group: int(g.groups),
        output_padding: ints(...g.strides.map((stride) => (g.flag ? stride - 1 : 0))),
      },
    })));

  it("pool the largest, with its position", () =>
    check((g) => ({
      opType: "MaxPool",
      inputs: [numbers("float32", [2, 3, ...g.image])],
      attributes: {
        ...windows(g),
        dilations: dilationsOf(g),
        ceil_mode: int(g.ceil && g.auto === "NOTSET" ? 1 : 0),
        storage_order: int(g.flag ? 1 : 0),
      },
      outputs: 2,
    })));

  it("pool the average", () =>
    check((g) => ({
      opType: "AveragePool",
      inputs: [numbers("float32", [2, 3, ...g.image])],
      attributes: {
        ...windows(g),
        count_include_pad: int(g.flag && g.auto === "NOTSET" ? 1 : 0),
        ceil_mode: int(g.ceil && g.auto === "NOTSET" ? 1 : 0),
      },
    })));

  it("pool norms", () =>
    check((g) => ({
      opType: "LpPool",
      inputs: [numbers("float32", [2, 3, ...g.image])],
      attributes: { ...windows(g), p: int(g.flag ? 1 : 2) },
      opset: 11,
    })));
});
