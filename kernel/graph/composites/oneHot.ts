/** @file One-hot vectors of indices. */
import { composite } from "../composite";
import { parseDtype } from "../dtype";
import { node } from "../tensor";

/** indices [...] → [..., depth] of `dtype`: 1 at the index, 0 elsewhere. Has no gradient. */
export const oneHot = composite<{ readonly depth: number; readonly dtype: string }>({
  name: "OneHot",
  decompose([indices], { depth, dtype }) {
    const column = node("Reshape", [indices], { shape: [...indices.shape, 1] });
    const positions = node("Iota", [], { length: depth, dtype: indices.dtype });
    return node("Cast", [node("Equal", [column, positions], {})], { to: parseDtype(dtype) });
  },
  vjp: () => [null],
});
