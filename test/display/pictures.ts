/** @file One example of each view, with planted patterns; the pictures in test/display/pictures are drawn from these. */
import { fitIsoflop } from "../../kernel/fit/isoflop";
import { fitPowerLaw } from "../../kernel/fit/powerLaw";
import type { Display } from "../../kernel/display/displayable";
import type { CostNode } from "../../kernel/display/schema";
import { view } from "../../kernel/display/view";
import type { HostTensor } from "../../kernel/graph/dtype";

/** Lehmer's generator: the same numbers everywhere. */
export function lehmer(seed = 1): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

const steps = Array.from({ length: 400 }, (_, i) => i);
const losses = steps.map((step) => 1.3 + 3 * Math.exp(-step / 60) + 0.06 * Math.sin(step * 1.7));

/** Causal attention [L, H, T, T]: layer 2 head 1 looks at the previous token, layer 1 head 2 at the first, all others nearly everywhere. */
export function plantedAttention({
  layers,
  heads,
  tokens,
}: {
  readonly layers: number;
  readonly heads: number;
  readonly tokens: number;
}): HostTensor {
  const random = lehmer();
  const data = new Float32Array(layers * heads * tokens * tokens);
  for (let layer = 0; layer < layers; layer++)
    for (let head = 0; head < heads; head++)
      for (let query = 0; query < tokens; query++) {
        const row = data.subarray(((layer * heads + head) * tokens + query) * tokens, ((layer * heads + head) * tokens + query + 1) * tokens);
        for (let key = 0; key <= query; key++)
          row[key] = Math.exp(
            0.5 * random() + (layer === 2 && head === 1 && key === query - 1 ? 4.5 : 0) + (layer === 1 && head === 2 && key === 0 ? 4 : 0),
          );
        const sum = row.reduce((a, b) => a + b, 0);
        row.forEach((weight, key) => (row[key] = weight / sum));
      }
  return { dtype: "float32", shape: [layers, heads, tokens, tokens], data };
}

/** σᵢ = 3·i^−exponent. */
export const powerSpectrum = (count: number, exponent: number): number[] => Array.from({ length: count }, (_, i) => 3 * (i + 1) ** -exponent);

const sizes = [1e5, 2e5, 4e5, 8e5, 1.6e6, 3.2e6];
const scalingLosses = sizes.map((size, i) => (1.2 + 40 * size ** -0.3) * (1 + [0.001, -0.0008, 0.0004, -0.0006, 0.0009, -0.0003][i]));
const profileRuns = [1e15, 3e15, 1e16, 3e16].flatMap((flops) =>
  [-1.2, -0.6, 0, 0.6, 1.2].map((shift, i) => ({
    flops,
    params: 0.1 * flops ** 0.5 * Math.exp(shift),
    loss: 2 + 200 * flops ** -0.15 + 0.08 * shift * shift + 0.002 * ((i % 3) - 1),
  })),
);

const node = (path: string, flops: number, children: readonly CostNode[] = []): CostNode => ({
  path,
  flops,
  bytesMoved: flops / 8,
  parameters: Math.round(flops / 3000),
  children,
});
const block = (i: number): CostNode =>
  node(`blocks.${i}`, 1.3e9, [
    node(`blocks.${i}.attention`, 5e8, [node(`blocks.${i}.attention.query`, 2e8), node(`blocks.${i}.attention.out`, 3e8)]),
    node(`blocks.${i}.mlp`, 8e8),
  ]);

function rings(count: number): HostTensor {
  const data = new Float32Array(count * 256);
  for (let i = 0; i < data.length; i++)
    data[i] = Math.exp(-(((Math.hypot((i % 16) - 8, (Math.floor(i / 16) % 16) - 8) - 2 - (Math.floor(i / 256) % 5)) / 1.2) ** 2));
  return { dtype: "float32", shape: [count, 16, 16], data };
}

function torus(count: number): HostTensor {
  const random = lehmer(7);
  const data = new Float32Array(count * 3);
  for (let i = 0; i < count; i++) {
    const [u, v] = [random() * 2 * Math.PI, random() * 2 * Math.PI];
    data.set([(2 + 0.7 * Math.cos(v)) * Math.cos(u), 0.7 * Math.sin(v), (2 + 0.7 * Math.cos(v)) * Math.sin(u)], i * 3);
  }
  return { dtype: "float32", shape: [count, 3], data };
}

const words = "The cat sat on the mat , and the cat saw that the dog sat on the mat too .".split(" ");

