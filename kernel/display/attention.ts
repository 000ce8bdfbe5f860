/** @file Attention maps: a grid of layers × heads, and the head that stands out with its tokens. */
import { attentionPayload, strongest, type AttentionOptions } from "./attentionOptions";
import { card, type BodyBox } from "./card";
import { Display, plainText } from "./displayable";
import { pool } from "./downsample";
import { significant } from "./format";
import { colourBar, GAP_LEVEL, levelImage, levelsOf, mapImage, type Box } from "./mapImage";
import type { AttentionHead, AttentionPayload } from "./schema";
import { element, group, label, type SvgChild, type SvgNode } from "./svg";
import { fitText, textWidth } from "./textWidth";
import { INK, MUTED_INK } from "./theme";
import { gridValues, type NumberArray } from "./values";

/** Pixels of all thumbnails together: incompressible ones take as many bytes. */
const MAX_MOSAIC_PIXELS = 50_000;
const MAX_GRID_SIDE = 16;
const MAX_THUMB_PX = 72;

/**
 * Attention weights of all layers and heads. The finding names heads with a pattern: previous token, own token, first token, induction
 * (needs `tokens`), or almost uniform. Layers and heads are counted from 0.
 *
 * @throws {ShapeError} when the weights are not [L, H, T, S], [H, T, S], [T, S], or a list of [H, T, S] or [B, H, T, S].
 */
export function attentionView(options: AttentionOptions): Display<"attention"> {
  const payload = attentionPayload(options);
  return new Display({
    view: "attention",
    payload,
    still: { "image/svg+xml": drawAttention(payload) },
    text: plainText(payload, [sizeLine(payload), ...scoreLines(payload)]),
  });
}

const sizeLine = ({ layers, headsPerLayer, queries, keys, causal }: AttentionPayload): string =>
  `${layers} layers × ${headsPerLayer} heads, ${queries} queries × ${keys} keys${causal ? ", causal" : ""}; layers and heads counted from 0`;

function scoreLines({ heads }: AttentionPayload): string[] {
  const show = (value: number | null): string => (value === null ? "–" : value.toFixed(2)).padStart(9);
  return [
    "head     previous     self    first  induct.  entropy",
    ...heads
      .slice(0, 64)
      .map(
        ({ layer, head, scores }) =>
          `${`${layer}.${head}`.padEnd(7)}${show(scores.previous)}${show(scores.self)}${show(scores.first)}${show(scores.induction)}${show(scores.entropy)}`,
      ),
    ...(heads.length > 64 ? [`… ${heads.length - 64} more heads`] : []),
  ];
}

const arrayOfHead = ({ weights }: AttentionHead): NumberArray => ({ shape: weights.shape, data: gridValues(weights) });

/** The head shown large: the one with the strongest pattern, or the first. */
function chosen({ heads }: AttentionPayload): AttentionHead {
  const best = strongest(heads.map(({ layer, head, scores }) => ({ layer, head, ...scores }))).at(0);
  return heads.find(({ layer, head }) => layer === best?.layer && head === best.head) ?? heads[0];
}

/** The static twin. */
export function drawAttention(payload: AttentionPayload): string {
  const { layers, headsPerLayer, title, finding, cuts } = payload;
  const rows = Math.min(MAX_GRID_SIDE, layers);
  const columns = Math.min(MAX_GRID_SIDE, headsPerLayer);
  const left =
    rows < layers || columns < headsPerLayer ? [`the grid shows ${rows} of ${layers} layers and ${columns} of ${headsPerLayer} heads`] : [];
  const single = layers * headsPerLayer === 1;
  const gridWidth = single ? 0 : 300;
  const caption = ["Rows are queries, columns the keys they attend to; each small map has its own colour range.", ...left, ...cuts].join(" · ");
  return card({ title, finding, caption: single ? cuts.join(" · ") : caption, height: 336 }, (box) =>
    group(
      {},
      single ? undefined : drawGrid(payload, { box: { ...box, width: gridWidth }, rows, columns }),
      drawHead(payload, { ...box, x: box.x + gridWidth + (single ? 0 : 24), width: box.width - gridWidth - (single ? 0 : 24) }),
    ),
  );
}

