/** @file Judges a fit by points that it has not seen: groups of points are left out in turn. */
import { ArgumentError } from "../errors";

export interface LeaveOutOptions<P> {
  /** What is left out together: `(run) => run.ratio`. */
  readonly group: (point: P) => number | string;
  /** Groups to leave out. Default all. */
  readonly groups?: readonly (number | string)[];
  /** Fits the rest; what it returns predicts a point. */
  readonly fit: (rest: readonly P[]) => (point: P) => number;
}

/** A point with what was predicted for it by a fit to the other groups. */
export interface HeldOut<P> {
  readonly point: P;
  readonly predicted: number;
}

/** The points of every group that is left out, group by group.
 * @throws {ArgumentError} when a group has no points, or is all there are. */
export function leaveOut<P>(points: readonly P[], { group, groups = [...new Set(points.map(group))], fit }: LeaveOutOptions<P>): readonly HeldOut<P>[] {
  return groups.flatMap((left) => {
    const held = points.filter((point) => group(point) === left);
    const rest = points.filter((point) => group(point) !== left);
    if (held.length === 0 || rest.length === 0) throw new ArgumentError(`leaveOut: group ${left} has ${held.length} of ${points.length} points`, { help: `the groups are ${[...new Set(points.map(group))].join(", ")}` });
    const predict = fit(rest);
    return held.map((point) => ({ point, predicted: predict(point) }));
  });
}
