/** @file Functions of one number: where one is zero, and where it is least. */
import { ArgumentError } from "../errors";

export interface ScalarRange {
  readonly low: number;
  readonly high: number;
}

/** Halvings after which a double has no bits left to gain. */
const MAX_HALVINGS = 200;

/** Where `f` changes its sign between `low` and `high`, to the last bits. Signs must differ at the ends; a zero end is returned.
 * @throws {ArgumentError} when they do not. */
export function bisect(f: (x: number) => number, { low, high }: ScalarRange): number {
  const [first, last] = [f(low), f(high)];
  if (first === 0) return low;
  if (last === 0) return high;
  if (!(first < 0 !== last < 0) || Number.isNaN(first) || Number.isNaN(last))
    throw new ArgumentError(`bisect: the function is ${first} at ${low} and ${last} at ${high}`, { help: "give ends at which it has different signs" });
  let [a, b] = [low, high];
  for (let i = 0; i < MAX_HALVINGS; i++) {
    const middle = a + 0.5 * (b - a);
    if (middle === a || middle === b) break;
    const value = f(middle);
    if (value === 0) return middle;
    if (value < 0 === first < 0) a = middle;
    else b = middle;
  }
  return a + 0.5 * (b - a);
}

export interface ScalarMinimum {
  readonly x: number;
  readonly value: number;
}

/** (√5 − 1)/2: each trial divides the interval as the last one did. */
const GOLDEN = 0.5 * (Math.sqrt(5) - 1);
const GOLDEN_STEPS = 80;

/** The least value of `f` from `low` to `high`: of evenly spaced points the best, then golden section between its neighbours, or one of the ends.
 * A function with several minima is followed into that of the best point. Values that are not finite are passed over.
 * @param options.points - default 100. @throws {ArgumentError} when no point has a finite value, or the range is empty. */
export function minimiseScalar(f: (x: number) => number, { low, high, points = 100 }: ScalarRange & { readonly points?: number }): ScalarMinimum {
  if (!(low <= high)) throw new ArgumentError(`minimiseScalar: from ${low} to ${high}`, { help: "give the smaller end first" });
  const grid = Array.from({ length: points + 1 }, (_, i) => (i === points ? high : low + ((high - low) * i) / points));
  const found = grid.map((x) => ({ x, value: f(x) }));
  const best = found.reduce<ScalarMinimum | undefined>((least, one) => (Number.isFinite(one.value) && (least === undefined || one.value < least.value) ? one : least), undefined);
  if (best === undefined) throw new ArgumentError(`minimiseScalar: the function has no finite value from ${low} to ${high}`, { help: "look at what it returns there" });
  const at = grid.indexOf(best.x);
  let [a, b] = [grid[Math.max(0, at - 1)], grid[Math.min(points, at + 1)]];
  let [left, right] = [b - GOLDEN * (b - a), a + GOLDEN * (b - a)];
  let [atLeft, atRight] = [f(left), f(right)];
  for (let i = 0; i < GOLDEN_STEPS; i++) {
    if (atLeft <= atRight || Number.isNaN(atRight)) {
      [b, right, atRight] = [right, left, atLeft];
      left = b - GOLDEN * (b - a);
      atLeft = f(left);
    } else {
      [a, left, atLeft] = [left, right, atRight];
      right = a + GOLDEN * (b - a);
      atRight = f(right);
    }
  }
  const inner = atLeft <= atRight ? { x: left, value: atLeft } : { x: right, value: atRight };
  return inner.value < best.value ? inner : best;
}
