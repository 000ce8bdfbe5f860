/**
 * @file The optimal assignment of rows to columns on the host: the shortest augmenting path algorithm (Jonker & Volgenant 1987; Crouse 2016,
 * "On implementing 2D rectangular assignment algorithms"), exact, in time N² M for N ≤ M. In a graph it is assignColumns
 * (kernel/graph/composites/assignment.ts).
 */
import { ArgumentError } from "../errors";

export interface Assignment {
  /** Column of each row; −1 for rows that get none, where there are more rows than columns. */
  readonly columns: Int32Array;
  /** Sum of the costs of the pairs. */
  readonly total: number;
}

export interface AssignmentOptions {
  readonly rows: number;
  readonly columns: number;
  /** Largest total instead of the smallest. Default false. */
  readonly maximize?: boolean;
}

/**
 * min(rows, columns) pairs, no row or column twice, with the smallest total cost. Equal costs go to the first column.
 * @param costs - row-major [rows, columns], finite.
 * @throws {ArgumentError} when the number of costs is another, or one is not finite.
 */
export function optimalAssignment(costs: ArrayLike<number>, { rows, columns, maximize = false }: AssignmentOptions): Assignment {
  if (!Number.isInteger(rows) || !Number.isInteger(columns) || rows < 0 || columns < 0 || costs.length !== rows * columns)
    throw new ArgumentError(`optimalAssignment: ${costs.length} costs for ${rows} × ${columns}`, { help: "give one cost for each pair, row after row" });
  for (let i = 0; i < costs.length; i++)
    if (!Number.isFinite(costs[i])) throw new ArgumentError(`optimalAssignment: the cost of row ${Math.floor(i / columns)} and column ${i % columns} is ${costs[i]}`, { help: "give finite costs; forbid a pair by a cost larger than all others together" });
  const flipped = rows > columns;
  const [n, m] = flipped ? [columns, rows] : [rows, columns];
  const sign = maximize ? -1 : 1;
  const cost = (i: number, j: number): number => sign * (flipped ? costs[j * columns + i] : costs[i * columns + j]);
  const rowOf = augmentAll(n, m, cost);
  const result = new Int32Array(rows).fill(-1);
  let total = 0;
  for (let j = 0; j < m; j++) {
    if (rowOf[j] < 0) continue;
    const [row, column] = flipped ? [j, rowOf[j]] : [rowOf[j], j];
    result[row] = column;
    total += costs[row * columns + column];
  }
  return { columns: result, total };
}

/** The row of each of m columns, −1 where none; all n ≤ m rows have one. */
function augmentAll(n: number, m: number, cost: (i: number, j: number) => number): Int32Array {
  const rowPrice = new Float64Array(n);
  const columnPrice = new Float64Array(m);
  const rowOf = new Int32Array(m).fill(-1);
  const distance = new Float64Array(m);
  const before = new Int32Array(m); // column before, on the shortest path; −1 at its start
  const done = new Uint8Array(m);
  for (let start = 0; start < n; start++) {
    distance.fill(Infinity);
    done.fill(0);
    let [row, at, length] = [start, -1, 0];
    // Dijkstra over reduced costs until a free column is nearest.
    do {
      let next = -1;
      for (let j = 0; j < m; j++) {
        if (done[j] === 1) continue;
        const through = length + cost(row, j) - rowPrice[row] - columnPrice[j];
        if (through < distance[j]) {
          distance[j] = through;
          before[j] = at;
        }
        if (next < 0 || distance[j] < distance[next]) next = j;
      }
      at = next;
      length = distance[at];
      done[at] = 1;
      row = rowOf[at];
    } while (row >= 0);
    rowPrice[start] += length;
    for (let j = 0; j < m; j++) {
      if (done[j] === 0 || j === at) continue;
      rowPrice[rowOf[j]] += length - distance[j];
      columnPrice[j] -= length - distance[j];
    }
    for (let j = at; j >= 0; j = before[j]) rowOf[j] = before[j] < 0 ? start : rowOf[before[j]];
  }
  return rowOf;
}
