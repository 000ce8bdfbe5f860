/** @file What a user gives to see attention, and its payload: scores from all weights, maps small enough to keep. */
import { ArgumentError, ShapeError } from "../errors";
import { showShape } from "../graph/shape";
import { earlierOccurrences, headScores, isCausal } from "./attentionScores";
import { pool } from "./downsample";
import { capitalized, cutTo, plural, significant } from "./format";
import type { AttentionHead, AttentionPayload, HeadScores } from "./schema";
import { arrayOf, byteGrid, extentOf, isHostTensor, type ArraySource, type NumberArray } from "./values";

export interface AttentionOptions {
  /**
   * Attention weights after the softmax: [L, H, T, S] or [H, T, S] or [T, S]; or one array for each layer, [H, T, S] or [B, H, T, S].
   * T queries, S keys; S > T means that the queries are the last T positions. Rows are expected to sum to 1.
   */
  readonly weights: ArraySource | readonly ArraySource[];
  /** Text of each key position. */
  readonly tokens?: readonly string[];
  /** Which sequence of a batch is shown, default 0. */
  readonly batch?: number;
  readonly title?: string;
}

/** Bytes of all maps in a payload, before base64: 4/3 of it is two thirds of an output. */
const MAX_MAP_BYTES = 90_000;
const MAX_HEADS = 1024;
const MAX_TOKEN_CHARACTERS = 24;

interface Stack {
  readonly layers: number;
  readonly headsPerLayer: number;
  readonly queries: number;
  readonly keys: number;
  /** Layers × heads, row-major, each [queries, keys]. */
  readonly maps: readonly NumberArray[];
}

const isOneArray = (weights: ArraySource | readonly ArraySource[]): weights is ArraySource =>
  isHostTensor(weights) || !weights.some((layer) => isHostTensor(layer));

function stackOf({ weights, batch = 0 }: AttentionOptions): Stack {
  const shapeHelp = "give [layers, heads, queries, keys], or for each layer [heads, queries, keys] or [batch, heads, queries, keys]";
  const layers: NumberArray[] = isOneArray(weights)
    ? splitLayers(arrayOf(weights, "attention weights"))
    : weights.map((layer, i) => arrayOf(layer, `attention weights of layer ${i}`));
  const single = layers.map((layer, i) => {
    if (layer.shape.length === 3) return layer;
    if (layer.shape.length !== 4) throw new ShapeError(`attention weights of layer ${i} have shape ${showShape(layer.shape)}`, { help: shapeHelp });
    const count = layer.shape[0];
    if (!Number.isInteger(batch) || batch < 0 || batch >= count)
      throw new ArgumentError(`sequence ${batch} of a batch of ${count}`, { help: `use batch 0 to ${count - 1}` });
    const size = layer.data.length / count;
    return { shape: layer.shape.slice(1), data: layer.data.subarray(batch * size, (batch + 1) * size) };
  });
  const shape = single[0]?.shape ?? [];
  if (single.length === 0 || shape.some((size) => size === 0))
    throw new ShapeError(`attention weights without any layer, head or token: ${showShape([single.length, ...shape])}`, { help: shapeHelp });
  const odd = single.findIndex((layer) => layer.shape.some((size, axis) => size !== shape[axis]));
  if (odd >= 0)
    throw new ShapeError(`attention weights of layer ${odd} have shape ${showShape(single[odd].shape)}, those of layer 0 ${showShape(shape)}`, {
      help: "show layers of unlike shape in views of their own",
    });
  const [heads, queries, keys] = shape;
  const maps = single.flatMap(({ data }) =>
    Array.from({ length: heads }, (_, head) => ({ shape: [queries, keys], data: data.subarray(head * queries * keys, (head + 1) * queries * keys) })),
  );
  return { layers: single.length, headsPerLayer: heads, queries, keys, maps };
}

function splitLayers({ shape, data }: NumberArray): NumberArray[] {
  if (shape.length === 2) return [{ shape: [1, ...shape], data }];
  if (shape.length !== 4) return [{ shape, data }];
  const size = data.length / Math.max(1, shape[0]);
  return Array.from({ length: shape[0] }, (_, layer) => ({ shape: shape.slice(1), data: data.subarray(layer * size, (layer + 1) * size) }));
}