export const EXAMPLES: Readonly<Record<string, () => Display>> = {
  "figure-lines": () =>
    view.figure({
      title: "GPT 4 × 256 on licence texts",
      x: "step",
      y: { label: "loss", unit: "nats/token" },
      marks: [
        { type: "band", x: steps, low: losses.map((loss) => loss - 0.15), high: losses.map((loss) => loss + 0.15), name: "train" },
        { type: "line", x: steps, y: losses, name: "train" },
        { type: "line", x: [0, 100, 200, 300, 399], y: [4.4, 1.9, 1.62, 1.55, 1.51], name: "validation" },
        { type: "rule", y: 1.42, label: "paper: 1.42" },
      ],
    }),
  "figure-bars": () =>
    view.figure({
      title: "Throughput of the arms",
      y: { label: "tokens a second" },
      marks: [
        {
          type: "bar",
          x: ["baseline", "low rank", "sparse attention", "muon with warm-up", "control"],
          y: [12_000, 18_000, 15_500, 9000, 11_900],
          name: "CPU",
        },
        {
          type: "bar",
          x: ["baseline", "low rank", "sparse attention", "muon with warm-up", "control"],
          y: [52_000, 68_000, NaN, 39_000, 51_900],
          name: "GPU",
        },
      ],
    }),
  "figure-heatmap": () =>
    view.figure({
      x: "column",
      y: "row",
      marks: [
        {
          type: "heatmap",
          values: Array.from({ length: 20 }, (_, r) =>
            Array.from({ length: 40 }, (_, c) => (r === 3 && c === 4 ? NaN : Math.round(100 * Math.sin(r / 3) * Math.cos(c / 5)) / 100)),
          ),
          valueLabel: "activation",
        },
      ],
    }),
  "figure-matrix": () =>
    view.figure({
      title: "Loss of each expert on each domain",
      x: { label: "domain", names: ["English", "TypeScript", "JSON"] },
      y: "expert",
      marks: [
        { type: "heatmap", values: [[1.9, 2.5, 2.8], [2.7, 1.8, 3.1]], valueLabel: "nats per byte" },
        { type: "text", x: [0, 1], y: [0, 1], text: ["own", "own"] },
      ],
    }),
  "figure-facets": () =>
    view.figure({
      title: "Two layers, four optimizers",
      x: { label: "budget", unit: "FLOP", scale: "log" },
      y: "accuracy",
      marks: ["adamw", "muon", "lion", "sgd"].flatMap((name, k) =>
        ["blocks.0.mlp.up.weight", "head"].map((facet) => ({
          type: "line" as const,
          facet,
          name,
          x: [1e15, 1e16, 1e17, 1e18],
          y: [0.2 + k * 0.05, 0.3, 0.5 + k * 0.08, 0.6 + k * 0.02],
        })),
      ),
    }),
  attention: () =>
    view.attention({ weights: plantedAttention({ layers: 4, heads: 4, tokens: words.length }), tokens: words, title: "Attention of GPT 4 × 128" }),
  spectrum: () =>
    view.spectrum({
      title: "Spectra over training",
      layers: ["blocks.0.mlp.up", "blocks.1.mlp.up", "blocks.2.mlp.up"].map((name, k) => ({
        name,
        steps: [0, 100, 200, 400],
        singularValues: [0, 100, 200, 400].map((step) => powerSpectrum(64, 0.1 + (k * 0.2 * step) / 400)),
      })),
    }),
  scaling: () =>
    view.scaling({
      title: "Six models",
      points: { x: sizes, y: scalingLosses },
      fit: fitPowerLaw(sizes.map((x, i) => ({ x, y: scalingLosses[i] }))),
      until: 1e8,
    }),
  "scaling-isoflop": () =>
    view.scaling({
      points: { x: [1e15, 3e15, 1e16, 3e16], y: [1e15, 3e15, 1e16, 3e16].map((flops) => 2 + 200 * flops ** -0.15) },
      x: { label: "FLOPs" },
      profiles: fitIsoflop(profileRuns, { bootstrap: { samples: 20 } }),
    }),
  images: () => view.images(rings(6), { title: "Samples", captions: ["a", "b", "c", "d", "e", "f"].map((name) => `class ${name}`) }),
  points: () => view.geometry(torus(600), { title: "A torus" }),
  tensor: () =>
    view.tensor(
      {
        dtype: "float32",
        shape: [2, 3, 12, 16],
        data: Float32Array.from({ length: 1152 }, (_, i) => (i === 5 ? NaN : Math.round(Math.sin(i / 7) * 100) / 100)),
      },
      { title: "activations" },
    ),
  cost: () =>
    view.cost(
      {
        root: node("", 5.8e9, [node("embedding", 1e7), node("blocks", 5.2e9, [0, 1, 2, 3].map(block)), node("head", 5.9e8)]),
        totals: { flops: 6e9, bytesMoved: 8e8, peakBytes: 96 * 2 ** 20, parameters: 2.6e6 },
      },
      { title: "One training step" },
    ),
  metrics: () =>
    view.metrics({
      title: "Run 7",
      series: [
        { name: "train/loss", unit: "nats", value: losses },
        { name: "valid/loss", unit: "nats", step: [0, 100, 200, 300, 399], value: [4.4, 1.9, 1.62, 1.55, 1.51] },
        { name: "gradient norm", value: steps.map((step) => (step > 300 && step < 304 ? Infinity : 1 + 0.2 * Math.cos(step))) },
      ],
    }),
  progress: () => view.progress({ title: "training", done: 120, total: 400, elapsedSeconds: 9.7, note: "loss 1.37" }),
  claim: () =>
    view.claim({
      title: "Muon",
      claim: "Muon reaches the loss of AdamW in about half of the FLOPs.",
      source: "Jordan et al. 2024",
      quantity: { label: "FLOP ratio", unit: "×" },
      paper: 0.52,
      measured: { value: 0.71, low: 0.62, high: 0.8 },
      verdict: "not held",
      budget: "1.2 TFLOP an arm",
      arms: [
        { name: "adamw", role: "baseline", seeds: [1.41, 1.43, 1.4], mean: { value: 1.413, low: 1.4, high: 1.44 } },
        { name: "muon", role: "method", seeds: [1.33, 1.36, 1.31], mean: { value: 1.335, low: 1.31, high: 1.36 } },
      ],
    }),
  pareto: () =>
    view.pareto({
      title: "Quality against cost",
      cost: { label: "training FLOPs", unit: "FLOP" },
      quality: { label: "loss", unit: "nats" },
      better: "lower",
      points: [
        { name: "sgd", cost: 1e12, quality: 2.2 },
        { name: "adamw", cost: 2e12, quality: 1.6, group: "adaptive" },
        { name: "lion", cost: 9e12, quality: 1.7, group: "adaptive" },
        { name: "muon", cost: 2e13, quality: 1.3, group: "adaptive" },
        { name: "diverged", cost: 1e13, quality: NaN },
      ],
    }),
};
