import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { commonBudget, curveOf, cutAt, metricNames, smooth, thin, valueAt } from "../../kernel/runs/series";
import type { MetricRow } from "../../kernel/runs/schema";

const rows: readonly MetricRow[] = [
  { step: 1, seconds: 0.1, flops: 10, values: { loss: 4, validation: 5 } },
  { step: 2, seconds: 0.2, flops: 20, values: { loss: NaN } },
  { step: 3, seconds: 0.3, flops: 30, values: { loss: 2 } },
  { step: 4, seconds: 0.4, values: { loss: 1 } },
];

describe("curves of runs", () => {
  it("leave out rows without the axis or with a value that is not finite", () => {
    expect(curveOf(rows, "loss", "flops")).toEqual({ x: [10, 30], y: [4, 2] });
    expect(curveOf(rows, "loss", "tokens")).toEqual({ x: [], y: [] });
    expect(metricNames(rows)).toEqual(["loss", "validation"]);
  });

  it("are cut at equal FLOPs, with the value there between two points", () => {
    const a = { x: [0, 10, 20], y: [4, 2, 1] };
    const b = { x: [0, 16], y: [4, 1] };
    expect(commonBudget([a, b])).toBe(16);
    expect(valueAt(a, 16)).toBeCloseTo(1.4);
    expect(cutAt(a, 16)).toEqual({ x: [0, 10, 16], y: [4, 2, 1.4] });
    expect(cutAt(b, 16)).toEqual(b);
    expect(valueAt(a, 21)).toBeUndefined();
    expect(valueAt({ x: [], y: [] }, 1)).toBeUndefined();
    expect(commonBudget([])).toBeUndefined();
  });

  it("keep a constant under any smoothing, from the first point on", () => {
    const { y } = smooth({ x: [1, 2, 3], y: [5, 5, 5] }, 0.9);
    for (const value of y) expect(value).toBeCloseTo(5, 12);
    expect(smooth({ x: [1, 2], y: [0, 1] }, 0.5).y).toEqual([0, 0.5 / 0.75]);
  });

  it("keep ends, lowest and highest when they are thinned", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 500 }), fc.integer({ min: 4, max: 100 }), (y, limit) => {
        const curve = { x: y.map((_, i) => i), y };
        const less = thin(curve, limit);
        expect(less.x.length).toBeLessThanOrEqual(Math.max(limit + 4, 4));
        expect(Math.min(...less.y)).toBe(Math.min(...y));
        expect(Math.max(...less.y)).toBe(Math.max(...y));
        expect([less.x[0], less.x.at(-1)]).toEqual([0, y.length - 1]);
        expect([...less.x].sort((a, b) => a - b)).toEqual(less.x);
      }),
    );
  });
});
