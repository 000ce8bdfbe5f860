/** @file Optimal assignment: as good as the best of all permutations. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError } from "../../kernel/errors";
import { optimalAssignment } from "../../kernel/fit/assignment";

/** The smallest total over all ways to give each of the fewer rows a column of its own. */
function best(costs: readonly number[], rows: number, columns: number): number {
  if (rows > columns) return best(Array.from({ length: rows * columns }, (_, i) => costs[(i % rows) * columns + Math.floor(i / rows)]), columns, rows);
  const search = (row: number, used: number): number => {
    if (row === rows) return 0;
    let least = Infinity;
    for (let j = 0; j < columns; j++) if ((used & (1 << j)) === 0) least = Math.min(least, costs[row * columns + j] + search(row + 1, used | (1 << j)));
    return least;
  };
  return search(0, 0);
}

describe("optimalAssignment", () => {
  const problems = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 })).chain(([rows, columns]) => fc.record({ rows: fc.constant(rows), columns: fc.constant(columns), costs: fc.array(fc.integer({ min: -20, max: 20 }), { minLength: rows * columns, maxLength: rows * columns }) }));

  it("has the smallest total of all assignments, rectangular ones too, and the largest when asked", () => {
    fc.assert(
      fc.property(problems, ({ rows, columns, costs }) => {
        const found = optimalAssignment(costs, { rows, columns });
        const taken = [...found.columns].filter((column) => column >= 0);
        expect(new Set(taken).size).toBe(Math.min(rows, columns));
        expect(taken.length).toBe(Math.min(rows, columns));
        expect(found.total).toBe(best(costs, rows, columns));
        expect(optimalAssignment(costs, { rows, columns, maximize: true }).total).toBe(-best(costs.map((cost) => -cost), rows, columns) + 0);
      }),
      { numRuns: 300 },
    );
  });

  it("undoes a permutation of points", () => {
    const n = 100;
    const at = Array.from({ length: n }, (_, i) => (i * 37) % n);
    const costs = Array.from({ length: n * n }, (_, i) => (Math.floor(i / n) - at[i % n]) ** 2);
    const { columns, total } = optimalAssignment(costs, { rows: n, columns: n });
    expect(total).toBe(0);
    columns.forEach((column, row) => expect(at[column]).toBe(row));
  });

  it("refuses what is no table of finite costs, and assigns nothing to nothing", () => {
    expect(() => optimalAssignment([1, 2, 3], { rows: 2, columns: 2 })).toThrow(ArgumentError);
    expect(() => optimalAssignment([1, NaN, 3, 4], { rows: 2, columns: 2 })).toThrow(/row 0 and column 1 is NaN/);
    expect(() => optimalAssignment([1], { rows: 1.5, columns: 1 })).toThrow(ArgumentError);
    expect(optimalAssignment([], { rows: 0, columns: 3 }).total).toBe(0);
    expect([...optimalAssignment([], { rows: 2, columns: 0 }).columns]).toEqual([-1, -1]);
  });
});
