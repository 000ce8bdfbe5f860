import { describe, expect, test } from "vitest";
import { costOf } from "../../kernel/cost/report";
import { executedFlops } from "./profileFlops";
import { gptStep, unetStep } from "./steps";

const STEPS = {
  "GPT 2×32": () => gptStep({ vocab: 64, depth: 2, width: 32, heads: 2, context: 16, batch: 2 }),
  "U-Net": () => unetStep({ width: 16, size: 32, batch: 4 }),
};

describe.each(Object.entries(STEPS))("%s", (_, make) => {
  test("x", async () => {
    const graph = make();
    const real = await executedFlops(graph);
    console.log(real, costOf(graph).byOp.map((o) => `${o.op} ${o.flops}`).join("\n"));
    expect(costOf(graph).flops).toBe([...real.values()].reduce((a, b) => a + b, 0));
  });
});
