/** @file The grid of effects: what methods do alone and two at a time, at equal cost. */
import { tableView } from "../display/table";
import type { Display } from "../display/displayable";
import { ArgumentError } from "../errors";
import { Outcome } from "./outcome";
import type { Quantity } from "./quantity";
import type { ExperimentRecord } from "./schema";

/** Between the names of an arm that has two methods: "primer_and_lost". */
const AND = "_and_";

/** What two methods do together. */
export interface PairEffect {
  readonly names: readonly [string, string];
  /** Main metric of the pair − that of the baseline. */
  readonly effect: Quantity;
  /** The effect less those of both alone: 0 where they add up. */
  readonly interaction: Quantity;
}

export interface Effects {
  /** Methods that have an arm alone, in the order of the arms. */
  readonly alone: readonly { readonly name: string; readonly effect: Quantity }[];
  readonly pairs: readonly PairEffect[];
}

/**
 * The effects of all arms "a" and "a_and_b" on the main metric, paired over seeds, against the first baseline.
 * @throws {ArgumentError} when there is no baseline, or a part of a pair has no arm of its own.
 */
export function effectsOf(record: ExperimentRecord): Effects {
  const outcome = new Outcome(record);
  const base = record.arms.find(({ role }) => role === "baseline");
  if (base === undefined) throw new ArgumentError(`${record.slug}: no arm is a baseline`, { help: 'give one arm { role: "baseline" }: effects are differences from it' });
  const arms = record.arms.filter(({ role }) => role !== "baseline").map(({ name }) => name);
  const alone = arms.filter((name) => !name.includes(AND));
  const pairs = arms.flatMap((name) => {
    const parts = name.split(AND);
    if (parts.length !== 2) return [];
    const missing = parts.find((part) => !alone.includes(part));
    if (missing !== undefined) throw new ArgumentError(`${record.slug}: arm ${JSON.stringify(name)}, but none of ${missing} alone`, { help: "an interaction is told from a pair and both of its parts" });
    const [a, b] = parts;
    return [{ names: [a, b] as const, effect: outcome.difference(name, base.name), interaction: outcome.interaction(name, { parts: [a, b], than: base.name }) }];
  });
  return { alone: alone.map((name) => ({ name, effect: outcome.difference(name, base.name) })), pairs };
}

/** A single seed has no interval. */
const text = ({ value, low, high }: Quantity): string => `${signed(value)}${Number.isFinite(low) && Number.isFinite(high) ? ` (${signed(low)} to ${signed(high)})` : ""}`;
const signed = (value: number): string => (Number.isFinite(value) ? `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}` : String(value));

/** The grid as a table: alone on the diagonal, pairs above it, and below it what a pair has more than the sum of its parts. */
export function effectsTable(record: ExperimentRecord): Display<"table"> {
  const { alone, pairs } = effectsOf(record);
  const [metric] = Object.values(record.metrics);
  const find = (a: string, b: string): PairEffect | undefined => pairs.find(({ names }) => names.includes(a) && names.includes(b));
  const rows = alone.map(({ name: row, effect }, i) => ({
    method: row,
    ...Object.fromEntries(
      alone.map(({ name: column }, j) => {
        if (i === j) return [column, text(effect)];
        const pair = find(row, column);
        return [column, pair === undefined ? "" : i < j ? text(pair.effect) : `Δ ${text(pair.interaction)}`];
      }),
    ),
  }));
  const largest = pairs.reduce<PairEffect | undefined>((most, pair) => (most === undefined || Math.abs(pair.interaction.value) > Math.abs(most.interaction.value) ? pair : most), undefined);
  const finding = largest === undefined ? undefined : `Furthest from the sum of its parts: ${largest.names.join(" and ")}, by ${signed(largest.interaction.value)}.`;
  return tableView(rows, { title: `${metric?.label ?? "metric"} − the baseline's at equal cost: alone on the diagonal, pairs above it, Δ below it: pair − sum`, finding });
}
