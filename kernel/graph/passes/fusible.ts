/** @file Which nodes can become part of a fused kernel, and over which iteration space they run. */
import type { Op } from "../op";
import { sameShape, type Shape } from "../shape";
import type { Tensor } from "../tensor";
import { attrsOf } from "./simplify";

/** Longest row that a fused kernel reduces; longer ones would not stay in the cache of a core. */
export const MAX_FUSED_ROW = 16_384;

const OF_NUMBERS: ReadonlySet<Op> = new Set<Op>(["Neg", "Abs", "Sign", "Exp", "Log", "Sqrt", "Reciprocal", "Tanh", "Sigmoid", "Erf", "Floor", "Ceil", "Round", "Add", "Sub", "Mul", "Div", "Max", "Min"]);
const OF_FLAGS: ReadonlySet<Op> = new Set<Op>(["Not", "And", "Or", "Xor"]);
const COMPARING: ReadonlySet<Op> = new Set<Op>(["Equal", "Less", "LessEqual", "IsNaN"]);
const REDUCING: ReadonlySet<Op> = new Set<Op>(["ReduceSum", "ReduceMax", "ReduceMin"]);

/** Whether `x` is a reduction of the last axis that keeps it, with size 1. */
export function reducesRows(x: Tensor): boolean {
  if (!REDUCING.has(x.op)) return false;
  // SAFETY: the three reductions have the same attributes.
  const { axes, keep } = attrsOf(x as Tensor<"ReduceSum">, x.op as "ReduceSum");
  const [input] = x.inputs;
  const width = input.shape[input.rank - 1];
  return keep && axes.length === 1 && axes[0] === input.rank - 1 && width > 1 && width <= MAX_FUSED_ROW;
}

/** The shape over which `x` can be computed together with others; undefined where it cannot. */
export function spaceOf(x: Tensor): Shape | undefined {
  if (x.storage !== undefined || x.size === 0) return undefined;
  if (reducesRows(x)) return x.dtype === "float32" ? x.inputs[0].shape : undefined;
  return pointwise(x) && rowsMatch(x) ? x.shape : undefined;
}

function pointwise(x: Tensor): boolean {
  const all = (dtype: string): boolean => x.inputs.every((input) => input.dtype === dtype);
  if (OF_NUMBERS.has(x.op)) return all("float32");
  if (OF_FLAGS.has(x.op)) return all("bool");
  if (COMPARING.has(x.op)) return all("float32");
  if (x.op === "Where") return x.dtype === "float32";
  return x.op === "Cast" && x.dtype === "float32" && all("bool");
}

/** A column has operands that are columns or single numbers: so it can stand beside whole rows. */
const rowsMatch = (x: Tensor): boolean => x.shape[x.rank - 1] !== 1 || x.inputs.every((input) => input.size === 1 || sameShape(input.shape, x.shape));

/** `shape` with one element in each row. */
export const columnOf = (shape: Shape): Shape => [...shape.slice(0, -1), 1];

/** The space that holds both: equal ones, or rows and their column. Undefined where there is none. */
export function commonSpace(a: Shape, b: Shape): Shape | undefined {
  if (sameShape(a, b)) return a;
  if (a.length === 0 || a.length !== b.length) return undefined;
  if (sameShape(columnOf(a), b)) return a;
  return sameShape(columnOf(b), a) ? b : undefined;
}

/** Whether a value of `shape` has its place in `space`: it is of that shape, or its column. */
export const isIn = (shape: Shape, space: Shape): boolean => sameShape(shape, space) || (space.length > 0 && sameShape(shape, columnOf(space)));
