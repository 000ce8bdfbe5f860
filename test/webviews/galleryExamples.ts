/** @file One payload of each view that this test draws, from the kernel's own views, with what is hard about them: gaps, long names, many marks. */
import { tableView } from "../../kernel/display/table";
import type { Display } from "../../kernel/display/displayable";
import { view } from "../../kernel/display/view";
import { EXAMPLES } from "../display/pictures";

const from = (name: string): (() => Display) => EXAMPLES[name];
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

export const GALLERY: Readonly<Record<string, () => Display>> = {
  "figure-lines": from("figure-lines"),
  "figure-bars": from("figure-bars"),
  "figure-heatmap": from("figure-heatmap"),
  "figure-facets": from("figure-facets"),
  "figure-dots": () =>
    view.figure({
      title: "Gradient against activation",
      x: { label: "activation", scale: "symlog" },
      y: { label: "gradient norm", unit: "nats", scale: "log" },
      caption: "Each dot is a channel of blocks.3.mlp.up",
      marks: [
        { type: "dot", name: "before", x: range(120).map((i) => (i - 60) ** 3 / 1000), y: range(120).map((i) => 0.01 + (i % 17) ** 2), labels: range(120).map((i) => `channel ${i}`) },
        { type: "dot", name: "after", x: range(120).map((i) => (i - 40) ** 3 / 3000), y: range(120).map((i) => 0.3 + (i % 11)) },
        { type: "text", x: [0, 100], y: [100, 20], text: ["dead", "<b>saturated</b> & more"] },
        { type: "rule", x: 0 },
      ],
    }),
  metrics: from("metrics"),
  progress: from("progress"),
  "progress-failed": () => view.progress({ title: "sweep", done: 7, total: 20, unit: "runs", elapsedSeconds: 310, state: "failed" }),
  pareto: from("pareto"),
  claim: from("claim"),
  cost: from("cost"),
  table: () =>
    tableView(
      range(30).map((i) => ({ method: ["adamw", "muon", "lion", "a method with quite a long name"][i % 4], seed: i, "loss (nats)": 1.3 + i / 97, flops: 1e12 * (i + 1), note: i % 5 === 0 ? null : "ok", diverged: i % 7 === 0 })),
      { title: "Thirty runs" },
    ),
};
