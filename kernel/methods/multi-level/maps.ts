/** @file The maps of multi-level training: matrices that average groups of an axis, and their row-normalized transposes, which copy. */
import { ArgumentError } from "../../errors";
import { fromHost, type Tensor } from "../../graph/tensor";

/** Which units form a pair: i with the one half of the axis away, or neighbours. */
export type Pairing = "stack" | "adjacent";

/** Small units, each with the large ones that it stands for. */
export type Groups = readonly (readonly number[])[];

/** `count` units in pairs.
 * @throws {ArgumentError} when `count` is odd. */
export function pairs(what: string, { count, pairing }: { readonly count: number; readonly pairing: Pairing }): Groups {
  const half = count / 2;
  if (!Number.isInteger(half) || half < 1) throw new ArgumentError(`multi-level: ${count} ${what} do not part into pairs`, { help: "use an even number, a power of two for several levels" });
  return Array.from({ length: half }, (_, i) => (pairing === "stack" ? [i, i + half] : [2 * i, 2 * i + 1]));
}

/** One axis: groups of units of `block` numbers each (a unit is a head, or the part of the feed-forward layer that belongs to one). */
export interface AxisMap {
  /** F [n, N]: each row averages a group, number by number. */
  readonly average: Tensor;
  /** T [N, n] = the row-normalized transpose of F: copies. F T = I. */
  readonly copy: Tensor;
  readonly small: number;
  readonly large: number;
}

/** F = (groups averaged) ⊗ I and T. */
export function axisMap(groups: Groups, block = 1): AxisMap {
  const [small, large] = [groups.length * block, groups.reduce((sum, group) => sum + group.length, 0) * block];
  const average = new Float32Array(small * large);
  const copy = new Float32Array(large * small);
  groups.forEach((group, i) => {
    for (const unit of group)
      for (let c = 0; c < block; c++) {
        average[(i * block + c) * large + unit * block + c] = 1 / group.length;
        copy[(unit * block + c) * small + i * block + c] = 1;
      }
  });
  return { average: fromHost({ dtype: "float32", shape: [small, large], data: average }), copy: fromHost({ dtype: "float32", shape: [large, small], data: copy }), small, large };
}
