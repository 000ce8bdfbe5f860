/** @file Payloads with planted patterns for the views of attention, spectra and scaling laws, made by the kernel's own views. */
import { fitIsoflop } from "../../kernel/fit/isoflop";
import { fitPowerLaw } from "../../kernel/fit/powerLaw";
import type { AttentionPayload, ScalingPayload, SpectrumPayload } from "../../kernel/display/schema";
import { view } from "../../kernel/display/view";
import type { HostTensor } from "../../kernel/graph/dtype";
import { lehmer } from "../display/pictures";

/** A text in which words come again, so that induction has something to find. */
export const WORDS = "The cat sat on the mat . The dog saw the cat sit . The cat sat on the dog , and the dog sat on the mat .".split(" ");

export type HeadKind = "previous" | "first" | "self" | "induction" | "even";

/** Causal weights [T, T] of a head of a kind, with a little noise. */
export function headOf(kind: HeadKind, tokens: readonly string[], random: () => number): Float32Array {
  const count = tokens.length;
  const out = new Float32Array(count * count);
  for (let query = 0; query < count; query++) {
    const row = out.subarray(query * count, (query + 1) * count);
    const before = tokens.slice(0, query).lastIndexOf(tokens[query]);
    const favourite = { previous: query - 1, first: 0, self: query, induction: before < 0 ? 0 : before + 1, even: -1 }[kind];
    for (let key = 0; key <= query; key++) row[key] = Math.exp(0.8 * random() + (key === favourite ? 5 : 0));
    const sum = row.reduce((a, b) => a + b, 0);
    row.forEach((weight, key) => (row[key] = weight / sum));
  }
  return out;
}

/** Where the planted heads are: layer and head of each kind. */
export const PLANTED = { previous: [1, 2], induction: [2, 1], first: [3, 0], self: [0, 3] } as const;

const isAt = (place: readonly [number, number], layer: number, head: number): boolean => place[0] === layer && place[1] === head;

export function attentionWeights({
  layers = 4,
  heads = 4,
  tokens = WORDS,
  seed = 1,
}: { readonly layers?: number; readonly heads?: number; readonly tokens?: readonly string[]; readonly seed?: number } = {}): HostTensor {
  const random = lehmer(seed);
  const size = tokens.length ** 2;
  const data = new Float32Array(layers * heads * size);
  const kinds = ["previous", "induction", "first", "self"] as const;
  for (let layer = 0; layer < layers; layer++)
    for (let head = 0; head < heads; head++)
      data.set(headOf(kinds.find((kind) => isAt(PLANTED[kind], layer, head)) ?? "even", tokens, random), (layer * heads + head) * size);
  return { dtype: "float32", shape: [layers, heads, tokens.length, tokens.length], data };
}

export const attentionExample = (options: Parameters<typeof attentionWeights>[0] & { readonly title?: string } = {}): AttentionPayload =>
  view.attention({ weights: attentionWeights(options), tokens: options.tokens ?? WORDS, title: options.title ?? "Attention of GPT 4 × 128" }).payload;

/** 12 × 12 heads over 512 tokens, four joined in each cell: 3 MB, nearly the most that a view reads. `block` 1 and 1 × 12 heads is as large. */
export function largeAttention({ layers = 12, heads = 12, tokens = 512, block = 4 } = {}): AttentionPayload {
  const side = tokens / block;
  const random = lehmer(3);
  const names = Array.from({ length: tokens }, (_, i) => WORDS[(i * 7 + (i >> 3)) % WORDS.length]);
  const even = { previous: 0.01, self: 0.01, first: 0.01, induction: 0.01, entropy: 0.9 };
  return {
    version: 1,
    title: "GPT-2 small",
    finding: "One head looks at the previous token.",
    cuts: [],
    layers,
    headsPerLayer: heads,
    queries: tokens,
    keys: tokens,
    causal: true,
    tokens: names,
    block,
    heads: Array.from({ length: layers * heads }, (_, i) => {
      const bytes = new Uint8Array(side * side);
      const back = i % 7;
      for (let query = 0; query < side; query++)
        for (let key = 0; key <= query; key++) bytes[query * side + key] = key === query - back ? 220 : key === 0 ? 90 : (random() * 24) | 0;
      return {
        layer: Math.floor(i / heads),
        head: i % heads,
        scores: { ...even, previous: back === 1 ? 0.8 : 0.02 },
        weights: { shape: [side, side], low: 0, high: 1, data: Buffer.from(bytes).toString("base64") },
      };
    }),
  };
}

const POINT_SIZES = [1e5, 2e5, 4e5, 8e5, 1.6e6, 3.2e6, 6.4e6, 1.28e7];
const NOISE = [0.001, -0.0008, 0.0004, 0.03, 0.0009, -0.0003, 0.0006, -0.0005];

/** Eight models on L = 1.7 + 60·N^−0.32; the fourth is 3 % too high. */
export const scalingPoints = POINT_SIZES.map((x, i) => ({ x, y: (1.7 + 60 * x ** -0.32) * (1 + NOISE[i]) }));

export const scalingExample = (): ScalingPayload =>
  view.scaling({
    title: "Eight models",
    points: { x: scalingPoints.map(({ x }) => x), y: scalingPoints.map(({ y }) => y) },
    fit: fitPowerLaw(scalingPoints),
    until: 1e8,
  }).payload;

export const profileRuns = [1e15, 3e15, 1e16, 3e16].flatMap((flops) =>
  [-1.2, -0.6, 0, 0.6, 1.2].map((shift, i) => ({
    flops,
    params: 0.1 * flops ** 0.5 * Math.exp(shift),
    loss: 2 + 200 * flops ** -0.15 + 0.08 * shift * shift + 0.004 * ((i % 3) - 1) + (flops === 1e16 && i === 4 ? 0.06 : 0),
  })),
);

export const isoflopExample = (): ScalingPayload =>
  view.scaling({
    title: "Iso-FLOP profiles",
    points: { x: [1e15, 3e15, 1e16, 3e16], y: [1e15, 3e15, 1e16, 3e16].map((flops) => 2 + 200 * flops ** -0.15) },
    x: { label: "compute", unit: "FLOP" },
    profiles: fitIsoflop(profileRuns),
  }).payload;

const SPECTRUM_STEPS = [0, 100, 200, 400, 800, 1200, 1600, 2000];

export const spectrumExample = ({ layers = 6, ranks = 128 } = {}): SpectrumPayload =>
  view.spectrum({
    title: "Spectra over training",
    layers: Array.from({ length: layers }, (_, k) => ({
      name: `blocks.${k >> 1}.mlp.${k % 2 === 0 ? "up" : "down"}.weight`,
      steps: SPECTRUM_STEPS,
      singularValues: SPECTRUM_STEPS.map((step) =>
        Array.from(
          { length: ranks },
          (_, i) =>
            3 * (1 - 0.99 * (i / ranks) ** 2) * (i + 1) ** -(0.08 + (0.2 * k * step) / 2000 / layers) * (1 + (step / 2000) * Math.exp(-i / 3)),
        ),
      ),
    })),
  }).payload;
