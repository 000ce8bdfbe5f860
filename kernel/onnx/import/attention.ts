/** @file Attention and rotary position embedding (operator set 23). */
import { scaledDotProductAttention } from "../../graph/composites/attention";
import { add, cast, mul, scalar, sub, where } from "../../graph/ops/elementwise";
import { gather } from "../../graph/ops/indexing";
import { concat, lowerTriangle, reshape, slice, stack, transpose } from "../../graph/ops/movement";
import type { Tensor } from "../../graph/tensor";
import type { NodeCall, OperatorTable } from "./nodeCall";

/** [B, heads, T, D] of [B, heads, T, D], or of [B, T, heads · D], whose number of heads an attribute tells. */
function byHeads(call: NodeCall, x: Tensor, attribute: string): Tensor {
  if (x.rank === 4) return x;
  const heads = call.int(attribute, 0);
  if (x.rank !== 3 || heads < 1 || x.shape[2] % heads !== 0) throw call.bad(`${x.toString()} does not part into ${heads} heads`);
  const [batch, length, width] = x.shape;
  return transpose(reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
}

/** The way back, to the form of `like`. */
function joined(x: Tensor, like: Tensor): Tensor {
  if (like.rank === 4) return x;
  const [batch, heads, length, width] = x.shape;
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, length, heads * width]);
}

/** As in our own attention: −∞ would make NaN of a row that is masked throughout. */
const MASKED = -1e9;
const hiding = (seen: Tensor, dtype: Tensor["dtype"]): Tensor => where(seen, scalar(0, dtype), scalar(MASKED, dtype));

/** What is added to the scores [B, heads, T, S]: the mask, and what hides later keys; undefined for nothing. */
function biasOf(call: NodeCall, { queries, keys, past, dtype }: { readonly queries: number; readonly keys: number; readonly past: number; readonly dtype: Tensor["dtype"] }): Tensor | undefined {
  const causal = call.flag("is_causal") ? reshape(hiding(lowerTriangle(queries, keys, past), dtype), [1, 1, queries, keys]) : undefined;
  if (!call.has(3)) return causal;
  const given = call.x(3);
  if (given.rank < 2 || given.rank > 4 || (given.shape[given.rank - 1] !== keys && given.shape[given.rank - 1] !== 1)) throw call.unsupported(`a mask ${given.toString()} for ${keys} keys`);
  const mask = reshape(given.dtype === "bool" ? hiding(given, dtype) : cast(given, dtype), [...Array.from({ length: 4 - given.rank }, () => 1), ...given.shape]);
  return causal === undefined ? mask : add(mask, causal);
}

/** Results: the mixed values, and all keys and values, those of the past first. */
function attention(call: NodeCall): readonly (Tensor | undefined)[] {
  if (call.float("softcap", 0) !== 0) throw call.unsupported("a soft cap of the scores");
  if (call.wants(3)) throw call.unsupported("the output of scores");
  const q = byHeads(call, call.x(0), "q_num_heads");
  const [newKeys, newValues] = [1, 2].map((i) => byHeads(call, call.x(i), "kv_num_heads"));
  const [k, v] = call.has(4) ? [concat([call.x(4), newKeys], 2), concat([call.x(5), newValues], 2)] : [newKeys, newValues];
  const flat = (x: Tensor): Tensor => reshape(x, [x.shape[0] * x.shape[1], x.shape[2], x.shape[3]]);
  const bias = biasOf(call, { queries: q.shape[2], keys: k.shape[2], past: k.shape[2] - newKeys.shape[2], dtype: q.dtype });
  const mixed = scaledDotProductAttention({ q: flat(q), k: flat(k), v: flat(v) }, { bias, scale: call.float("scale", 1 / Math.sqrt(q.shape[3])) });
  return [joined(reshape(mixed, [...q.shape.slice(0, 3), v.shape[3]]), call.x(0)), k, v];
}

/** Pairs of channels, neighbours (`interleaved`) or halves, are turned; channels beyond `rotary_embedding_dim` stay. */
function rotaryEmbedding(call: NodeCall): Tensor {
  const x = byHeads(call, call.x(0), "num_heads");
  const width = x.shape[3];
  const turned = call.int("rotary_embedding_dim", 0) || width;
  // [B, T, turned / 2], picked by position from tables of all positions where positions are given.
  const angles = (i: number): Tensor => {
    const table = call.has(3) ? gather(call.x(i), call.x(3)) : call.x(i);
    return reshape(table, [table.shape[0], 1, ...table.shape.slice(1)]);
  };
  const [c, s] = [angles(1), angles(2)];
  const interleaved = call.flag("interleaved");
  const part = (first: boolean): Tensor => (interleaved ? slice(x, { axis: 3, start: first ? 0 : 1, end: turned, step: 2 }) : slice(x, { axis: 3, start: first ? 0 : turned / 2, end: first ? turned / 2 : turned }));
  const [a, b] = [part(true), part(false)];
  const pair = [sub(mul(a, c), mul(b, s)), add(mul(a, s), mul(b, c))];
  const rotated = interleaved ? reshape(stack(pair, 4), [...x.shape.slice(0, 3), turned]) : concat(pair, 3);
  return joined(turned === width ? rotated : concat([rotated, slice(x, { axis: 3, start: turned })], 3), call.x(0));
}

export const attentions: OperatorTable = { Attention: attention, RotaryEmbedding: rotaryEmbedding };
