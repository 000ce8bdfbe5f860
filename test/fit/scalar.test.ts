/** @file Functions of one number, and fits judged by what they have not seen. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError } from "../../kernel/errors";
import { leaveOut } from "../../kernel/fit/crossValidation";
import { bisect, minimiseScalar } from "../../kernel/fit/scalar";

const place = fc.double({ min: -50, max: 50, noNaN: true });

describe("bisect", () => {
  it("finds where an increasing function is zero, and where a falling one is", () => {
    fc.assert(
      fc.property(place, fc.constantFrom(1, -1), (root, sign) => {
        const found = bisect((x) => sign * ((x - root) ** 3 + (x - root)), { low: -60, high: 70 });
        expect(Math.abs(found - root)).toBeLessThan(1e-10);
      }),
    );
  });

  it("returns an end that is zero, and refuses ends of one sign", () => {
    expect(bisect((x) => x, { low: 0, high: 3 })).toBe(0);
    expect(bisect((x) => x - 3, { low: 0, high: 3 })).toBe(3);
    expect(() => bisect((x) => x, { low: 1, high: 3 })).toThrow(ArgumentError);
    expect(() => bisect(() => NaN, { low: 1, high: 3 })).toThrow(ArgumentError);
  });
});

describe("minimiseScalar", () => {
  it("finds the least value of a valley, at an end too", () => {
    fc.assert(
      fc.property(place, (middle) => {
        const { x, value } = minimiseScalar((at) => Math.abs(at - middle) ** 1.5, { low: -20, high: 30 });
        const best = Math.max(-20, Math.min(30, middle));
        expect(Math.abs(x - best)).toBeLessThan(1e-6);
        expect(value).toBeLessThanOrEqual(Math.abs(best - middle) ** 1.5 + 1e-8);
      }),
    );
  });

  it("goes into the deeper of two valleys, and passes over what is not finite", () => {
    // Valleys near 0.16, which is forbidden, 0.47 and 0.78; each further one is higher.
    expect(minimiseScalar((x) => (x < 0.2 ? NaN : Math.cos(20 * x) + x), { low: 0, high: 1 }).x).toBeCloseTo((3 * Math.PI - Math.asin(1 / 20)) / 20, 6);
    expect(() => minimiseScalar(() => NaN, { low: 0, high: 1 })).toThrow(ArgumentError);
    expect(() => minimiseScalar((x) => x, { low: 1, high: 0 })).toThrow(ArgumentError);
  });
});

describe("leaveOut", () => {
  it("predicts every point by a fit that has not seen its group", () => {
    const points = [1, 1, 2, 3, 3].map((group, i) => ({ group, i }));
    const held = leaveOut(points, { group: (point) => point.group, fit: (rest) => () => rest.length });
    expect(held.map(({ point, predicted }) => [point.i, predicted])).toEqual([[0, 3], [1, 3], [2, 4], [3, 3], [4, 3]]);
    expect(leaveOut(points, { group: (point) => point.group, groups: [2], fit: (rest) => () => rest.length })).toHaveLength(1);
  });

  it("refuses a group without points, and one that is all there are", () => {
    const points = [{ group: 1 }, { group: 1 }];
    const options = { group: (point: { readonly group: number }) => point.group, fit: () => () => 0 };
    expect(() => leaveOut(points, { ...options, groups: [7] })).toThrow(/group 7 has 0 of 2/);
    expect(() => leaveOut(points, options)).toThrow(/group 1 has 2 of 2/);
  });
});
