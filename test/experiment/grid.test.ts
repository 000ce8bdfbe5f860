/** @file What methods do alone and in pairs: effects, interactions, and their grid. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setDisplaySink } from "../../kernel/display/display";
import { effectsOf } from "../../kernel/experiment/grid";
import { ArgumentError, experiment, type ArmRun, type ExperimentResult } from "../../kernel/index";

const folder = mkdtempSync(join(tmpdir(), "isoflop-grid-"));
setDisplaySink(() => undefined);
beforeAll(() => {
  process.env.ISOFLOP_RUNS = join(folder, "runs");
});
afterAll(() => rmSync(folder, { recursive: true }));

/** An arm whose loss is known: seeds differ by more than effects do, as they may where they are paired. */
const losing = (loss: number) => async ({ seed }: ArmRun) => Promise.resolve({ loss: loss + seed });
const measure = async (arms: Record<string, number>, none = "plain"): Promise<ExperimentResult> =>
  experiment({
    slug: "pairs",
    seeds: 3,
    results: folder,
    metrics: { loss: { label: "held-out loss" } },
    arms: Object.fromEntries(Object.entries(arms).map(([name, loss]) => [name, { role: name === none ? ("baseline" as const) : ("method" as const), run: losing(loss) }])),
    accept: {},
  });

describe("the grid of effects", () => {
  it("has each alone, pairs, and how far a pair is from the sum of its parts", async () => {
    const { record, ...result } = await measure({ plain: 4, a: 3.5, b: 3.8, c: 4.1, a_and_b: 3.4, b_and_c: 3.9 });
    const { alone, pairs } = effectsOf(record);
    expect(alone.map(({ name, effect }) => [name, Number(effect.value.toFixed(6))])).toEqual([["a", -0.5], ["b", -0.2], ["c", 0.1]]);
    expect(pairs.map(({ names, effect, interaction }) => [names.join(), Number(effect.value.toFixed(6)), Number(interaction.value.toFixed(6))])).toEqual([["a,b", -0.6, 0.1], ["b,c", -0.1, 0]]);
    expect(result.outcome.interaction("a_and_b", { parts: ["a", "b"], than: "plain" }).values).toHaveLength(3);
  });

  it("is printed with the largest interaction named; pairs that were not measured stay empty", async () => {
    const text = (await measure({ plain: 4, a: 3.5, b: 3.8, c: 4.1, a_and_b: 3.4, b_and_c: 3.9 })).effects().text;
    expect(text).toContain("Furthest from the sum of its parts: a and b, by +0.100");
    expect(text).toMatch(/\na +−0\.500 \(−0\.500 to −0\.500\) +−0\.600 [^\n]*\nb +Δ \+0\.100 [^\n]*−0\.200 [^\n]*−0\.100 [^\n]*\nc +Δ [+−]0\.000/);
  });

  it("refuses pairs of which one has no arm alone, and experiments without a baseline", async () => {
    await expect(measure({ plain: 4, a: 3.5, a_and_b: 3.4 }).then((result) => result.effects())).rejects.toThrow(/none of b alone/);
    await expect(measure({ a: 3.5, b: 3.4 }, "none").then((result) => result.effects())).rejects.toThrow(ArgumentError);
  });
});
