/** @file The cache of two branches: compressed keys and values of every token, and exact ones of the most recent. Keys are kept before rotation. */
import { ArgumentError } from "../../errors";
import { add, and, clip, greaterEqual, less, mod, sub, where } from "../../graph/ops/elementwise";
import { gather } from "../../graph/ops/indexing";
import { iota, zeros } from "../../graph/ops/movement";
import type { Tensor } from "../../graph/tensor";
import { Attention } from "../../nn/attention";
import type { Gpt } from "../../nn/gpt";
import { ofRows, store, writeRows, type LayerCache } from "../../nn/kvCache";
import { replaceModules } from "../../nn/surgery";
import { compressed, reconstructed, type CacheQuantization } from "./fit";
import type { Factors, LayerFactors } from "./factors";
import { emptyQuantized, readQuantized, writeQuantized, type Ranges } from "./quantized";

export interface WindowOptions {
  /** Exact rows m: those of the m newest tokens. Default 32; 0: everything is read from the compressed branch, the newest token too. */
  readonly window?: number;
  /** Which rows are exact: always the m newest (the paper), or those since the last multiple of m, as the official code flushes whole blocks. Default "sliding". */
  readonly mode?: "sliding" | "block";
  /** Default none: the compressed branch is kept in the model's dtype. */
  readonly quant?: CacheQuantization;
}

type Window = Required<Pick<WindowOptions, "window" | "mode">> & Pick<WindowOptions, "quant">;

/** Of one layer. `k` and `v` are the compressed branch: [length, B, c], or codes. */
interface BiBranchCache extends LayerCache {
  /** Exact keys (not rotated) and values of the newest tokens, row i mod m that of token i: [m, B, kvHeads · headWidth]; undefined without a window. */
  readonly recent: LayerCache | undefined;
  /** What the codes mean, where the branch is quantized. */
  readonly ranges?: Ranges;
}

/** Attention that decodes with a cache of two branches. Whole sequences, and the tokens of a prompt among each other, are computed exactly. */
export class CompressedAttention extends Attention {
  readonly factors: LayerFactors;
  readonly window: Window;

  constructor(base: Attention, { factors, window }: { readonly factors: LayerFactors; readonly window: Window }) {
    super(base);
    this.factors = factors;
    this.window = window;
  }

  override emptyCache({ batch, length }: { readonly batch: number; readonly length: number }): BiBranchCache {
    const { window, quant } = this.window;
    const rows = (count: number, width: number): Tensor => zeros([count, batch, width], this.k.dtype);
    const [kWidth, vWidth] = [this.factors.k.down.shape[1], this.factors.v.down.shape[1]];
    const branch = quant === undefined ? { k: rows(length, kWidth), v: rows(length, vWidth) } : emptyQuantized({ ...quant, length, batch, kWidth, vWidth });
    return { ...branch, recent: window === 0 ? undefined : { k: rows(window, this.k.outputs), v: rows(window, this.v.outputs) } };
  }

  override step(x: Tensor, cache: LayerCache, position: Tensor): { readonly output: Tensor; readonly cache: LayerCache } {
    if (!isBiBranch(cache)) throw new ArgumentError("a cache of two branches is needed here", { help: "make the cache with this model's own cache()" });
    return this.labelled(() => {
      const [count, batch] = x.shape;
      const fresh = this.project(x, x);
      const small = { k: compressed(x, this.factors.k), v: compressed(x, this.factors.v) };
      const { branch, read } = this.compressedBranch(cache, { ...small, position });
      const recent = cache.recent && { k: this.remember(cache.recent.k, fresh.k, position), v: this.remember(cache.recent.v, fresh.v, position) };
      const [k, v] = (["k", "v"] as const).map((name) => {
        const all = reconstructed(read[name], this.factors[name]);
        const { bias } = this[name];
        return this.overlaid(bias === undefined ? all : add(all, bias), { recent: recent?.[name], fresh: fresh[name], position });
      });
      const positions = add(iota(count), position);
      const operands = this.operands({ q: fresh.q, k, v }, { queries: positions, keys: iota(k.shape[0]) });
      const next: BiBranchCache = { ...branch, recent };
      return { output: this.attendSeen(operands, { batch, positions }), cache: next };
    });
  }