interface GridLayout {
  readonly box: BodyBox;
  readonly rows: number;
  readonly columns: number;
}

/** All thumbnails are one picture: one PNG compresses better than many. */
function drawGrid(payload: AttentionPayload, { box, rows, columns }: GridLayout): SvgNode {
  const shown = payload.heads.filter(({ layer, head }) => layer < rows && head < columns);
  const [height, width] = payload.heads[0].weights.shape;
  const perThumb = MAX_MOSAIC_PIXELS / (rows * columns);
  const factor = Math.max(1, Math.ceil(Math.sqrt((height * width) / perThumb)));
  const thumbs = shown.map((head) => pool(arrayOfHead(head), { rows: Math.min(height, factor), columns: Math.min(width, factor), across: "sum" }));
  const [h, w] = thumbs[0].shape;
  const gap = { x: Math.max(1, Math.round(w / 10)), y: Math.max(1, Math.round(h / 10)) };
  const stride = columns * (w + gap.x) - gap.x;
  const lines = rows * (h + gap.y) - gap.y;
  const levels = new Uint8Array(stride * lines).fill(GAP_LEVEL);
  shown.forEach(({ layer, head }, i) => {
    const values = levelsOf(thumbs[i].data, [0, usualHighest(thumbs[i])]);
    for (let y = 0; y < h; y++) levels.set(values.subarray(y * w, (y + 1) * w), (layer * (h + gap.y) + y) * stride + head * (w + gap.x));
  });
  // Maps are stretched to squares of this side, whatever their numbers of queries and keys.
  const side = Math.min(MAX_THUMB_PX, ((box.width - 24) * w) / stride, ((box.height - 36) * h) / lines);
  const origin = { x: box.x + 24, y: box.y + 34 };
  const total: Box = { ...origin, width: (side * stride) / w, height: (side * lines) / h };
  const step = { x: (side * (w + gap.x)) / w, y: (side * (h + gap.y)) / h };
  const large = chosen(payload);
  const every = step.x < 14 ? 2 : 1;
  const tall = step.y < 12 ? 2 : 1;
  return group(
    {},
    label("heads", { x: origin.x, y: box.y + 11, size: 10.5, fill: INK }),
    Array.from({ length: columns }, (_, head) =>
      head % every > 0
        ? undefined
        : label(String(head), { x: origin.x + head * step.x + side / 2, y: origin.y - 6, size: 10, fill: MUTED_INK, anchor: "middle" }),
    ),
    Array.from({ length: rows }, (_, layer) =>
      layer % tall > 0
        ? undefined
        : label(String(layer), { x: origin.x - 6, y: origin.y + layer * step.y + side / 2 + 3.5, size: 10, fill: MUTED_INK, anchor: "end" }),
    ),
    label("layers", { x: box.x + 2, y: origin.y + total.height / 2, size: 10.5, fill: INK, anchor: "middle", rotate: -90 }),
    levelImage({ width: stride, height: rows * (h + gap.y) - gap.y, levels, map: "sequential" }, total),
    large.layer < rows && large.head < columns
      ? element("rect", {
          x: origin.x + large.head * step.x - 1.5,
          y: origin.y + large.layer * step.y - 1.5,
          width: side + 3,
          height: side + 3,
          fill: "none",
          stroke: "#d55e00",
          "stroke-width": 2,
          rx: 1.5,
        })
      : undefined,
  );
}

/** Upper quartile of the rows' largest weights: the first rows of a causal head, which have few keys to choose from, would dim all others. */
function usualHighest({ shape, data }: NumberArray): number {
  const [rows, columns] = shape;
  const highest = Array.from({ length: rows }, (_, row) =>
    data.subarray(row * columns, (row + 1) * columns).reduce((most, value) => (value > most ? value : most), 0),
  );
  return highest.sort((a, b) => a - b)[Math.floor(rows * 0.75)] || 1;
}

