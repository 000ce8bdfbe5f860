/** @file Which heads stand out, and in which order and with which mark the overview shows them. */
import { significant } from "../../shared/format";
import { type AttentionModel, type HeadModel, headName, SCORE_NAMES, type ScoreName } from "./model";

/** "pattern" marks each head with its own strongest pattern. */
export type Highlight = "pattern" | ScoreName;

export const HIGHLIGHTS: readonly { readonly value: Highlight; readonly text: string }[] = [
  { value: "pattern", text: "strongest pattern" },
  { value: "previous", text: "previous token" },
  { value: "self", text: "own token" },
  { value: "first", text: "first token" },
  { value: "induction", text: "induction" },
  { value: "entropy", text: "entropy" },
];

export const PATTERNS = ["previous", "induction", "first", "self"] as const;
export type Pattern = (typeof PATTERNS)[number];
export const PATTERN_WORDS: Readonly<Record<Pattern, string>> = {
  previous: "previous token",
  induction: "induction",
  first: "first token",
  self: "own token",
};

/** A pattern counts when it takes this share of attention, and twice what an even head would give it: as in the finding of the static picture. */
const PATTERN_SHARE = 0.4;

/** Share that an even head gives to one position, averaged over queries. */
export function evenShare({ keys, offset, causal }: Pick<AttentionModel, "keys" | "offset" | "causal">): number {
  if (!causal) return 1 / keys;
  let sum = 0;
  for (let position = offset; position < keys; position++) sum += 1 / (position + 1);
  return sum / (keys - offset);
}

/** The strongest pattern of a head, or undefined when none is strong. */
export function patternOf({ scores }: HeadModel, threshold: number): { readonly pattern: Pattern; readonly share: number } | undefined {
  return PATTERNS.map((pattern) => ({ pattern, share: scores[pattern] ?? -1 }))
    .filter(({ share }) => share >= threshold)
    .reduce<{ readonly pattern: Pattern; readonly share: number } | undefined>(
      (best, entry) => (best === undefined || entry.share > best.share ? entry : best),
      undefined,
    );
}

export const patternThreshold = (model: AttentionModel): number => Math.max(PATTERN_SHARE, 2 * evenShare(model));

/** What a highlight says of a head: 0…1, or null where it says nothing. */
export function strength(head: HeadModel, highlight: Highlight): number | null {
  if (highlight === "pattern")
    return PATTERNS.reduce<number | null>((best, name) => (head.scores[name] === null ? best : Math.max(best ?? 0, head.scores[name])), null);
  return head.scores[highlight];
}

/** Indices of the heads by layer and head, or strongest first (heads without the score last, ties in place order). */
export function orderOf(heads: readonly HeadModel[], sort: ((index: number) => number | null) | undefined): number[] {
  const places = heads.map((_, i) => i).sort((a, b) => heads[a].layer - heads[b].layer || heads[a].head - heads[b].head);
  if (sort === undefined) return places;
  const keys = heads.map((_, i) => sort(i) ?? -Infinity);
  return places
    .map((index, place) => ({ index, place }))
    .sort((a, b) => (keys[a.index] === keys[b.index] ? a.place - b.place : keys[b.index] - keys[a.index]))
    .map(({ index }) => index);
}

/** The head to show at first: the best one for induction, the rarest find, if there is any; else that with the strongest pattern, among those that can be drawn. */
export function firstHead(model: AttentionModel): number {
  const threshold = patternThreshold(model);
  const found = model.heads.flatMap((head, i) =>
    head.grid !== undefined && (head.scores.induction ?? 0) >= threshold ? [{ i, share: head.scores.induction ?? 0 }] : [],
  );
  if (found.length > 0) return found.reduce((most, entry) => (entry.share > most.share ? entry : most)).i;
  let [best, most] = [model.heads.findIndex(({ grid }) => grid !== undefined), -1];
  model.heads.forEach((head, i) => {
    const share = strength(head, "pattern") ?? -1;
    if (head.grid !== undefined && share > most) [best, most] = [i, share];
  });
  return Math.max(0, best);
}

/** What is said of a head: "layer 2, head 1: previous 0.92, own 0.03, …". */
export function describeHead(head: HeadModel): string {
  const scores = SCORE_NAMES.flatMap((name) => (head.scores[name] === null ? [] : [`${name} ${significant(head.scores[name], 2)}`]));
  return `${headName(head)}: ${head.grid === undefined ? "its weights are damaged" : scores.length === 0 ? "no scores" : scores.join(", ")}`;
}