  /** The compressed branch with the rows of the newest tokens, and what is read from it. */
  private compressedBranch({ k, v, ranges }: BiBranchCache, rows: LayerCache & { readonly position: Tensor }): { readonly branch: LayerCache; readonly read: LayerCache } {
    const { quant } = this.window;
    if (quant === undefined || ranges === undefined) {
      const branch = store({ k, v }, rows);
      return { branch, read: branch };
    }
    const branch = writeQuantized({ k, v, ranges }, rows, quant);
    return { branch, read: readQuantized(branch, { ...quant, total: add(rows.position, rows.k.shape[0]), vWidth: rows.v.shape[2] }) };
  }

  /** The exact rows [m, B, W] with those of the newest tokens written over the oldest. */
  private remember(recent: Tensor, fresh: Tensor, position: Tensor): Tensor {
    const { window } = this.window;
    const count = fresh.shape[0];
    const last = add(position, count - 1);
    // The newest token that belongs into each row, counted from the first fresh one.
    const token = sub(sub(last, mod(sub(last, iota(window)), window)), position);
    return where(ofRows(greaterEqual(token, 0), recent.rank), gather(fresh, clip(token, 0, count - 1)), recent);
  }

  /** Reconstructed rows [length, B, W] with the exact ones in their places. */
  private overlaid(rows: Tensor, { recent, fresh, position }: { readonly recent: Tensor | undefined; readonly fresh: Tensor; readonly position: Tensor }): Tensor {
    const { window, mode } = this.window;
    const count = fresh.shape[0];
    const token = iota(rows.shape[0]);
    const total = add(position, count);
    let out = rows;
    if (recent !== undefined) {
      const first = mode === "sliding" ? sub(total, window) : sub(sub(total, 1), mod(sub(total, 1), window));
      out = where(ofRows(and(greaterEqual(token, first), less(token, total)), out.rank), gather(recent, mod(token, window)), out);
    }
    return count === 1 ? out : writeRows(out, fresh, position);
  }
}

const isBiBranch = (cache: LayerCache): cache is BiBranchCache => "recent" in cache;

/**
 * `model` that decodes with compressed keys and values; everything else about it stays. Tensors are shared with `model`.
 * @throws {ArgumentError} for a window below 0, a block mode without a window, or factors of another model.
 */
export function withCompressedCache(model: Gpt, factors: Factors, { window = 32, mode = "sliding", quant }: WindowOptions = {}): Gpt {
  if (!Number.isInteger(window) || window < 0 || (mode === "block" && window === 0)) throw new ArgumentError(`cskv: a window of ${window} in ${mode} mode`, { help: "give an integer from 0, from 1 for blocks" });
  return replaceModules(model, (layer, path) => {
    if (!(layer instanceof Attention)) return layer;
    const own = factors[path];
    if (own === undefined || own.k.down.shape[0] !== layer.k.inputs || own.k.up.shape[1] !== layer.k.outputs) throw new ArgumentError(`cskv: no factors for ${path}`, { help: "factorize the model that is compressed" });
    return new CompressedAttention(layer, { factors: own, window: { window, mode, quant } });
  });
}

export interface ExactRows {
  readonly window: number;
  readonly mode?: "sliding" | "block";
}

/** How many exact rows are held after `total` tokens. */
export const exactRows = (total: number, { window, mode = "sliding" }: ExactRows): number => (mode === "sliding" ? Math.min(total, window) : total % window);

export interface BytesOptions extends ExactRows {
  /** c of keys and values, of `width` channels each. */
  readonly channels: readonly [k: number, v: number];
  readonly width: number;
  readonly tokens: number;
  /** Of the compressed branch. Default `exactBits`. */
  readonly bits?: number;
  /** Of exact keys and values. Default 16. */
  readonly exactBits?: number;
}

/** Bytes of one layer's cache for one sequence, as the paper counts them: without scales and zero points. */
export const cacheBytes = ({ channels: [k, v], width, tokens, window, exactBits = 16, bits = exactBits }: BytesOptions): number => ((k + v) * bits * tokens + 2 * width * exactBits * Math.min(window, tokens)) / 8;
