import fc from "fast-check";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DISPLAY } from "../../kernel/display/displayable";
import { NumericError } from "../../kernel/errors";
import { choice, grid, integer, logUniform, sample, uniform } from "../../kernel/experiment/searchSpace";
import { slurm } from "../../kernel/experiment/slurm";
import { sweep } from "../../kernel/experiment/sweep";

let folder: string;
const before = process.env.ISOFLOP_RUNS;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "isoflop-sweep-"));
  process.env.ISOFLOP_RUNS = join(folder, "runs");
});
afterEach(() => {
  if (before === undefined) delete process.env.ISOFLOP_RUNS;
  else process.env.ISOFLOP_RUNS = before;
  rmSync(folder, { recursive: true, force: true });
});

describe("space", () => {
  it("grid() has every combination once, the last axis fastest", () => {
    expect(grid({ width: [32, 64], act: ["relu", "gelu"] })).toEqual([
      { width: 32, act: "relu" },
      { width: 32, act: "gelu" },
      { width: 64, act: "relu" },
      { width: 64, act: "gelu" },
    ]);
    expect(() => grid({ width: [] })).toThrow(/axis width of a grid has no values/);
  });

  it("sample() stays in its ranges, and more trials or axes leave those that were there", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 1, max: 40 }), (seed, trials) => {
        const axes = { lr: logUniform(1e-4, 1e-1), drop: uniform(0, 0.5), depth: integer(2, 5), act: choice("relu", "gelu") };
        const found = sample(axes, { trials, seed });
        expect(found).toHaveLength(trials);
        for (const { lr, drop, depth, act } of found) {
          expect(lr >= 1e-4 && lr < 1e-1 && drop >= 0 && drop < 0.5).toBe(true);
          expect([2, 3, 4, 5]).toContain(depth);
          expect(["relu", "gelu"]).toContain(act);
        }
        expect(sample({ lr: axes.lr }, { trials: trials + 3, seed }).slice(0, trials)).toEqual(found.map(({ lr }) => ({ lr })));
      }),
    );
    // Half of the draws of a log-uniform range lie below its geometric mean.
    const below = sample({ lr: logUniform(1e-4, 1) }, { trials: 2000 }).filter(({ lr }) => lr < 1e-2).length;
    expect(Math.abs(below / 2000 - 0.5)).toBeLessThan(0.05);
    expect(new Set(sample({ n: integer(1, 4) }, { trials: 100 }).map(({ n }) => n)).size).toBe(4);
  });

  it("what is no range is told", () => {
    expect(() => logUniform(0, 1)).toThrow(/logUniform from 0/);
    expect(() => uniform(1, 1)).toThrow(/range from 1 to 1/);
    expect(() => integer(0.5, 3)).toThrow(/integers from 0.5/);
    expect(() => choice()).toThrow(/choice of nothing/);
    expect(() => sample({}, { trials: 0 })).toThrow(/sample of 0 trials/);
  });
});

describe("sweep()", () => {
  it("gives means over seeds, ranked by the first metric, diverged ones last", async () => {
    const found = await sweep({
      slug: "lr",
      configs: grid({ lr: [1, 2, 3] }),
      seeds: 2,
      metrics: { score: { better: "higher" } },
      run: ({ lr }) => async ({ seed, spend }) => {
        spend({ flops: 2e9 });
        if (lr === 3) throw new NumericError("the loss is not finite", { help: "lower the rate" });
        return { score: lr * 10 + seed };
      },
    });
    expect(found.rows.map(({ config: { lr }, metrics: { score } }) => [lr, score])).toEqual([
      [1, 10.5],
      [2, 20.5],
      [3, -Infinity],
    ]);
    expect(found.ranked.map(({ config: { lr } }) => lr)).toEqual([2, 1, 3]);
    expect(found.best.config).toEqual({ lr: 2 });
    expect(found.table[0]).toMatchObject({ lr: 2, score: 20.5, GFLOP: 2 });
    expect(String(found)).toContain('Best score 20.5 with {"lr":2}. 1 of 3 diverged.');
    expect(String(found[DISPLAY]()["text/html"])).toContain("20.5");
  });

  it("does not do again what is done", async () => {
    let runs = 0;
    const options = { slug: "again", configs: grid({ a: [1, 2] }), run: () => async () => ({ loss: ++runs }) };
    const first = await sweep(options);
    expect((await sweep(options)).rows).toEqual(first.rows);
    expect(runs).toBe(2);
  });

  it("refuses equal configurations and unknown places to run", async () => {
    const run = () => async () => ({ loss: 1 });
    await expect(sweep({ slug: "twice", configs: [{ a: 1 }, { a: 1 }], run })).rejects.toThrow(/configuration \{"a":1\} is there twice/);
    await expect(sweep({ slug: "none", configs: [], run })).rejects.toThrow(/no arms/);
    // Outside of a cell there is nothing that another machine could run; it falls back to this process.
    expect((await sweep({ slug: "here", configs: [{ a: 1 }], run, on: slurm() })).best.metrics.loss).toBe(1);
  });
});
