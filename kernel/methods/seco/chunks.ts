/** @file A loss over a long sequence as a sum over chunks, each of which reads what the earlier ones left in memory (keys and values). */
import { ArgumentError, UnsupportedOpError } from "../../errors";
import { checkpoint } from "../../autodiff/checkpoint";
import { add, mul, stopGradient, sub } from "../../graph/ops/elementwise";
import { concat, slice } from "../../graph/ops/movement";
import { sum } from "../../graph/ops/reduction";
import type { Tensor } from "../../graph/tensor";
import { map, zip, type Tree } from "../../graph/tree";
import { Attention } from "../../nn/attention";
import type { Gpt } from "../../nn/gpt";
import type { LayerCache } from "../../nn/kvCache";
import { crossEntropy, crossEntropyEach } from "../../nn/losses";

/** Positions start … end − 1. */
export interface Chunk {
  readonly start: number;
  readonly end: number;
}

/** The chunks of `length` positions, of `size` each; the last may be shorter. @throws {ArgumentError} unless both are positive integers. */
export function chunksOf(length: number, size: number): readonly Chunk[] {
  for (const [name, value] of Object.entries({ length, size })) if (!Number.isInteger(value) || value < 1) throw new ArgumentError(`chunks: ${name} ${value}`, { help: "give positive integers" });
  return Array.from({ length: Math.ceil(length / size) }, (_, j) => ({ start: j * size, end: Math.min(length, (j + 1) * size) }));
}

/** J and m of a chunk. */
export interface ChunkResult<Memory> {
  /** Its part of the whole loss: parts of all chunks add up to it. A scalar. */
  readonly loss: Tensor;
  /** What later chunks read: tensors whose first axis are its positions. */
  readonly memory: Memory;
}

/** A model that goes through a sequence chunk by chunk. */
export interface ChunkModel<Model, Batch, Memory extends Tree> {
  /** Positions of a batch. */
  readonly length: (batch: Batch) => number;
  /** The memory of the whole sequence, of which the shapes count. */
  readonly memory: (model: Model, batch: Batch) => Memory;
  /** (J, m) of the chunk at `at`, from the memory of all positions before it; undefined for the first. */
  readonly call: (model: Model, batch: Batch, context: { readonly at: Chunk; readonly past: Memory | undefined }) => ChunkResult<Memory>;
}

/** Rows of every tensor of a memory. */
export const rows = <Memory extends Tree>(memory: Memory, { start, end }: Chunk): Memory => map(memory, (leaf) => slice(leaf, { axis: 0, start, end }));

/** Rows of `memory` with those at `at` replaced. */
export const withRows = <Memory extends Tree>(memory: Memory, { start, end }: Chunk, fresh: Memory): Memory =>
  zip(memory, fresh, (all, own) => {
    const [length] = all.shape;
    return concat([...(start === 0 ? [] : [slice(all, { axis: 0, end: start })]), own, ...(end === length ? [] : [slice(all, { axis: 0, start: end })])]);
  });

export interface TokenBatch {
  /** Tokens [B, T], and those that follow. */
  readonly x: Tensor;
  readonly y: Tensor;
}

/** A GPT: its memory are keys and values, its loss the mean cross-entropy over all tokens of the sequence.
 * @throws {UnsupportedOpError} when another kind of attention stands in it, which may read more than keys and values. */
export const languageChunks: ChunkModel<Gpt, TokenBatch, readonly LayerCache[]> = {
  length: ({ x }) => x.shape[1],
  memory: (model, { x }) => model.blocks.map(({ attention }) => attention.emptyCache({ batch: x.shape[0], length: x.shape[1] })),
  call(model, { x, y }, { at: { start, end }, past }) {
    if (model.blocks.some(({ attention }) => attention.constructor !== Attention)) throw new UnsupportedOpError("chunk by chunk: attention of another kind", { help: "use it with plain attention layers" });
    const part = (of: Tensor): Tensor => slice(of, { axis: 1, start, end });
    const { logits, fresh } = model.extend(part(x), past);
    return { loss: mul(sum(crossEntropyEach(logits, part(y))), 1 / x.size), memory: fresh };
  },
};

export interface GateOptions {
  /** Positions of a chunk. */
  readonly chunk: number;
  /** Factor on the loss of each chunk. Default 1. */
  readonly weights?: readonly number[];
  /** Factor on the gradient that later chunks send to the memory of each chunk. Default 1. */
  readonly gates?: readonly number[];
}

/**
 * The whole loss in one graph, chunk after chunk: what full back-propagation differentiates, with as much attention as a causal kernel that skips
 * hidden tiles of the chunk's size. With weights and gates, the graph whose gradient SpaCO computes for a choice of chunks.
 */
export function chunkedLoss<Model, Batch, Memory extends Tree>(of: ChunkModel<Model, Batch, Memory>, { model, batch }: { readonly model: Model; readonly batch: Batch }, { chunk, weights, gates }: GateOptions): Tensor {
  let past: Memory | undefined;
  const losses = chunksOf(of.length(batch), chunk).map((at, j) => {
    const { loss, memory } = of.call(model, batch, { at, past });
    const gated = map(memory, (leaf) => scaleGradient(leaf, gates?.[j] ?? 1));
    past = past === undefined ? gated : zip(past, gated, (before, own) => concat([before, own]));
    const weight = weights?.[j] ?? 1;
    return weight === 1 ? loss : mul(loss, weight);
  });
  return losses.reduce((total, loss) => add(total, loss));
}

/** The same numbers; the gradient that comes back is multiplied. */
function scaleGradient(x: Tensor, factor: number): Tensor {
  if (factor === 1) return x;
  const fixed = stopGradient(x);
  return factor === 0 ? fixed : add(fixed, mul(sub(x, fixed), factor));
}

/** The loss of the whole sequence at once, with the layers' inner values computed again for the backward pass: the usual way to save memory. */
export function checkpointedLoss(model: Gpt, { x, y }: TokenBatch): Tensor {
  const stream = model.blocks.reduce((now, layer) => checkpoint((h: Tensor) => layer.call(h))(now), model.embed(x));
  return crossEntropy(model.logits(model.norm.call(stream).transpose([1, 0, 2])), y);
}

/** The loss of the whole sequence at once. */
export const fullLoss = (model: Gpt, { x, y }: TokenBatch): Tensor => crossEntropy(model.call(x), y);
