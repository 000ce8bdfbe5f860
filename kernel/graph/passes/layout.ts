/** @file Operand layouts: transposes and factors folded into matrix products, row sums as products. */
import { operands, rewriteGraph, topological, withPlace } from "../rewrite";
import { sameShape, sizeOf } from "../shape";
import { node, type Tensor } from "../tensor";
import { attrsOf, constantOf, isOp, isOrdinary } from "./simplify";

interface Operand {
  readonly tensor: Tensor;
  readonly transposed: boolean;
  readonly lead: boolean;
}

/** Reads `operand` through its Transpose where the product can: the last two axes exchanged, or the first axis moved before the last. */
function through(operand: Operand): Operand {
  const { tensor, transposed, lead } = operand;
  if (!isOp(tensor, "Transpose") || lead) return operand;
  const { perm } = attrsOf(tensor, "Transpose");
  const rank = perm.length;
  const [source] = tensor.inputs;
  const is = (order: readonly number[]): boolean => order.every((axis, i) => axis === perm[i]);
  const axes = perm.map((_, i) => i);
  if (is([...axes.slice(0, -2), rank - 1, rank - 2])) return { tensor: source, transposed: !transposed, lead };
  if (rank > 2 && is([...axes.slice(1, -1), 0, rank - 1])) return { tensor: source, transposed, lead: true };
  if (rank > 2 && is([...axes.slice(1), 0])) return { tensor: source, transposed: !transposed, lead: true };
  return operand;
}

function foldProduct(x: Tensor): Tensor {
  const attrs = attrsOf(x, "MatMul");
  const [a, b] = x.inputs;
  if (a.dtype !== "float32" && a.dtype !== "float64") return x;
  let left = through({ tensor: a, transposed: attrs.transA, lead: attrs.leadA });
  let right = through({ tensor: b, transposed: attrs.transB, lead: attrs.leadB });
  // The first-axis layouts exist for operands of equal batch only, and in float32.
  const batched = a.rank === b.rank && sameShape(a.shape.slice(0, -2), b.shape.slice(0, -2)) && a.dtype === "float32";
  if (!batched && left.lead) left = { tensor: a, transposed: attrs.transA, lead: attrs.leadA };
  if (!batched && right.lead) right = { tensor: b, transposed: attrs.transB, lead: attrs.leadB };
  if (left.tensor === a && right.tensor === b) return x;
  return node("MatMul", [left.tensor, right.tensor], { transA: left.transposed, transB: right.transposed, leadA: left.lead, leadB: right.lead, alpha: attrs.alpha });
}

/** Rows below which a plain sum is as fast as a product. */
const MIN_ROWS = 16;

/** Σ over leading axes as [1, N] · [N, D]: many times faster than a strided reduction (bias gradients). */
function rowSum(x: Tensor): Tensor {
  const { axes } = attrsOf(x, "ReduceSum");
  const [input] = x.inputs;
  const rows = sizeOf(input.shape.slice(0, axes.length));
  const columns = sizeOf(input.shape.slice(axes.length));
  if (!axes.every((axis, i) => axis === i) || axes.length === input.rank || rows < MIN_ROWS || columns < 2 || (x.dtype !== "float32" && x.dtype !== "float64")) return x;
  const ones = node("Broadcast", [node("Const", [], { value: 1, dtype: x.dtype })], { shape: [1, rows] });
  const total = node("MatMul", [ones, node("Reshape", [input], { shape: [rows, columns] })], { transA: false, transB: false, leadA: false, leadB: false, alpha: 1 });
  return node("Reshape", [total], { shape: x.shape });
}

/** Σ over the last axis of x · w with a vector w, as a matrix–vector product: the sum along an inner axis is slow, this is not. */
function weightedRowSum(x: Tensor): Tensor {
  const { axes } = attrsOf(x, "ReduceSum");
  const [product] = x.inputs;
  if (!isOp(product, "Mul") || axes.length !== 1 || axes[0] !== product.rank - 1 || product.rank < 2 || (x.dtype !== "float32" && x.dtype !== "float64")) return x;
  const width = product.shape[product.rank - 1];
  const at = product.inputs.findIndex((operand) => operand.size === width && operand.shape[operand.rank - 1] === width);
  const rows = product.inputs[1 - at];
  if (at < 0 || !sameShape(rows.shape, product.shape) || rows.size === width) return x;
  const matrix = node("Reshape", [rows], { shape: [rows.size / width, width] });
  const column = node("Reshape", [product.inputs[at]], { shape: [width, 1] });
  return node("Reshape", [node("MatMul", [matrix, column], { transA: false, transB: false, leadA: false, leadB: false, alpha: 1 })], { shape: x.shape });
}

/** (a · b) · c with a constant c → the product's own factor, where nothing else reads the product. */
function scaled(x: Tensor, uses: ReadonlyMap<Tensor, number>): Tensor {
  const at = x.inputs.findIndex((input) => isOp(input, "MatMul"));
  const factor = constantOf(x.inputs[1 - at] ?? x);
  const product = x.inputs[at];
  if (at < 0 || factor === undefined || uses.get(product) !== 1 || !sameShape(product.shape, x.shape)) return x;
  const attrs = attrsOf(product, "MatMul");
  return product.dtype === "float32" && isOrdinary(attrs.alpha * factor, "float32") ? node("MatMul", product.inputs, { ...attrs, alpha: attrs.alpha * factor }) : x;
}

/** `outputs` with products reading their operands where they lie; with `rowProducts`, weighted sums of rows are products as well. */
export function foldLayouts(outputs: readonly Tensor[], { rowProducts }: { readonly rowProducts: boolean }): Tensor[] {
  const sums = (x: Tensor): Tensor => {
    const columns = rowSum(x);
    return columns === x && rowProducts ? weightedRowSum(x) : columns;
  };
  const summed = rewriteGraph(outputs, (x) => (isOp(x, "ReduceSum") ? withPlace(x, () => sums(x)) : x));
  const uses = countUses(summed);
  const factored = rewriteWithUses(summed, uses);
  return rewriteGraph(factored, (x) => (isOp(x, "MatMul") ? withPlace(x, () => foldProduct(x)) : x));
}

function rewriteWithUses(outputs: readonly Tensor[], uses: ReadonlyMap<Tensor, number>): Tensor[] {
  // Only products that are unchanged by the rewrite itself have a count; a rebuilt one is left alone.
  return rewriteGraph(outputs, (x) => (isOp(x, "Mul") ? withPlace(x, () => scaled(x, uses)) : x));
}

function countUses(outputs: readonly Tensor[]): Map<Tensor, number> {
  const uses = new Map<Tensor, number>();
  for (const tensor of [...topological(outputs).flatMap((t) => operands(t)), ...outputs]) uses.set(tensor, (uses.get(tensor) ?? 0) + 1);
  return uses;
}
