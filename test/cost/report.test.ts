import { expect, test } from "vitest";
import type { CostNode } from "../../kernel/cost/costTree";
import { costOf, type CostReport } from "../../kernel/cost/report";
import { costView } from "../../kernel/display/costView";
import { add, mul } from "../../kernel/graph/ops/elementwise";
import { matmul } from "../../kernel/graph/ops/linalg";
import { layerNorm } from "../../kernel/graph/composites/normalization";
import { placeholder, type Tensor } from "../../kernel/graph/tensor";
import { withScope } from "../../kernel/graph/trace";
import { node } from "../../kernel/graph/tensor";
import { STEPS } from "./steps";

const WIDTH = 32;
const TOKENS = 2 * 16;
const small = (): CostReport => costOf(STEPS["GPT"](), { state: ["now", "state"] });
const input = (name: string, shape: readonly number[]): Tensor => placeholder(name, { shape, dtype: "float32" });

function at(root: CostNode, path: string): CostNode {
  if (root.path === path) return root;
  const child = root.children.find((node) => path === node.path || path.startsWith(`${node.path}.`));
  if (child === undefined) throw new Error(`no ${path}`);
  return at(child, path);
}

test("a product costs two operations for each multiply-add, and moves its operands and its result", () => {
  const [a, b] = [input("a", [8, 16]), input("b", [16, 4])];
  const report = costOf({ inputs: [a, b], outputs: [matmul(a, b)] });
  expect(report.flops).toBe(2 * 8 * 16 * 4);
  expect(report.bytesMoved).toBe(4 * (8 * 16 + 16 * 4 + 8 * 4));
  expect(report.intensity).toBeCloseTo(1024 / 896);
});

test("an operand that stands twice is read once", () => {
  const x = input("x", [10]);
  expect(costOf({ inputs: [x], outputs: [mul(x, x)] }).bytesMoved).toBe(80);
});

test("results of one kernel are counted once: a normalization and its statistics, values and indices of TopK", () => {
  const [x, w, b] = [input("x", [4, 8]), input("w", [8]), input("b", [8])];
  const alone = layerNorm(x, { weight: w, bias: b });
  const statistics = ["LayerNormMean", "LayerNormScale"].map((name) => statisticOf(alone, name));
  const report = costOf({ inputs: [x, w, b], outputs: [alone, ...statistics] });
  expect(report.flops).toBe(costOf({ inputs: [x, w, b], outputs: [alone] }).flops);
  expect(report.calls).toBe(1);
  const attrs = { k: 2, axis: 1, largest: true };
  const best = costOf({ inputs: [x], outputs: [node("TopKValues", [x], attrs), node("TopKIndices", [x], attrs)] });
  expect([best.flops, best.calls]).toEqual([32, 1]);
});

/** The statistic that the gradient of a normalization reads. */
function statisticOf(norm: Tensor, name: string): Tensor {
  // SAFETY: a normalization is a composite.
  const { definition, options } = (norm as Tensor<"Composite">).attrs;
  const call = { inputs: norm.inputs, output: norm, g: norm, options };
  const seen = [...(definition.vjp?.(call) ?? [])];
  for (let tensor = seen.shift(); tensor !== undefined; tensor = seen.shift()) {
    // SAFETY: only composites are looked into.
    if (tensor?.op === "Composite" && (tensor as Tensor<"Composite">).attrs.definition.name === name) return tensor;
    seen.push(...(tensor?.inputs ?? []));
  }
  throw new Error(`no ${name}`);
}

test("nothing behind an input is executed", () => {
  const x = input("x", [4]);
  const made = mul(x, x);
  expect(costOf({ inputs: [made], outputs: [add(made, 1)] }).calls).toBe(1);
});

test("work is counted at the layer that caused it: a linear layer trains at three times its forward products", () => {
  const report = small();
  const forward = 2 * TOKENS * WIDTH * 4 * WIDTH;
  const { flops } = at(report.root, "blocks.1.mlp.up");
  expect(flops).toBeGreaterThan(3 * forward);
  expect(flops).toBeLessThan(3.05 * forward);
});

test("layers add up to the whole", () => {
  const report = small();
  const check = (node: CostNode): void => {
    if (node.children.length === 0) return;
    for (const what of ["flops", "bytesMoved", "parameters"] as const) {
      const below = node.children.reduce((sum, child) => sum + child[what], 0);
      expect(below).toBeLessThanOrEqual(node[what]);
      if (node === report.root) expect(below).toBe(node[what]);
    }
    node.children.forEach(check);
  };
  check(report.root);
  expect(report.root.flops).toBe(report.flops);
  expect(report.byOp.reduce((sum, { flops }) => sum + flops, 0)).toBe(report.flops);
  expect(report.byOp.reduce((sum, { calls }) => sum + calls, 0)).toBe(report.calls);
});

test("parameters and other state are told apart by the layers that use them", () => {
  const report = small();
  const expected = 64 * 32 + 16 * 32 + 2 * (2 * 64 + 4 * (32 * 32 + 32) + (32 * 128 + 128) + (128 * 32 + 32)) + 64 + 32 * 64;
  expect(report.parameters).toBe(expected);
  expect(report.parameterBytes).toBe(4 * expected);
  // Two moments and the count of steps.
  expect(report.stateBytes).toBe(8 * expected + 4);
});

test("arguments can be named as parameters where there are no layers", () => {
  const [w, m] = [input("w.a", [8]), input("m.a", [8])];
  const report = costOf({ inputs: [w, m], outputs: [add(w, m)] }, { parameters: ["w"], state: ["w", "m"] });
  expect([report.parameters, report.stateBytes]).toEqual([8, 32]);
});

test("the text says totals, layers and operations with units", () => {
  const x = input("model.mlp.w", [256, 256]);
  const text = String(costOf({ inputs: [x], outputs: [add(withScope("mlp", () => matmul(x, x)), 1)] }));
  expect(text).toBe(
    `
33.6 MFLOP, 1.00 MiB moved (32.1 FLOP/B), 2 operations
peak memory 768 KiB: inputs 256 KiB, results 256 KiB, constants 4 B, working memory 256 KiB (fullest at mlp MatMul)
65.5 k parameters (256 KiB), other state 0 B

layer                    FLOPs   share     moved  parameters
all                 33.6 MFLOP  100.0%  1.00 MiB      65.5 k
  mlp               33.6 MFLOP   99.8%   512 KiB      65.5 k
  (outside layers)  65.5 kFLOP    0.2%   512 KiB

operation       FLOPs  share    moved  calls
MatMul     33.6 MFLOP  99.8%  512 KiB      1
Add        65.5 kFLOP   0.2%  512 KiB      1
`.trim(),
  );
});

test("a table of a deep model opens the costliest layers and says how many are closed", () => {
  const x = input("x", [8, 8]);
  const deep = Array.from({ length: 60 }, (_, i) => i).reduce((value, i) => withScope(`blocks.${i}.mlp`, () => matmul(value, value)), x);
  const text = String(costOf({ inputs: [x], outputs: [deep] }));
  expect(text).toContain("blocks (+60)");
  expect(text.split("\n").length).toBeLessThan(60);
});

test("the report is what the cost view shows", () => {
  const report = small();
  const { payload } = costView(report, { title: "one step" });
  const { flops, bytesMoved, peakBytes, parameters } = report;
  expect(payload.report.totals).toEqual({ flops, bytesMoved, peakBytes, parameters });
  const json = JSON.stringify(payload);
  expect(json).toContain("blocks.0.attention.q");
  expect(json.length).toBeLessThan(20_000);
});
