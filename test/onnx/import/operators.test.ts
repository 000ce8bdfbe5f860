/** @file Imported operators against onnxruntime: what the backend node tests (operator set 17) do not cover. */
import { describe, expect, it } from "vitest";
import { agrees, float, int, ints, list, numbers, scalarOf, string, strings, type Case } from "./againstOnnxruntime";

const x44 = numbers("float32", [1, 2, 6, 7]);
const i64 = (...values: number[]): ReturnType<typeof list> => list("int64", values);

const cases: Readonly<Record<string, readonly Case[]>> = {
  "Reduce with axes as an operand": [
    { opType: "ReduceMax", inputs: [numbers("float32", [2, 3, 4]), i64(1, -1)], constants: [1] },
    { opType: "ReduceMean", inputs: [numbers("float32", [2, 3, 4]), i64(0)], constants: [1], attributes: { keepdims: int(0) } },
    { opType: "ReduceL2", inputs: [numbers("float32", [2, 3, 4])], attributes: { noop_with_empty_axes: int(1) } },
    { opType: "ReduceLogSumExp", inputs: [list("float32", [-Infinity, -Infinity])] },
    { opType: "ReduceMin", inputs: [numbers("bool", [2, 5], { low: 0, high: 2 }), i64(1)], constants: [1], opset: 20 },
    { opType: "ReduceSum", inputs: [numbers("int64", [2, 3])], attributes: { keepdims: int(0) } },
    { opType: "ReduceProd", inputs: [numbers("int32", [2, 3], { low: 1 })] },
  ],
  "Split into unequal parts": [
    { opType: "Split", inputs: [numbers("float32", [7, 2])], attributes: { num_outputs: int(3) }, outputs: 3 },
    { opType: "Split", inputs: [numbers("float32", [2, 7]), i64(3, 0, 4)], constants: [1], attributes: { axis: int(-1) }, outputs: 3 },
  ],
  "Pad in every mode": [
    { opType: "Pad", inputs: [numbers("float32", [3, 4]), i64(2, 1), undefined, i64(1)], constants: [1, 3], attributes: { mode: string("wrap") } },
    { opType: "Pad", inputs: [numbers("float32", [3, 4]), i64(1, 2, -1, 3)], constants: [1], attributes: { mode: string("edge") } },
    { opType: "Pad", inputs: [numbers("int32", [5, 4]), i64(4, 3, 2, 1)], constants: [1], attributes: { mode: string("reflect") } },
    { opType: "Pad", inputs: [numbers("float32", [3, 4]), i64(-1, 2, 1, -2), scalarOf("float32", 7)], constants: [1, 2] },
  ],
  Resize: [
    {
      opType: "Resize",
      inputs: [x44, undefined, undefined, i64(3, 4)],
      constants: [3],
      attributes: { mode: string("linear"), antialias: int(1), axes: ints(2, 3) },
    },
    {
      opType: "Resize",
      inputs: [x44, undefined, undefined, i64(3, 4)],
      constants: [3],
      attributes: { mode: string("cubic"), antialias: int(1), axes: ints(2, 3) },
      tolerance: 1e-4,
    },
    {
      opType: "Resize",
      inputs: [x44, undefined, undefined, i64(1, 2, 9, 9)],
      constants: [3],
      attributes: { mode: string("cubic"), coordinate_transformation_mode: string("align_corners") },
    },
    {
      opType: "Resize",
      inputs: [x44, undefined, list("float32", [1, 1, 1.7, 2.3])],
      constants: [2],
      attributes: { mode: string("linear"), coordinate_transformation_mode: string("half_pixel_symmetric") },
      opset: 19,
    },
    {
      opType: "Resize",
      inputs: [x44, undefined, undefined, i64(1, 2, 8, 8)],
      constants: [3],
      attributes: { mode: string("nearest"), coordinate_transformation_mode: string("asymmetric"), nearest_mode: string("floor") },
    },
    {
      opType: "Resize",
      inputs: [x44, undefined, undefined, i64(12, 12)],
      constants: [3],
      attributes: { mode: string("linear"), axes: ints(2, 3), keep_aspect_ratio_policy: string("not_larger") },
    },
    { opType: "Resize", inputs: [x44, list("float32", [1, 1, 2, 2])], constants: [1], attributes: { mode: string("nearest") }, opset: 10 },
    { opType: "Upsample", inputs: [x44, list("float32", [1, 1, 2, 3])], constants: [1], attributes: { mode: string("linear") }, opset: 9 },
  ],
  Attention: [
    { opType: "Attention", opset: 23, inputs: [numbers("float32", [2, 4, 5, 8]), numbers("float32", [2, 2, 7, 8], { seed: 2 }), numbers("float32", [2, 2, 7, 6], { seed: 3 })] },
    { opType: "Attention", opset: 23, inputs: [numbers("float32", [2, 5, 12]), numbers("float32", [2, 5, 6], { seed: 2 }), numbers("float32", [2, 5, 6], { seed: 3 })], attributes: { q_num_heads: int(4), kv_num_heads: int(2), is_causal: int(1), scale: float(0.3) } },
    { opType: "Attention", opset: 23, inputs: [numbers("float32", [2, 3, 4, 8]), numbers("float32", [2, 3, 6, 8], { seed: 2 }), numbers("float32", [2, 3, 6, 8], { seed: 3 }), numbers("float32", [4, 6], { seed: 4 })] },
    { opType: "Attention", opset: 23, inputs: [numbers("float32", [1, 2, 3, 4]), numbers("float32", [1, 2, 3, 4], { seed: 2 }), numbers("float32", [1, 2, 3, 4], { seed: 3 }), undefined, numbers("float32", [1, 2, 2, 4], { seed: 5 }), numbers("float32", [1, 2, 2, 4], { seed: 6 })], outputs: 3 },
  ],
  "Rotary embedding": [
    { opType: "RotaryEmbedding", opset: 23, inputs: [numbers("float32", [2, 3, 4, 8]), numbers("float32", [2, 4, 4], { seed: 2, low: -1, high: 1 }), numbers("float32", [2, 4, 4], { seed: 3, low: -1, high: 1 })] },
    { opType: "RotaryEmbedding", opset: 23, inputs: [numbers("float32", [2, 4, 24]), numbers("float32", [10, 4], { seed: 2 }), numbers("float32", [10, 4], { seed: 3 }), { ...list("int64", [0, 3, 9, 1, 2, 2, 5, 7]), shape: [2, 4] }], attributes: { num_heads: int(3), interleaved: int(1) } },
    { opType: "RotaryEmbedding", opset: 23, inputs: [numbers("float32", [2, 3, 4, 8]), numbers("float32", [10, 2], { seed: 2 }), numbers("float32", [10, 2], { seed: 3 }), { ...list("int64", [0, 3, 9, 1, 2, 2, 5, 7]), shape: [2, 4] }], attributes: { rotary_embedding_dim: int(4) } },
  ],
  Normalization: [
    {
      opType: "GroupNormalization",
      inputs: [numbers("float32", [2, 6, 4, 3]), numbers("float32", [6], { seed: 2 }), numbers("float32", [6], { seed: 3 })],
      attributes: { num_groups: int(3) },
    },
    {
      opType: "LayerNormalization",
      inputs: [numbers("float32", [2, 3, 4]), numbers("float32", [3, 4], { seed: 2 }), numbers("float32", [3, 4], { seed: 3 })],
      attributes: { axis: int(1) },
      outputs: 3,
      tolerance: 1e-4,
    },
    { opType: "LpNormalization", inputs: [numbers("float32", [2, 5])], attributes: { p: int(1) } },
    {
      opType: "BatchNormalization",
      inputs: [x44, ...[1, 2, 3, 4].map((seed) => numbers("float32", [2], { seed, low: 0.5 }))],
      attributes: { epsilon: float(0.01) },
    },
    { opType: "LRN", inputs: [numbers("float32", [1, 5, 2, 2])], attributes: { size: int(3), alpha: float(0.1), bias: float(2) } },
    { opType: "MeanVarianceNormalization", inputs: [numbers("float32", [2, 3, 4, 4])] },
  ],
  Activations: [
    { opType: "Gelu", inputs: [numbers("float32", [9])], attributes: { approximate: string("tanh") } },
    { opType: "Gelu", inputs: [numbers("float32", [9])] },
    { opType: "Mish", inputs: [numbers("float32", [9])] },
    { opType: "PRelu", inputs: [x44, numbers("float32", [2, 1, 1], { seed: 2 })] },
    { opType: "Softmax", inputs: [numbers("float32", [2, 3, 4])], opset: 11 },
    { opType: "LogSoftmax", inputs: [numbers("float32", [2, 3, 4])], attributes: { axis: int(-1) }, opset: 11 },
    { opType: "Hardmax", inputs: [numbers("float32", [2, 3, 4])], attributes: { axis: int(2) }, opset: 12 },
    { opType: "Clip", inputs: [numbers("float32", [9])], attributes: { min: float(-1), max: float(1.5) }, opset: 7 },
    ...["Tan", "Sinh", "Cosh", "Asinh", "Atan"].map((opType): Case => ({ opType, inputs: [numbers("float32", [40], { low: -9, high: 9 })] })),
    ...["Asin", "Acos", "Atanh"].map((opType): Case => ({ opType, inputs: [numbers("float32", [40], { low: -0.99, high: 0.99 })] })),
    { opType: "Acosh", inputs: [numbers("float32", [20], { low: 1, high: 50 })] },
  ],
  Quantization: [
    {
      opType: "QuantizeLinear",
      inputs: [numbers("float32", [3, 4]), list("float32", [0.5, 0.25, 0.125]), list("int8", [1, 0, -3])],
      attributes: { axis: int(0) },
    },
    { opType: "QuantizeLinear", inputs: [numbers("float32", [3, 4], { high: 400 }), scalarOf("float32", 0.5)] },
    {
      opType: "QuantizeLinear",
      inputs: [numbers("float32", [2, 6]), numbers("float32", [2, 3], { low: 0.25, high: 1 }), numbers("uint8", [2, 3], { low: 0 })],
      attributes: { axis: int(1), block_size: int(2) },
    },
    {
      opType: "DequantizeLinear",
      inputs: [numbers("int8", [2, 6], { low: -100, high: 100 }), numbers("float32", [2, 2], { low: 0.1, high: 1 }), numbers("int8", [2, 2])],
      attributes: { axis: int(1), block_size: int(3) },
    },
    { opType: "DequantizeLinear", inputs: [numbers("int32", [4], { low: -1000, high: 1000 }), scalarOf("float32", 0.25)] },
    { opType: "DynamicQuantizeLinear", inputs: [numbers("float32", [5, 4])], outputs: 3 },
    {
      opType: "MatMulInteger",
      inputs: [
        numbers("uint8", [4, 3], { low: 0, high: 255 }),
        numbers("int8", [3, 2], { low: -128, high: 127 }),
        scalarOf("uint8", 12),
        list("int8", [3, -4]),
      ],
    },
    {
      opType: "ConvInteger",
      inputs: [numbers("uint8", [1, 2, 5, 5], { low: 0, high: 255 }), numbers("uint8", [3, 2, 3, 3], { low: 0, high: 255 }), scalarOf("uint8", 128)],
      attributes: { pads: ints(1, 1, 1, 1) },
    },
  ],
  "Scatter and gather": [
    {
      opType: "ScatterND",
      inputs: [numbers("float32", [4, 3]), numbers("int64", [3, 1], { low: 0, high: 3.9 }), numbers("float32", [3, 3], { seed: 5 })],
      attributes: { reduction: string("max") },
    },
    {
      opType: "ScatterND",
      inputs: [numbers("float32", [4, 3]), { dtype: "int64", shape: [2, 2], data: new BigInt64Array([0n, 1n, -1n, 2n]) }, list("float32", [9, 8])],
    },
    {
      opType: "ScatterElements",
      inputs: [
        numbers("float32", [3, 4]),
        { dtype: "int64", shape: [2, 2], data: new BigInt64Array([0n, 2n, 0n, 1n]) },
        numbers("float32", [2, 2], { seed: 3 }),
      ],
      attributes: { axis: int(0), reduction: string("mul") },
    },
    {
      opType: "ScatterElements",
      inputs: [
        numbers("int64", [2, 5]),
        { dtype: "int64", shape: [1, 2], data: new BigInt64Array([1n, -1n]) },
        numbers("int64", [1, 2], { seed: 3 }),
      ],
      attributes: { axis: int(1) },
    },
    {
      opType: "GatherElements",
      inputs: [numbers("float32", [3, 4]), { dtype: "int32", shape: [2, 2], data: new Int32Array([0, -1, 2, 1]) }],
      attributes: { axis: int(1) },
    },
    {
      opType: "GatherND",
      inputs: [numbers("float32", [2, 3, 4]), { dtype: "int64", shape: [2, 2, 1], data: new BigInt64Array([0n, 2n, -1n, 1n]) }],
      attributes: { batch_dims: int(1) },
    },
    {
      opType: "Gather",
      inputs: [numbers("float32", [3, 4]), { dtype: "int64", shape: [1, 2], data: new BigInt64Array([-1n, 0n]) }],
      attributes: { axis: int(1) },
    },
  ],
  "Sampling and signals": [
    ...["zeros", "border", "reflection"].flatMap((padding) =>
      ["linear", "nearest", "cubic"].map((mode): Case => ({
        opType: "GridSample",
        inputs: [numbers("float32", [2, 2, 4, 5]), numbers("float32", [2, 3, 3, 2], { low: -1.4, high: 1.4, seed: 4 })],
        attributes: { mode: string(mode), padding_mode: string(padding), align_corners: int(mode === "cubic" ? 1 : 0) },
        opset: 20,
        tolerance: 1e-4,
      })),
    ),
    { opType: "AffineGrid", inputs: [numbers("float32", [2, 2, 3]), i64(2, 3, 4, 5)], constants: [1], opset: 20 },
    {
      opType: "DFT",
      inputs: [numbers("float32", [2, 8, 1]), undefined, scalarOf("int64", 1)],
      constants: [2],
      attributes: { onesided: int(1) },
      opset: 20,
    },
    { opType: "DFT", inputs: [numbers("float32", [2, 6, 2])], attributes: { inverse: int(1) }, opset: 17 },
    {
      opType: "STFT",
      inputs: [numbers("float32", [1, 32, 1]), scalarOf("int64", 4), numbers("float32", [8], { low: 0 })],
      constants: [1],
      opset: 17,
    },
    {
      opType: "RoiAlign",
      inputs: [numbers("float32", [2, 2, 6, 6]), numbers("float32", [2, 4], { low: 0, high: 6 }), list("int64", [1, 0])],
      attributes: { output_height: int(2), output_width: int(3), sampling_ratio: int(2), mode: string("avg") },
      opset: 16,
    },
  ],
  "Shapes and moves": [
    { opType: "CenterCropPad", inputs: [numbers("float32", [5, 4, 3]), i64(3, 7)], constants: [1], attributes: { axes: ints(0, 2) } },
    { opType: "Slice", inputs: [numbers("float32", [6, 5]), i64(-1, 3), i64(-100, 0), i64(0, 1), i64(-2, -1)], constants: [1, 2, 3, 4] },
    { opType: "Trilu", inputs: [numbers("int64", [2, 4, 5]), scalarOf("int64", -1)], constants: [1], attributes: { upper: int(0) } },
    { opType: "Tile", inputs: [numbers("float32", [2, 3]), i64(3, 2)], constants: [1] },
    {
      opType: "OneHot",
      inputs: [list("int64", [1, -2, 5]), scalarOf("int64", 4), list("float32", [2, 5])],
      constants: [1],
      attributes: { axis: int(0) },
    },
    { opType: "ReverseSequence", inputs: [numbers("float32", [4, 3]), i64(1, 4, 3)], attributes: { time_axis: int(0), batch_axis: int(1) } },
    {
      opType: "Compress",
      inputs: [numbers("float32", [3, 4]), { dtype: "bool", shape: [3], data: new Uint8Array([1, 0, 1]) }],
      constants: [1],
      attributes: { axis: int(1) },
    },
    { opType: "EyeLike", inputs: [numbers("float32", [3, 5])], attributes: { k: int(1), dtype: int(7) } },
    { opType: "TopK", inputs: [numbers("float32", [3, 9]), i64(4)], constants: [1], attributes: { largest: int(0) }, outputs: 2 },
    { opType: "Mod", inputs: [numbers("float32", [20], { seed: 2, low: -9, high: 9 }), scalarOf("float32", 2.5)], attributes: { fmod: int(1) } },
    { opType: "BitwiseXor", inputs: [numbers("int32", [5]), numbers("int32", [5], { seed: 8 })] },
    { opType: "Range", inputs: [scalarOf("float32", 1), scalarOf("float32", 9), scalarOf("float32", 2.5)], constants: [0, 1, 2] },
  ],
  Einsum: ["ij,jk->ik", "...ij,...jk->...ik", "bij,bjk", "ii->i", "ij->", "bhqd,bhkd->bhqk", "i,j,k->kij"].map((equation): Case => {
    const terms = equation.split("->")[0].split(",");
    return {
      opType: "Einsum",
      inputs: terms.map((term, i) =>
        numbers(
          "float32",
          [...term.replace("...", "b")].map((letter) => (equation === "ii->i" ? 3 : 2 + (letter.charCodeAt(0) % 3))),
          { seed: i + 1 },
        ),
      ),
      attributes: { equation: string(equation) },
    };
  }),
  "Recurrent layers": [
    {
      opType: "LSTM",
      inputs: [
        numbers("float32", [5, 2, 3]),
        numbers("float32", [2, 16, 3], { low: -1, high: 1 }),
        numbers("float32", [2, 16, 4], { low: -1, high: 1, seed: 2 }),
        numbers("float32", [2, 32], { low: -1, high: 1, seed: 3 }),
        list("int32", [5, 3]),
      ],
      attributes: { hidden_size: int(4), direction: string("bidirectional") },
      outputs: 3,
      tolerance: 1e-4,
    },
    {
      opType: "GRU",
      inputs: [
        numbers("float32", [5, 2, 3]),
        numbers("float32", [1, 12, 3], { low: -1, high: 1 }),
        numbers("float32", [1, 12, 4], { low: -1, high: 1, seed: 2 }),
        numbers("float32", [1, 24], { low: -1, high: 1, seed: 3 }),
      ],
      attributes: { hidden_size: int(4), direction: string("reverse"), linear_before_reset: int(1) },
      outputs: 2,
      tolerance: 1e-4,
    },
    {
      opType: "RNN",
      inputs: [
        numbers("float32", [4, 2, 3]),
        numbers("float32", [2, 4, 3], { low: -1, high: 1 }),
        numbers("float32", [2, 4, 4], { low: -1, high: 1, seed: 2 }),
      ],
      attributes: { hidden_size: int(4), direction: string("bidirectional"), activations: strings("Relu", "Tanh") },
      outputs: 2,
      tolerance: 1e-4,
    },
  ],
  "onnxruntime's own operators": [
    {
      opType: "FusedMatMul",
      domain: "com.microsoft",
      inputs: [numbers("float32", [2, 3, 4]), numbers("float32", [2, 5, 4], { seed: 2 })],
      attributes: { transB: int(1), alpha: float(0.5) },
    },
    {
      opType: "FusedMatMul",
      domain: "com.microsoft",
      inputs: [numbers("float32", [3, 2, 4]), numbers("float32", [4, 2, 5], { seed: 2 })],
      attributes: { transBatchA: int(1), transBatchB: int(1) },
    },
    { opType: "BiasGelu", domain: "com.microsoft", inputs: [numbers("float32", [2, 3]), numbers("float32", [3], { seed: 2 })] },
    { opType: "FastGelu", domain: "com.microsoft", inputs: [numbers("float32", [2, 3])] },
    { opType: "QuickGelu", domain: "com.microsoft", inputs: [numbers("float32", [2, 3])] },
    {
      opType: "SkipLayerNormalization",
      domain: "com.microsoft",
      inputs: [
        numbers("float32", [1, 2, 8]),
        numbers("float32", [1, 2, 8], { seed: 2 }),
        numbers("float32", [8], { seed: 3 }),
        numbers("float32", [8], { seed: 4 }),
        numbers("float32", [8], { seed: 5 }),
      ],
      tolerance: 1e-4,
    },
  ],
};

describe.each(Object.entries(cases))("%s", (_, list) => {
  it.each(list.map((test, i) => [`${test.opType} (${i})`, test] as const))("%s is computed as by onnxruntime", async (_name, test) => {
    await agrees(test);
    expect.hasAssertions();
  });
});
