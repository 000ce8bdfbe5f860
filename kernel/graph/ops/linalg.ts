/** @file Products: matrices, convolutions, einsum. */
import { ShapeError } from "../../errors";
import { showShape } from "../shape";
import { node, type Tensor } from "../tensor";
import { mul } from "./elementwise";
import { broadcastTo, expandDims, reshape, squeeze, transpose } from "./movement";
import { sum } from "./reduction";
import { here } from "../trace";

export interface MatMulOptions {
  /** Read the left operand as [..., K, M]. */
  readonly transA?: boolean;
  readonly transB?: boolean;
  /** Factor on the product, free in the fused kernel. Default 1. */
  readonly alpha?: number;
}

/** a · b over the last two axes, leading axes broadcast. A vector (rank 1) is read as a row on the left and as a column on the right. */
export function matmul(a: Tensor, b: Tensor, { transA = false, transB = false, alpha = 1 }: MatMulOptions = {}): Tensor {
  const left = a.rank === 1 ? expandDims(a, transA ? 1 : 0) : a;
  const right = b.rank === 1 ? expandDims(b, transB ? 0 : 1) : b;
  let out = node("MatMul", [left, right], { transA, transB, leadA: false, leadB: false, alpha });
  if (a.rank === 1) out = squeeze(out, -2);
  return b.rank === 1 ? squeeze(out, -1) : out;
}

export interface ConvOptions {
  /** One number for all spatial axes, or one each. Default 1. */
  readonly stride?: number | readonly number[];
  /** Zeros around the image: one number for all sides, one for each axis, or "same" (output = ⌈input / stride⌉). Default 0. */
  readonly padding?: number | readonly number[] | "same";
  readonly dilation?: number | readonly number[];
  readonly groups?: number;
}

const perAxis = (value: number | readonly number[], rank: number): readonly number[] => (typeof value === "number" ? Array.from({ length: rank }, () => value) : value);

/** Convolution (cross-correlation) of x [N, C, ...] with w [O, C / groups, ...], in any number of spatial axes. */
export function conv(x: Tensor, w: Tensor, { stride = 1, padding = 0, dilation = 1, groups = 1 }: ConvOptions = {}): Tensor {
  const rank = x.rank - 2;
  const strides = perAxis(stride, rank);
  const dilations = perAxis(dilation, rank);
  return node("Conv", [x, w], { strides, dilations, groups, pads: padsOf({ padding, strides, dilations, image: x.shape.slice(2), kernel: w.shape.slice(2) }) });
}

interface PadsQuery {
  readonly padding: number | readonly number[] | "same";
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly image: readonly number[];
  readonly kernel: readonly number[];
}

function padsOf({ padding, strides, dilations, image, kernel }: PadsQuery): number[] {
  if (padding !== "same") {
    const each = perAxis(padding, image.length);
    return [...each, ...each];
  }
  const totals = image.map((size, i) => Math.max(0, (Math.ceil(size / strides[i]) - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 - size));
  return [...totals.map((total) => Math.floor(total / 2)), ...totals.map((total) => Math.ceil(total / 2))];
}

export interface ConvTransposeOptions {
  readonly stride?: number | readonly number[];
  /** Cut from every side of the result. Default 0. */
  readonly padding?: number | readonly number[];
  readonly dilation?: number | readonly number[];
  /** Added at the end of every axis of the result. Default 0. */
  readonly outputPadding?: number | readonly number[];
  readonly groups?: number;
}

/** The transpose (gradient) of a convolution: x [N, C, ...] with w [C, O / groups, ...]. */
export function convTranspose(x: Tensor, w: Tensor, { stride = 1, padding = 0, dilation = 1, outputPadding = 0, groups = 1 }: ConvTransposeOptions = {}): Tensor {
  const rank = x.rank - 2;
  const pads = perAxis(padding, rank);
  return node("ConvTranspose", [x, w], { strides: perAxis(stride, rank), dilations: perAxis(dilation, rank), groups, pads: [...pads, ...pads], outputPads: perAxis(outputPadding, rank) });
}

/** a bᵀ of two vectors. */
export const outer = (a: Tensor, b: Tensor): Tensor => mul(expandDims(a, 1), expandDims(b, 0));

/**
 * Sum of products over named axes of one or two operands, as in `einsum("bqd,bkd->bqk", q, k)`: axes missing after the arrow
 * are summed over. Two operands become one batched MatMul.
 * @throws {ShapeError} when letters and sizes do not agree.
 */
export function einsum(formula: string, ...operands: readonly Tensor[]): Tensor {
  const [left, out] = formula.replace(/\s/g, "").split("->");
  const terms = left.split(",");
  const bad = (why: string): ShapeError => new ShapeError(`einsum("${formula}"): ${why}`, { where: here(), help: `operands are ${operands.map((t) => showShape(t.shape)).join(", ")}; write one letter for each axis, as in "bqd,bkd->bqk"` });
  if (out === undefined || terms.length !== operands.length || terms.length < 1 || terms.length > 2) throw bad("needs one term for each of one or two operands, and an arrow");
  const size = new Map<string, number>();
  terms.forEach((term, k) => {
    if (term.length !== operands[k].rank || new Set(term).size !== term.length) throw bad(`"${term}" does not name the axes of ${showShape(operands[k].shape)} once each`);
    [...term].forEach((letter, axis) => {
      if ((size.get(letter) ?? operands[k].shape[axis]) !== operands[k].shape[axis]) throw bad(`"${letter}" is ${size.get(letter)} and ${operands[k].shape[axis]}`);
      size.set(letter, operands[k].shape[axis]);
    });
  });
  if (![...out].every((letter) => size.has(letter))) throw bad("the result names an axis that no operand has");
  const reduced = terms.map((term, k) => {
    const dropped = [...term].filter((letter) => !out.includes(letter) && !(terms[1 - k] ?? "").includes(letter));
    const kept = [...term].filter((letter) => !dropped.includes(letter)).join("");
    return { term: kept, x: dropped.length === 0 ? operands[k] : sum(operands[k], dropped.map((letter) => term.indexOf(letter))) };
  });
  const order = (x: Tensor, from: string, to: string): Tensor => transpose(x, [...to].map((letter) => from.indexOf(letter)));
  if (reduced.length === 1) return order(reduced[0].x, reduced[0].term, out);
  const [a, b] = reduced;
  const letters = (keep: (letter: string) => boolean, term: string): string => [...term].filter(keep).join("");
  const batch = letters((l) => b.term.includes(l) && out.includes(l), a.term);
  const inner = letters((l) => b.term.includes(l) && !out.includes(l), a.term);
  const rows = letters((l) => !b.term.includes(l), a.term);
  const columns = letters((l) => !a.term.includes(l), b.term);
  const sizes = (group: string): number[] => [...group].map((letter) => size.get(letter) ?? 1);
  const count = (group: string): number => sizes(group).reduce((p, n) => p * n, 1);
  const x = reshape(order(a.x, a.term, batch + rows + inner), [...sizes(batch), count(rows), count(inner)]);
  const y = reshape(order(b.x, b.term, batch + inner + columns), [...sizes(batch), count(inner), count(columns)]);
  return order(reshape(matmul(x, y), [...sizes(batch), ...sizes(rows), ...sizes(columns)]), batch + rows + columns, out);
}

/** Σ x ⊙ y over the last axis. */
export const dot = (x: Tensor, y: Tensor): Tensor => sum(mul(x, broadcastTo(y, x.shape)), -1);
