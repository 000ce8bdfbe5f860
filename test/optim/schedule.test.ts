import fc from "fast-check";
import { describe, expect, it } from "vitest";
import "../../kernel/runtime/realize";
import { ArgumentError } from "../../kernel/errors";
import { iota } from "../../kernel/graph/ops/movement";
import { tensor } from "../../kernel/graph/tensor";
import { constant, exponential, linear, piecewise, warmup, warmupCosine, wsd, type Schedule } from "../../kernel/optim";

const at = async (schedule: Schedule, steps: readonly number[]): Promise<number[]> => [...(await schedule(tensor(steps, "int32")).numbers())];
const curve = async (schedule: Schedule, steps: number): Promise<number[]> => [...(await schedule(iota(steps)).numbers())];
function expectClose(values: readonly number[], expected: readonly number[]): void {
  expect(values.length).toBe(expected.length);
  values.forEach((value, i) => expect(value, `value ${i}`).toBeCloseTo(expected[i], 6));
}

describe("schedules at known points", () => {
  it.each<readonly [string, Schedule, readonly number[], readonly number[]]>([
    ["constant", constant(0.3), [0, 5, 1e6], [0.3, 0.3, 0.3]],
    ["linear", linear({ from: 1, to: 0.2, steps: 4 }), [0, 1, 2, 4, 9], [1, 0.8, 0.6, 0.2, 0.2]],
    ["warmup", warmup({ peak: 2, steps: 4 }), [0, 1, 3, 4, 99], [0.5, 1, 2, 2, 2]],
    ["warmup of no steps", warmup({ peak: 2, steps: 0 }), [0, 1], [2, 2]],
    ["warmupCosine", warmupCosine({ peak: 1, warmup: 10, steps: 110, floor: 0.1 }), [0, 9, 10, 60, 110, 500], [0.1, 1, 1, 0.55, 0.1, 0.1]],
    ["warmupCosine with its defaults", warmupCosine({ peak: 1, steps: 100 }), [0, 4, 5, 100], [0.2, 1, 1, 0.1]],
    ["wsd", wsd({ peak: 1, warmup: 10, decay: 20, steps: 100 }), [0, 9, 50, 80, 90, 100, 101], [0.1, 1, 1, 1, 0.5, 0, 0]],
    ["wsd by a root", wsd({ peak: 1, warmup: 0, decay: 16, steps: 32, floor: 0.2, shape: "sqrt" }), [0, 16, 20, 32], [1, 1, 0.6, 0.2]],
    ["exponential", exponential({ from: 8, rate: 0.5, every: 10 }), [0, 10, 25, 30], [8, 4, 8 * 0.5 ** 2.5, 1]],
    ["piecewise", piecewise([[0, 1], [10, 0.5], [20, linear({ from: 0.5, to: 0, steps: 10 })]]), [0, 9, 10, 19, 20, 25, 40], [1, 1, 0.5, 0.5, 0.5, 0.25, 0]],
  ])("%s", async (_, schedule, steps, expected) => {
    expectClose(await at(schedule, steps), expected);
    for (const [i, step] of steps.entries()) expect(await schedule(tensor(step, "int32")).item()).toBeCloseTo(expected[i], 6);
  });
});

describe("schedules of any settings", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const settings = fc.record({ peak: fc.double({ min: 1e-5, max: 1, noNaN: true }), steps: fc.integer({ min: 1, max: 60 }), share, floor: share });

  it("rise to the peak, never above, then fall to the floor", async () => {
    await fc.assert(
      fc.asyncProperty(settings, fc.boolean(), async ({ peak, steps, share, floor }, cosine) => {
        const grown = Math.floor(share * steps * 0.7);
        const low = floor * peak;
        const common = { peak, steps, warmup: grown, floor: low };
        const schedule = cosine ? warmupCosine(common) : wsd({ ...common, decay: Math.floor(0.3 * steps) });
        const values = await curve(schedule, steps + 2);
        const slack = 1e-6 * peak;
        values.forEach((value, i) => {
          expect(value).toBeLessThanOrEqual(peak + slack);
          if (i > 0 && i < grown) expect(value).toBeGreaterThanOrEqual(values[i - 1] - slack);
          if (i > grown) expect(value).toBeLessThanOrEqual(values[i - 1] + slack);
        });
        expect(Math.max(...values)).toBeGreaterThan(peak - slack);
        expect(Math.abs(values[steps] - low)).toBeLessThan(slack);
      }),
      { numRuns: 25 },
    );
  });

  it("refuse settings that make no schedule", () => {
    expect(() => warmupCosine({ peak: 1, steps: 10, warmup: 11 })).toThrow(ArgumentError);
    expect(() => warmupCosine({ peak: 1, steps: NaN })).toThrow(ArgumentError);
    expect(() => wsd({ peak: 1, steps: 10, warmup: 6, decay: 6 })).toThrow(ArgumentError);
    expect(() => linear({ from: 0, to: 1, steps: -1 })).toThrow(ArgumentError);
    expect(() => exponential({ from: 1, rate: 0 })).toThrow(ArgumentError);
    expect(() => piecewise([])).toThrow(ArgumentError);
    expect(() => piecewise([[5, 1], [5, 2]])).toThrow(ArgumentError);
  });
});
