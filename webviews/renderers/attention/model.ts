/** @file An attention payload made safe to draw: sizes checked, scores finite, positions joined into cells, tokens as readable labels. */
import type { AttentionPayload, ByteGrid, HeadScores } from "../../../kernel/display/schema";

export const SCORE_NAMES = ["previous", "self", "first", "induction", "entropy"] as const;
export type ScoreName = (typeof SCORE_NAMES)[number];

export interface HeadModel {
  readonly layer: number;
  readonly head: number;
  readonly scores: Readonly<Record<ScoreName, number | null>>;
  /** undefined where sizes and data do not agree: then there is nothing to draw. */
  readonly grid: ByteGrid | undefined;
}
export interface AttentionModel {
  readonly title: string;
  readonly heads: readonly HeadModel[];
  /** Layers and heads per layer of the heads that are there. */
  readonly layers: number;
  readonly headsPerLayer: number;
  /** Cells of a map: queries and keys, joined by `block`. */
  readonly rows: number;
  readonly columns: number;
  readonly block: number;
  /** Key position of the first query. */
  readonly offset: number;
  readonly keys: number;
  readonly causal: boolean;
  /** One for each column, for axes and text; positions where there are no tokens. */
  readonly labels: readonly string[];
  /** Whether a label begins a word: it has a space before it. */
  readonly spaced: readonly boolean[];
  readonly hasTokens: boolean;
}

/** More heads, larger maps and longer tokens than the kernel sends are not drawn. */
const MAX_HEADS = 1024;
const MAX_SIDE = 4096;
const MAX_LABEL_CHARACTERS = 32;

const count = (value: unknown, most: number): number =>
  typeof value === "number" && Number.isInteger(value) && value > 0 ? Math.min(most, value) : 1;
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const finite = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);

/** The model of a payload; a damaged payload gives a model with heads that have no grid, or without heads. */
export function attentionModel(payload: AttentionPayload): AttentionModel {
  const block = count(payload.block, MAX_SIDE);
  const keys = count(payload.keys, MAX_SIDE * block);
  const queries = Math.min(keys, count(payload.queries, MAX_SIDE * block));
  const rows = Math.min(MAX_SIDE, Math.ceil(queries / block));
  const columns = Math.min(MAX_SIDE, Math.ceil(keys / block));
  // SAFETY: what came as JSON may be anything; every field is checked before it is used.
  const heads = (list(payload.heads).slice(0, MAX_HEADS) as readonly Partial<AttentionPayload["heads"][number]>[]).map((head, i): HeadModel => {
    const known = head !== null && typeof head === "object" ? head : {};
    return {
      layer: typeof known.layer === "number" && Number.isInteger(known.layer) && known.layer >= 0 ? known.layer : i,
      head: typeof known.head === "number" && Number.isInteger(known.head) && known.head >= 0 ? known.head : 0,
      scores: scoresOf(known.scores),
      grid: gridOf(known.weights, rows, columns),
    };
  });
  const tokens = list(payload.tokens);
  const hasTokens = tokens.length === keys;
  const words = hasTokens ? tokens.map((token) => (typeof token === "string" ? token : "")) : [];
  const separator = separatorOf(words);
  return {
    title: typeof payload.title === "string" ? payload.title : "",
    heads,
    layers: new Set(heads.map(({ layer }) => layer)).size,
    headsPerLayer: Math.max(1, new Set(heads.map(({ head }) => head)).size),
    rows,
    columns,
    block,
    offset: keys - queries,
    keys,
    causal: payload.causal === true,
    labels: Array.from({ length: columns }, (_, column) => labelOf(words, { column, block, keys, separator })),
    spaced: Array.from({ length: columns }, (_, column) => !hasTokens || block > 1 || /^\s/.test(words[column])),
    hasTokens,
  };
}

function scoresOf(scores: HeadScores | undefined): HeadModel["scores"] {
  const given: Partial<HeadScores> = scores !== null && typeof scores === "object" ? scores : {};
  return {
    previous: finite(given.previous),
    self: finite(given.self),
    first: finite(given.first),
    induction: finite(given.induction),
    entropy: finite(given.entropy),
  };
}

function gridOf(grid: ByteGrid | undefined, rows: number, columns: number): ByteGrid | undefined {
  if (grid === null || typeof grid !== "object" || typeof grid.data !== "string" || !Array.isArray(grid.shape)) return undefined;
  const fits =
    grid.shape.length === 2 && grid.shape[0] === rows && grid.shape[1] === columns && finite(grid.low) !== null && finite(grid.high) !== null;
  return fits && grid.data.length === 4 * Math.ceil((rows * columns) / 3) ? grid : undefined;
}

function labelOf(
  words: readonly string[],
  { column, block, keys, separator }: { readonly column: number; readonly block: number; readonly keys: number; readonly separator: string },
): string {
  const [from, to] = [column * block, Math.min(keys, (column + 1) * block)];
  if (words.length === 0) return block === 1 ? String(from) : `${from}–${to - 1}`;
  return readable(words.slice(from, to).join(separator));
}

/** What stands between joined tokens: nothing where they bring their own spaces or are single characters, else a space. */
const separatorOf = (words: readonly string[]): string => (words.some((word) => /^\s/.test(word)) || words.every((word) => [...word].length < 2) ? "" : " ");

/** White space at the ends cut, line ends and tabs as signs, "∅" for nothing, long text shortened. */
export function readable(token: string): string {
  const signs = token
    .replace(/\n/g, "⏎")
    .replace(/\t/g, "⇥")
    .replace(/[\p{Cc}\p{Cf}]/gu, "�");
  const text = signs.trim() === "" ? signs.replace(/ /g, "␣") : signs.trim();
  if (text === "") return "∅";
  return text.length > MAX_LABEL_CHARACTERS ? `${text.slice(0, MAX_LABEL_CHARACTERS - 1)}…` : text;
}

/** The row whose query stands at this key column; undefined before the first query. */
export function rowOfColumn({ rows, block, offset }: AttentionModel, column: number): number | undefined {
  const row = Math.floor((column * block + block - 1 - offset) / block);
  return row < 0 ? undefined : Math.min(rows - 1, row);
}

/** The key column at which the queries of a row stand. */
export const columnOfRow = ({ columns, block, offset }: AttentionModel, row: number): number =>
  Math.min(columns - 1, Math.floor((row * block + offset) / block));

/** Whether no query of the row may attend to any key of the column. */
export function isMasked(model: AttentionModel, row: number, column: number): boolean {
  if (!model.causal) return false;
  const lastQuery = Math.min(model.keys - 1, model.offset + (row + 1) * model.block - 1);
  return column * model.block > lastQuery;
}

/** How a head is called: "layer 2, head 1". */
export const headName = ({ layer, head }: Pick<HeadModel, "layer" | "head">): string => `layer ${layer}, head ${head}`;

/** A token in quotes with its position, or the position alone: “cat” (7). */
export function tokenName(model: AttentionModel, column: number): string {
  if (!model.hasTokens) return model.block === 1 ? `position ${model.labels[column]}` : `positions ${model.labels[column]}`;
  return `“${model.labels[column]}” (${model.block === 1 ? column : `${column * model.block}–${Math.min(model.keys, (column + 1) * model.block) - 1}`})`;
}
