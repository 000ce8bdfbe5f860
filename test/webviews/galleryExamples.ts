/** @file Payloads of every view that the gallery draws, from the kernel's own views, with what is hard about them: gaps, long names, many marks. */
import { readFileSync } from "node:fs";
import type { Payloads, ViewName } from "../../kernel/display/schema";
import { tableView } from "../../kernel/display/table";
import { view } from "../../kernel/display/view";
import { hostArrayFrom, type HostTensor } from "../../kernel/graph/dtype";
import { EXAMPLES } from "../display/pictures";
import { attentionExample, isoflopExample, largeAttention, scalingExample, spectrumExample } from "./lawExamples";

/** What a renderer is given. */
export interface Shown<V extends ViewName = ViewName> {
  readonly view: V;
  readonly payload: Payloads[V];
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const shown = <V extends ViewName>(name: V, payload: Payloads[V]): Shown<V> => ({ view: name, payload });

function made(shape: readonly number[], value: (i: number) => number): HostTensor {
  const size = shape.reduce((product, axis) => product * axis, 1);
  return { dtype: "float32", shape, data: hostArrayFrom("float32", range(size).map(value)) };
}

/** Every output of the first notebook with a view, as it is committed. */
function startNotebook(): Readonly<Record<string, () => Shown>> {
  // SAFETY: the committed notebook is nbformat 4, written by `isoflop run`.
  const { cells } = JSON.parse(readFileSync("notebooks/00-start.ipynb", "utf8")) as { cells: { outputs?: { data?: Record<string, unknown> }[] }[] };
  const found = cells.flatMap(({ outputs = [] }) => outputs.flatMap(({ data = {} }) => Object.entries(data)));
  return Object.fromEntries(
    found.flatMap(([mime, payload]) => {
      const name = /^application\/vnd\.isoflop\.(\w+)\.v1\+json$/.exec(mime)?.[1];
      // SAFETY: the kernel wrote it under this type; the view checks it once more.
      return name === undefined ? [] : [[`start-${name}`, () => ({ view: name, payload }) as Shown]];
    }),
  );
}

/** A sphere of rings, with noise on its radius. */
const bump = (i: number): number => {
  const [ring, step] = [Math.floor(i / 3 / 24), Math.floor(i / 3) % 24];
  const [v, u] = [(ring / 15) * Math.PI, (step / 24) * 2 * Math.PI];
  const radius = 1 + 0.15 * Math.sin(5 * u) * Math.sin(v) ** 2;
  return radius * [Math.sin(v) * Math.cos(u), Math.cos(v), Math.sin(v) * Math.sin(u)][i % 3];
};
const cornersOf = (i: number): number => {
  const [quad, corner] = [Math.floor(i / 6), i % 6];
  const [ring, step] = [Math.floor(quad / 24), quad % 24];
  const at = (r: number, s: number): number => r * 24 + (s % 24);
  return [at(ring, step), at(ring + 1, step), at(ring, step + 1), at(ring, step + 1), at(ring + 1, step), at(ring + 1, step + 1)][corner];
};

export const GALLERY: Readonly<Record<string, () => Shown>> = {
  ...EXAMPLES,
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
  "figure-diverging": () =>
    view.figure({
      title: "Weight changes",
      x: { label: "column" },
      y: { label: "row" },
      marks: [{ type: "heatmap", values: range(24).map((r) => range(64).map((c) => Math.sin(r / 4) * Math.cos(c / 6) * (1 + r / 10))), map: "diverging", valueLabel: "Δ weight" }],
    }),
  "figure-many": () =>
    view.figure({
      title: "Twelve runs of a sweep over learning rate and weight decay",
      x: { label: "compute", unit: "FLOP", scale: "log" },
      y: { label: "validation loss", unit: "nats per byte" },
      marks: range(12).map((k) => ({ type: "line" as const, name: `lr ${(3e-4 * 2 ** (k % 4)).toPrecision(2)}, decay ${[0, 0.1, 0.3][k % 3]}`, x: range(40).map((i) => 1e12 * 1.2 ** i), y: range(40).map((i) => 1.2 + k / 40 + 3 * Math.exp(-i / (8 + k))) })),
    }),
  "attention-words": () => shown("attention", attentionExample()),
  "attention-large": () => shown("attention", largeAttention()),
  "spectrum-six": () => shown("spectrum", spectrumExample()),
  "spectrum-once": () => view.spectrum({ layers: range(3).map((k) => ({ name: `blocks.${k}.mlp.up.weight`, singularValues: [range(200).map((i) => 4 * (i + 1) ** -(0.3 + k / 5))] })) }),
  "scaling-eight": () => shown("scaling", scalingExample()),
  "scaling-profiles": () => shown("scaling", isoflopExample()),
  "images-captions": () => view.images(made([12, 16, 16], (i) => (Math.floor(i / 256) / 12) * 0.8 + ((i % 16) / 16) * 0.2), { title: "samples", captions: range(12).map((i) => `class ${i}, a caption that is rather long`) }),
  video: () => view.video(made([24, 20, 30], (i) => (i % 30 === Math.floor(i / 600) ? 1 : (i % 600) / 1500)), { title: "denoising" }),
  mesh: () => view.geometry(made([16 * 24, 3], bump), { triangles: made([15 * 24 * 2, 3], cornersOf), title: "A star-like surface" }),
  "tensor-vector": () => view.tensor(made([96], (i) => Math.exp(-i / 30)), { title: "learning rates" }),
  "tensor-scalar": () => view.tensor(made([], () => 1.4273)),
  "tensor-weights": () => view.tensor(made([256, 192], (i) => Math.sin(i * 12.9898) * Math.cos(i / 977) * 0.1), { title: "blocks.0.mlp.up.weight" }),
  "metrics-one": () => view.metrics({ series: [{ name: "loss", unit: "nats per byte", value: range(80).map((i) => 1 + 4 / (i + 1)) }] }),
  "progress-failed": () => view.progress({ title: "sweep", done: 7, total: 20, unit: "runs", elapsedSeconds: 310, state: "failed" }),
  "progress-unknown": () => view.progress({ title: "reading", done: 12_000, unit: "documents", elapsedSeconds: 12 }),
  "claim-held": () =>
    view.claim({
      title: "Compute-optimal models",
      claim: "Parameters and tokens should grow alike with compute: the exponent of parameters is 0.5.",
      source: "Hoffmann et al. 2022, Table 2",
      quantity: { label: "exponent", unit: "" },
      paper: 0.5,
      measured: { value: 0.52, low: 0.45, high: 0.58 },
      verdict: "held",
      budget: "28 TFLOP in all",
      arms: [{ name: "profiles", role: "method", seeds: [0.5, 0.54, 0.52], mean: { value: 0.52, low: 0.45, high: 0.58 } }],
    }),
  table: () =>
    tableView(
      range(30).map((i) => ({ method: ["adamw", "muon", "lion", "a method with quite a long name"][i % 4], seed: i, "loss (nats)": 1.3 + i / 97, flops: 1e12 * (i + 1), note: i % 5 === 0 ? null : "ok", diverged: i % 7 === 0 })),
      { title: "Thirty runs" },
    ),
  ...startNotebook(),
};
