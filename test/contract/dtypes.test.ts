/** @file Every operation in every dtype: it is refused when the graph is made, or it computes. */
import { describe, expect, test } from "vitest";
import { DtypeError } from "../../kernel/errors";
import { bfloat16Bits, bfloat16Value, DTYPES, float16Bits, float16Value, type Dtype } from "../../kernel/graph/dtype";
import type { Op, OpAttrs } from "../../kernel/graph/op";
import { node, type Tensor } from "../../kernel/graph/tensor";
import { nd, type Nd } from "./arrays";
import { cases } from "./cases";
import { references, type Reference } from "./reference";
import { evaluate, parametersFor } from "./run";

// SAFETY: the keys of the table are the operations.
const OPS = (Object.keys(cases) as Op[]).filter((op) => cases[op].some(({ inputs }) => inputs.length > 0) && op !== "Composite" && op !== "Loop" && op !== "Input" && op !== "Data");

/** How far results may be off, relative to 1 + |value|: a few units in the last place of the dtype. */
const TOLERANCE: Readonly<Record<Dtype, number>> = { float64: 1e-6, float32: 1e-5, float16: 4e-3, bfloat16: 3e-2, int8: 0, uint8: 0, int32: 0, int64: 0, bool: 0 };

const ROUND: Readonly<Record<Dtype, (value: number) => number>> = {
  float64: (v) => v,
  float32: Math.fround,
  float16: (v) => float16Value(float16Bits(v)),
  bfloat16: (v) => bfloat16Value(bfloat16Bits(v)),
  int8: Math.round,
  int32: Math.round,
  int64: Math.round,
  uint8: (v) => Math.abs(Math.round(v)),
  bool: (v) => (v > 0 ? 1 : 0),
};

/** Positions of the operands that indices and conditions are; they keep their dtype. */
const FIXED: Partial<Record<Op, readonly number[]>> = { Where: [0], Gather: [1], TakeAlong: [1], ScatterAdd: [1] };
/** Divisors and exponents that suit whole numbers. */
const POSITIVE: Partial<Record<Op, readonly number[]>> = { Div: [1], Mod: [1], Pow: [0, 1] };

function inDtype(op: Op, inputs: readonly Nd[], dtype: Dtype): Nd[] {
  return inputs.map((x, i) => {
    if (FIXED[op]?.includes(i)) return x;
    const positive = POSITIVE[op]?.includes(i) === true && dtype.includes("int");
    return nd(x.shape, x.data.map((v) => (positive ? 1 + Math.abs(Math.round(v)) : ROUND[dtype](v))), dtype);
  });
}

/** Integers wrap around. */
const wrapped = (value: number, dtype: Dtype): number => (dtype === "uint8" ? value & 255 : dtype === "int8" ? (value << 24) >> 24 : value);

/** Three calls of an operation: the largest one of those that are quick, one in the middle and the smallest. */
function chosen(op: Op): { readonly inputs: readonly Nd[]; readonly attrs: OpAttrs[Op] }[] {
  const size = (inputs: readonly Nd[]): number => inputs.reduce((sum, x) => sum + x.data.length, 0);
  const list = cases[op].filter(({ attrs }) => !("leadA" in attrs && (attrs.leadA || attrs.leadB)) && !("alpha" in attrs && attrs.alpha !== 1));
  const sorted = [...list].sort((a, b) => size(b.inputs) - size(a.inputs)).filter(({ inputs }) => size(inputs) < 300);
  return [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted[sorted.length - 1]];
}

describe.each(OPS)("%s", (op) => {
  test.each(DTYPES)("%s computes, or is refused when the graph is made", async (dtype) => {
    for (const { inputs: original, attrs } of chosen(op)) {
      const inputs = inDtype(op, original, dtype);
      const parameters = parametersFor(inputs);
      let out: Tensor;
      try {
        out = node<Op>(op, parameters, attrs);
      } catch (error) {
        expect(error).toBeInstanceOf(DtypeError);
        continue;
      }
      // SAFETY: the attributes are those of a case of `op`.
      const exact = (references[op] as Reference<Op>)(inputs, attrs);
      const want = { ...exact, data: exact.data.map((v) => wrapped(v, out.dtype)) };
      const [got] = await evaluate([out], { parameters, inputs, path: "as written" });
      expect(got.dtype).toBe(out.dtype);
      expect(got.shape).toEqual(want.shape);
      const tolerance = Math.max(TOLERANCE[dtype], TOLERANCE[out.dtype]);
      got.data.forEach((value, i) => {
        if (Math.abs(value - want.data[i]) > tolerance * (1 + Math.abs(want.data[i]))) expect.fail(`${JSON.stringify(attrs)}: element ${i} is ${value}, not ${want.data[i]}`);
      });
    }
  });
});
