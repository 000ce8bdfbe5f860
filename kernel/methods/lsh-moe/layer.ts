/** @file The layer: experts that get centroids of buckets in the place of tokens, and how it enters a model. */
import { tap } from "../../graph/taps";
import { reshape } from "../../graph/ops/movement";
import type { Tensor } from "../../graph/tensor";
import { onRows } from "../../nn/linear";
import { Moe } from "../../nn/moe";
import { replaceModules } from "../../nn/surgery";
import { fold, key as keyOf, type Key } from "../../random/key";
import { compress, shardSequences, throughCentroids, type Compression } from "./compress";
import { crossPolytope, type Hash } from "./hash";

export interface LshMoeSettings {
  readonly hash: Hash;
  /** S: devices, each with equally many sequences of the batch that follow each other. Buckets never mix devices. */
  readonly devices: number;
  /** Whether what a token differs from its centroid is added to the result. */
  readonly compensate: boolean;
  /** Whether the hash's directions are drawn anew in every step of a training (in a model that `nn.routedBy` gave a key). */
  readonly redraw: boolean;
}

/** Who shares a bucket among tokens x [T, B, D] (or [B, D]) that `layer` routes; S devices have B / S of the B each. */
export function compressionOf(layer: Moe, x: Tensor, { hash, key, devices }: { readonly hash: Hash; readonly key: Key; readonly devices: number }): Compression {
  const width = x.shape[x.rank - 1];
  const rows = reshape(x, [-1, width]);
  return compress(rows, layer.route(layer.logits(rows)), { hash, key, devices, sources: sourcesOf(x, devices) });
}

function sourcesOf(x: Tensor, devices: number): Tensor {
  const batch = x.shape[x.rank - 2];
  return shardSequences({ time: x.size / (batch * x.shape[x.rank - 1]), batch, devices });
}

/**
 * A layer of experts with compressed all-to-alls: [T, B, D] → [T, B, D], time first. Taps are those of `Moe`, and "tokensSent" and "centroidsSent", int64 [S, E]: vectors from each
 * device to each expert without and with compression.
 */
export class LshMoe extends Moe {
  readonly lsh: LshMoeSettings;
  /** Of the hash's directions. */
  readonly directions: Key;

  constructor(layer: Moe, { directions, ...lsh }: LshMoeSettings & { readonly directions: Key }) {
    super(layer);
    this.lsh = lsh;
    this.directions = directions;
  }

  override forward(x: Tensor): Tensor {
    const { hash, devices, compensate, redraw } = this.lsh;
    const key = redraw && this.key !== undefined ? fold(this.key, "directions") : this.directions;
    return onRows(x, (rows) => {
      const way = this.way(rows);
      const compression = compress(rows, way, { hash, key, devices, sources: sourcesOf(x, devices) });
      tap("tokensSent", compression.tokens);
      tap("centroidsSent", compression.centroids);
      return throughCentroids(rows, way, { compression, experts: (buffers) => this.experts(buffers), compensate });
    });
  }
}

export interface LshMoeOptions extends Partial<LshMoeSettings> {
  /** Of the directions; every layer has its own. Default random.key(0). */
  readonly key?: Key;
}

/**
 * `model` with compressed all-to-alls in its layers of experts (also in those that are compressed already, in another way). Tensors are shared with `model`. Defaults: 6 hashes of 8 axes
 * (`crossPolytope()`), 1 device, compensation, directions that stay.
 * @throws {NoEffectError} when there is no layer of experts.
 */
export const lshMoe = <M extends object>(model: M, { hash = crossPolytope(), devices = 1, compensate = true, redraw = false, key = keyOf(0) }: LshMoeOptions = {}): M =>
  replaceModules(model, (layer, path) => (isExperts(layer) ? new LshMoe(layer, { hash, devices, compensate, redraw, directions: fold(key, path) }) : layer));

/** `model` with its layers' tokens sent as they are. @throws {NoEffectError} when none is compressed. */
export const uncompressed = <M extends object>(model: M): M => replaceModules(model, (layer) => (layer instanceof LshMoe ? new Moe(layer) : layer));

/** Other kinds of layers of experts compute more than the two all-to-alls: they stay as they are. */
const isExperts = (layer: object): layer is Moe => layer instanceof LshMoe || layer.constructor === Moe;
