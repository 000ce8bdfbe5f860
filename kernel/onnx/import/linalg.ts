/** @file Products: matrices, Gemm, Einsum, determinants of small matrices. */
import { add, cast, mul, sub } from "../../graph/ops/elementwise";
import { einsum, matmul } from "../../graph/ops/linalg";
import { at, broadcastTo, eye, reshape } from "../../graph/ops/movement";
import { sum } from "../../graph/ops/reduction";
import { isFloat } from "../../graph/dtype";
import type { Tensor } from "../../graph/tensor";
import type { NodeCall, OperatorTable } from "./nodeCall";

/** α A B + β C, with either operand transposed. */
function gemm(call: NodeCall): Tensor {
  const [a, b] = [call.x(0), call.x(1)];
  const [alpha, beta] = [call.float("alpha", 1), call.float("beta", 1)];
  const flags = { transA: call.flag("transA"), transB: call.flag("transB") };
  const product = isFloat(a.dtype) ? matmul(a, b, { ...flags, alpha }) : mul(matmul(a, b, flags), alpha);
  if (!call.has(2) || beta === 0) return product;
  return add(product, beta === 1 ? call.x(2) : mul(call.x(2), beta));
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Einsum as ONNX writes it: any number of operands, "..." for leading axes, letters repeated within an operand, the result left out. */
function einsumOf(call: NodeCall): Tensor {
  const operands = call.all();
  const [left, right] = call.string("equation", "").replace(/\s/g, "").split("->");
  const terms = left.split(",");
  if (terms.length !== operands.length) throw call.bad(`${terms.length} terms for ${operands.length} operands`);
  const free = [...LETTERS].filter((letter) => !left.includes(letter));
  const hidden = Math.max(0, ...terms.map((term, i) => (term.includes("...") ? operands[i].rank - (term.length - 3) : 0)));
  const names = free.slice(0, hidden).join("");
  const spelled = terms.map((term, i) => term.replace("...", names.slice(hidden - (operands[i].rank - (term.length - 3)))));
  const counts = new Map<string, number>();
  for (const letter of left.replace(/[.,]/g, "")) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  const implied = `${names}${[...counts]
    .filter(([, count]) => count === 1)
    .map(([letter]) => letter)
    .sort()
    .join("")}`;
  const out = right === undefined ? implied : right.replace("...", names);
  const parts = operands.map((operand, i) => diagonal(operand, spelled[i]));
  const result = parts.reduce((a, b, i) => {
    const rest = [...parts.slice(i + 1).map(({ term }) => term), out].join("");
    const [x, y] = stretched(a, b);
    const kept = [...new Set(a.term + b.term)].filter((letter) => rest.includes(letter)).join("");
    return { term: kept, tensor: einsum(`${a.term},${b.term}->${kept}`, x, y) };
  });
  return result.term === out ? result.tensor : einsum(`${result.term}->${out}`, result.tensor);
}

interface Term {
  readonly term: string;
  readonly tensor: Tensor;
}

/** Axes of size 1 stretch to those of the other operand with the same letter. */
function stretched(a: Term, b: Term): [Tensor, Tensor] {
  const stretch = (own: Term, other: Term): Tensor =>
    broadcastTo(
      own.tensor,
      own.tensor.shape.map((size, axis) =>
        size === 1 && other.term.includes(own.term[axis]) ? other.tensor.shape[other.term.indexOf(own.term[axis])] : size,
      ),
    );
  return [stretch(a, b), stretch(b, a)];
}

/** A letter that stands twice takes the diagonal of its two axes. */
function diagonal(tensor: Tensor, term: string): Term {
  const first = [...term].findIndex((letter, i) => term.indexOf(letter, i + 1) >= 0);
  if (first < 0) return { term, tensor };
  const second = term.indexOf(term[first], first + 1);
  const n = tensor.shape[first];
  const mask = reshape(
    eye(n, tensor.dtype),
    tensor.shape.map((_, axis) => (axis === first || axis === second ? n : 1)),
  );
  return diagonal(sum(mul(tensor, mask), second), term.slice(0, second) + term.slice(second + 1));
}

/** Matrices larger than this would make too many products: n 2ⁿ of them. */
const DET_LIMIT = 8;

/** Determinants by expansion along the first row, minors shared by the columns they use. */
function determinant(call: NodeCall): Tensor {
  const x = call.x();
  const n = x.shape[x.rank - 1];
  if (n > DET_LIMIT) throw call.unsupported(`matrices of ${n} rows (more than ${DET_LIMIT})`);
  const entry = (row: number, column: number): Tensor => at(at(x, row, x.rank - 2), column, x.rank - 2);
  const minors = new Map<number, Tensor>();
  const minor = (row: number, columns: readonly number[]): Tensor => {
    const key = columns.reduce((bits, column) => bits | (1 << column), 0);
    const known = minors.get(key);
    if (known !== undefined) return known;
    const terms = columns.map((column, i) => {
      const rest = columns.filter((other) => other !== column);
      const product = rest.length === 0 ? entry(row, column) : mul(entry(row, column), minor(row + 1, rest));
      return i % 2 === 0 ? product : mul(product, -1);
    });
    const value = terms.reduce(add);
    minors.set(key, value);
    return value;
  };
  return minor(
    0,
    Array.from({ length: n }, (_, i) => i),
  );
}

/** Integer product of 8-bit matrices with their zero points taken off, in int32. */
export function integerProduct(a: Tensor, b: Tensor, { zeroA, zeroB }: { readonly zeroA?: Tensor; readonly zeroB?: Tensor }): Tensor {
  const wide = (x: Tensor, zero: Tensor | undefined, axis: number): Tensor => {
    const value = cast(x, "int32");
    if (zero === undefined) return value;
    // One zero point for each row of the left operand, or column of the right.
    const shaped =
      zero.size === 1
        ? reshape(zero, [])
        : reshape(
            zero,
            x.shape.map((size, i) => (i === x.rank + axis ? size : zero.rank > 1 && i < zero.rank - 2 ? zero.shape[i] : 1)),
          );
    return sub(value, cast(shaped, "int32"));
  };
  return matmul(wide(a, zeroA, -2), wide(b, zeroB, -1));
}

export const linalg: OperatorTable = {
  Det: determinant,
  Einsum: einsumOf,
  Gemm: gemm,
  MatMul: (call) => matmul(call.x(0), call.x(1)),
  MatMulInteger: (call) => integerProduct(call.x(0), call.x(1), { zeroA: call.inputs[2], zeroB: call.inputs[3] }),
};