/** The payload of an attention view. @throws {ShapeError} for weights of other shapes. @throws {ArgumentError} when tokens and keys differ in number. */
export function attentionPayload(options: AttentionOptions): AttentionPayload {
  const stack = stackOf(options);
  const { layers, headsPerLayer, queries, keys, maps } = stack;
  const { title = "", tokens = [] } = options;
  if (tokens.length !== 0 && tokens.length !== keys)
    throw new ArgumentError(`${tokens.length} tokens for ${keys} key positions`, { help: "give one token for each key, or none" });
  const causal = isCausal(maps);
  const earlier = tokens.length === 0 ? undefined : earlierOccurrences(tokens);
  const cuts: string[] = [];
  const shown = Math.min(maps.length, MAX_HEADS);
  if (shown < maps.length) cuts.push(`maps of the first ${shown} of ${maps.length} heads; scores in the finding are over all`);
  const scores = maps.map((weights) => headScores({ weights, causal, earlier }));
  let block = 1;
  while (shown * Math.ceil(queries / block) * Math.ceil(keys / block) > MAX_MAP_BYTES) block++;
  if (block > 1)
    cuts.push(`each cell of a map joins ${block} × ${block} positions: summed over keys, averaged over queries; scores are from all weights`);
  const heads = maps.slice(0, shown).map((map, i): AttentionHead => {
    const small = pool(map, { rows: Math.min(block, queries), columns: Math.min(block, keys), across: "sum" });
    return {
      layer: Math.floor(i / headsPerLayer),
      head: i % headsPerLayer,
      scores: scores[i],
      weights: byteGrid(small, [0, extentOf(small.data)?.[1] || 1]),
    };
  });
  const places = scores.map((score, i) => ({ ...score, layer: Math.floor(i / headsPerLayer), head: i % headsPerLayer }));
  return {
    version: 1,
    title: title.slice(0, 300),
    finding: findingOf(places, { queries, keys, causal, wholeNumber: maps.length }),
    cuts,
    layers,
    headsPerLayer,
    queries,
    keys,
    causal,
    tokens:
      block > 1 && keys > 2000
        ? []
        : tokens.map((token) => cutTo(token, MAX_TOKEN_CHARACTERS)),
    block,
    heads,
  };
}

type PlacedScores = HeadScores & { readonly layer: number; readonly head: number };

/** A pattern counts when it takes this share of attention and at least twice what a uniform head would give it. */
const PATTERN_SHARE = 0.4;
/** A head counts as uniform above this normalized entropy. */
export const UNIFORM_ENTROPY = 0.9;

const PATTERNS = [
  { key: "previous", words: "to the previous token" },
  { key: "induction", words: "to what followed the same token earlier (induction)" },
  { key: "first", words: "to the first token" },
  { key: "self", words: "to its own token" },
] as const;

interface Whole {
  readonly queries: number;
  readonly keys: number;
  readonly causal: boolean;
  readonly wholeNumber: number;
}

/** Share that a head without any preference gives to one position, averaged over queries. */
function uniformShare({ queries, keys, causal }: Whole): number {
  if (!causal) return 1 / keys;
  let sum = 0;
  for (let i = 0; i < queries; i++) sum += 1 / (i + keys - queries + 1);
  return sum / queries;
}

/** The strongest pattern of each head that has one, best head first. */
export function strongest(
  heads: readonly PlacedScores[],
): { readonly layer: number; readonly head: number; readonly key: (typeof PATTERNS)[number]["key"]; readonly share: number }[] {
  return heads
    .flatMap(({ layer, head, ...scores }) =>
      PATTERNS.map(({ key }) => ({ layer, head, key, share: scores[key] ?? -1 }))
        .sort((a, b) => b.share - a.share)
        .slice(0, 1),
    )
    .filter(({ share }) => share >= 0)
    .sort((a, b) => b.share - a.share);
}

function findingOf(heads: readonly PlacedScores[], whole: Whole): string {
  if (whole.keys < 2) return `One key only, so all ${plural(heads.length, "head")} attend to it.`;
  const threshold = Math.max(PATTERN_SHARE, 2 * uniformShare(whole));
  const ranked = strongest(heads);
  const found = PATTERNS.flatMap(({ key, words }) => {
    const of = ranked.filter((entry) => entry.key === key && entry.share >= threshold);
    if (of.length === 0) return [];
    const also = of.length > 1 ? `, and so ${of.length === 2 ? "does 1 other" : `do ${of.length - 1} others`}` : "";
    return [{ share: of[0].share, text: `layer ${of[0].layer} head ${of[0].head} attends mostly ${words} (${significant(of[0].share, 2)})${also}` }];
  }).sort((a, b) => b.share - a.share);
  const known = heads.filter(({ entropy }) => entropy !== null);
  const uniform = known.filter(({ entropy }) => (entropy ?? 0) > UNIFORM_ENTROPY).length;
  const spread =
    uniform === 0 ? "" : `${uniform === heads.length ? `all ${heads.length}` : `${uniform} of ${heads.length}`} heads spread almost evenly`;
  const mean = known.reduce((sum, { entropy }) => sum + (entropy ?? 0), 0) / known.length;
  const bad = heads.length - known.length;
  const parts =
    found.length > 0
      ? [...found.map(({ text }) => text), spread]
      : [
          ranked.length === 0
            ? ""
            : `no head has a fixed pattern: the strongest, layer ${ranked[0].layer} head ${ranked[0].head}, gives ${significant(ranked[0].share, 2)} ${PATTERNS.find(({ key }) => key === ranked[0].key)?.words}`,
          spread === "" && known.length > 0 ? `mean entropy is ${significant(mean, 2)} of a uniform head's` : spread,
        ];
  const sentence = [...parts.filter((part) => part !== ""), ...(bad === 0 ? [] : [`${plural(bad, "head has", "heads have")} no finite weights`])];
  return capitalized(`${sentence.join("; ")}.`);
}