const TOKEN_SIZE = 9.5;

function drawHead(payload: AttentionPayload, box: BodyBox): SvgNode {
  const head = chosen(payload);
  const { weights, scores, layer } = head;
  const [h, w] = weights.shape;
  const tokens = payload.block === 1 && payload.tokens.length > 0 && payload.keys <= 40 ? payload.tokens.map(visible) : [];
  const room = tokens.length === 0 ? 26 : Math.min(74, Math.max(...tokens.map((token) => textWidth(token, { size: TOKEN_SIZE, mono: true }))) + 8);
  const available = Math.min(box.width - room - 56, box.height - 34 - room);
  const cell = available / Math.max(h, w);
  const plot = { x: box.x + room, y: box.y + 34, width: cell * w, height: cell * h };
  const known = scores.entropy === null ? "" : `, entropy ${significant(scores.entropy, 2)}`;
  return group(
    {},
    label(fitText(`layer ${layer}, head ${head.head}${known}`, box.width, { size: 11.5, weight: "bold" }), {
      x: plot.x,
      y: box.y + 11,
      size: 11.5,
      weight: "bold",
      fill: INK,
    }),
    mapImage(arrayOfHead(head), { box: plot, range: [weights.low, weights.high], map: "sequential" }),
    tokens.length > 0 ? tokenLabels(tokens, { plot, cell, queries: h, room }) : positionLabels(payload, plot),
    colourBar({
      box: { x: plot.x + plot.width + 10, y: plot.y, width: 10, height: plot.height },
      range: [weights.low, weights.high],
      map: "sequential",
      title: "weight",
    }),
  );
}

/** White space and control characters of a token made visible. */
const visible = (token: string): string => (token === "" ? "∅" : token.replace(/ /g, "␣").replace(/\n/g, "⏎").replace(/\t/g, "⇥"));

function tokenLabels(
  tokens: readonly string[],
  { plot, cell, queries, room }: { readonly plot: Box; readonly cell: number; readonly queries: number; readonly room: number },
): SvgChild[] {
  const size = Math.min(TOKEN_SIZE, Math.max(6, cell - 0.5));
  const every = Math.ceil(8 / cell);
  const cut = (token: string): string => fitText(token, room - 6, { size, mono: true });
  const across = tokens.map((token, i) =>
    i % every > 0
      ? undefined
      : label(cut(token), {
          x: plot.x + (i + 0.5) * cell + size * 0.35,
          y: plot.y + plot.height + 5,
          size,
          fill: INK,
          anchor: "end",
          rotate: -90,
          mono: true,
        }),
  );
  const down = tokens
    .slice(tokens.length - queries)
    .map((token, i) =>
      i % every > 0
        ? undefined
        : label(cut(token), { x: plot.x - 4, y: plot.y + (i + 0.5) * cell + size * 0.35, size, fill: INK, anchor: "end", mono: true }),
    );
  return [across, down];
}

function positionLabels({ keys, queries }: AttentionPayload, plot: Box): SvgChild[] {
  const ends = (count: number): number[] => (count === 1 ? [0] : [0, count - 1]);
  return [
    ends(keys).map((key) =>
      label(String(key), {
        x: plot.x + (plot.width * (key + 0.5)) / keys,
        y: plot.y + plot.height + 13,
        size: 10,
        fill: MUTED_INK,
        anchor: "middle",
      }),
    ),
    label("key", { x: plot.x + plot.width / 2, y: plot.y + plot.height + 13, size: 10, fill: INK, anchor: "middle" }),
    ends(queries).map((query) =>
      label(String(query + keys - queries), {
        x: plot.x - 5,
        y: Math.min(plot.y + plot.height, plot.y + (plot.height * (query + 0.5)) / queries + 3.5),
        size: 10,
        fill: MUTED_INK,
        anchor: "end",
      }),
    ),
    label("query", { x: plot.x - 8, y: plot.y + plot.height / 2, size: 10, fill: INK, anchor: "middle", rotate: -90 }),
  ];
}
