/**
 * @file Optimal assignment of rows to columns in the graph: the shortest augmenting path algorithm (Jonker & Volgenant 1987; Crouse 2016,
 * "On implementing 2D rectangular assignment algorithms"), in float64 and step by step as on the host (kernel/fit/assignment.ts).
 */
import { ShapeError } from "../../errors";
import { composite } from "../composite";
import { loop } from "../loop";
import { abs, add, and, cast, equal, less, mul, not, notEqual, requireFloat, scalar, sub, where } from "../ops/elementwise";
import { gather, scatterAdd, takeAlong } from "../ops/indexing";
import { broadcastTo, concat, expandDims, full, iota, pad, reshape, slice, zeros } from "../ops/movement";
import { argMin, max } from "../ops/reduction";
import { showShape, sizeOf } from "../shape";
import type { Tensor } from "../tensor";
import { here } from "../trace";

/** One problem of a batch: B problems of N rows and M columns. */
interface Sizes {
  readonly b: number;
  readonly n: number;
  readonly m: number;
}

interface Prices {
  /** Row that has each column, N where none does: int64 [B, M]. */
  readonly rowOf: Tensor;
  /** [B, N + 1]; that of no row is 0. */
  readonly rowPrice: Tensor;
  /** [B, M]. */
  readonly columnPrice: Tensor;
}

/** Costs in float64, those that are not finite replaced by more than the finite ones of any two assignments are apart. */
function allowed(costs: Tensor, { n }: Sizes): Tensor {
  const size = abs(costs);
  const finite = less(size, Infinity);
  const forbidden = mul(add(max(where(finite, size, scalar(0, "float64")), [1, 2], { keep: true }), 1), 2 * n + 1);
  return where(finite, costs, forbidden);
}

const optimalAssignmentOf = composite<Record<never, never>>({
  name: "OptimalAssignment",
  decompose([costs]) {
    const [n, m] = costs.shape.slice(-2);
    const b = sizeOf(costs.shape.slice(0, -2));
    const sizes = { b, n, m };
    const wide = allowed(reshape(cast(costs, "float64"), [b, n, m]), sizes);
    // No row at all is infinitely far from all columns.
    const table = reshape(pad(wide, [[0, 0], [0, 1], [0, 0]], Infinity), [b * (n + 1), m]);
    const none: Prices = { rowOf: full([b, m], n, "int64"), rowPrice: zeros([b, n + 1], "float64"), columnPrice: zeros([b, m], "float64") };
    const { rowOf } = loop(n, none, (prices, row) => assignRow(prices, { table, start: broadcastTo(row, [b, 1]), ...sizes }));
    const columns = broadcastTo(iota(m, "int64"), [b, m]);
    return reshape(slice(scatterAdd(zeros([b, n + 1], "int64"), rowOf, { updates: columns, axis: 1 }), { axis: 1, end: n }), costs.shape.slice(0, -1));
  },
  vjp: () => [null],
});

interface Start extends Sizes {
  /** Costs of each row and of no row: [B (N + 1), M]. */
  readonly table: Tensor;
  /** The row that gets a column: int64 [B, 1]. */
  readonly start: Tensor;
}

/** Gives one more row a column, along the shortest path from it to a column that no row has. Column M stands for the row itself. */
function assignRow({ rowOf, rowPrice, columnPrice }: Prices, { table, start, b, n, m }: Start): Prices {
  const columns = iota(m, "int64");
  const rowAt = concat([rowOf, start], 1);
  const own = full([b, 1], m, "int64");
  const offsets = mul(iota(b, "int64"), scalar(n + 1, "int64"));
  // Dijkstra over reduced costs: each round reaches the nearest column, until one is free; the rounds after that change nothing.
  const begin = { distance: full([b, m], Infinity, "float64"), before: full([b, m], m, "int64"), open: full([b, m], 1, "bool"), at: own, length: zeros([b, 1], "float64") };
  const { distance, before, open, at, length } = loop(n, begin, (path) => {
    const row = takeAlong(rowAt, path.at, 1);
    const costs = gather(table, add(reshape(row, [b]), offsets));
    const through = sub(sub(add(path.length, costs), takeAlong(rowPrice, row, 1)), columnPrice);
    const nearer = and(less(through, path.distance), path.open);
    const reached = where(nearer, through, path.distance);
    const nearest = expandDims(argMin(where(path.open, reached, scalar(Infinity, "float64")), 1), 1);
    const next = where(equal(row, scalar(n, "int64")), path.at, nearest);
    return { distance: reached, before: where(nearer, path.at, path.before), open: and(path.open, notEqual(columns, next)), at: next, length: takeAlong(reached, next, 1) };
  });
  const gain = where(and(not(open), notEqual(columns, at)), sub(length, distance), scalar(0, "float64"));
  const gainers = where(open, scalar(n, "int64"), rowOf);
  return {
    rowOf: where(onPath({ before, at, own, n }), takeAlong(rowAt, before, 1), rowOf),
    rowPrice: scatterAdd(rowPrice, concat([gainers, start], 1), { updates: concat([gain, length], 1), axis: 1 }),
    columnPrice: sub(columnPrice, gain),
  };
}

/** Which columns lie on the path that ends `at` a column, by the column before each: bool [B, M]. Each round looks twice as far back. */
function onPath({ before, at, own, n }: { readonly before: Tensor; readonly at: Tensor; readonly own: Tensor; readonly n: number }): Tensor {
  const m = before.shape[1];
  const begin = { marks: cast(equal(iota(m + 1, "int64"), at), "int32"), back: concat([before, own], 1) };
  const { marks } = loop(Math.ceil(Math.log2(n)), begin, (path) => ({ marks: scatterAdd(path.marks, path.back, { updates: path.marks, axis: 1 }), back: takeAlong(path.back, path.back, 1) }));
  return less(scalar(0, "int32"), slice(marks, { axis: 1, end: m }));
}

/**
 * The column of each row, no column twice, with the smallest total cost: costs [..., N, M] with N ≤ M give int64 [..., N]. Costs are read in
 * float32 and added in float64; equal ones go to the first column. A pair whose cost is infinite or NaN is forbidden: the result has as few of
 * them as possible. Time grows with N² M at most; leading axes are independent problems, computed side by side. Has no gradient. Where our
 * operators are not loaded it is a loop of N² rounds, hundreds of times slower. On the host, from an array of numbers, it is `optimalAssignment`.
 *
 * Jonker & Volgenant 1987; Crouse 2016, "On implementing 2D rectangular assignment algorithms".
 * @throws {ShapeError} when there are fewer than two axes, or more rows than columns.
 */
export function assignColumns(costs: Tensor): Tensor {
  requireFloat(costs, "assignColumns");
  const [n, m] = costs.shape.slice(-2);
  if (costs.rank < 2) throw new ShapeError(`assignColumns: costs ${showShape(costs.shape)}`, { where: here(), help: "give a cost for each row and column, [..., N, M]" });
  if (n > m) throw new ShapeError(`assignColumns: ${n} rows and ${m} columns: costs ${showShape(costs.shape)}`, { where: here(), help: "exchange the last two axes with swapAxes(), which gives the row of each column" });
  return costs.size === 0 ? zeros(costs.shape.slice(0, -1), "int64") : optimalAssignmentOf([cast(costs, "float32")], {});
}
