/** @file tune(): the same number of trials for every arm, so that no arm is better only because more was tried for it. */
import { DISPLAY, type Displayable, type MimeBundle } from "../display/displayable";
import { significant } from "../display/format";
import { tableView } from "../display/table";
import { ArgumentError } from "../errors";
import { mean } from "../fit/statistics";
import type { ArmBody } from "./armRun";
import { checkNames, runArms } from "./runArms";
import type { Budget, MetricInfo } from "./schema";
import type { Launcher } from "./launcher";

export interface TuneOptions<Name extends string, Trial> {
  /** As of the experiment. */
  readonly slug: string;
  /** What each arm does with a trial. */
  readonly arms: Readonly<Record<Name, (trial: Trial) => ArmBody>>;
  /** What is tried, for all arms; or a list for each, all of the same length. */
  readonly trials: readonly Trial[] | Readonly<Record<Name, readonly Trial[]>>;
  /** Other seeds than the experiment's, so that none is chosen for its luck. A number n is seeds 0 … n − 1. */
  readonly seeds: number | readonly number[];
  readonly budget?: Budget;
  /** What is judged by. Default { name: "loss", better: "lower" }. */
  readonly metric?: { readonly name: string; readonly better: MetricInfo["better"] };
  readonly processes?: number;
  /** Where trials run: `slurm({ … })`. Default: processes of this machine. */
  readonly on?: Launcher;
}

/** The best trial of every arm, and what all gave. */
export class Tuned<Name extends string, Trial> implements Displayable {
  /** @param best - by arm. @param tried - means over seeds, in the order of the trials. */
  constructor(
    readonly best: Readonly<Record<Name, Trial>>,
    readonly tried: readonly { readonly arm: Name; readonly trial: Trial; readonly value: number }[],
  ) {}

  [DISPLAY](): MimeBundle {
    const rows = this.tried.map(({ arm, trial, value }) => ({ arm, trial: JSON.stringify(trial), value, best: this.best[arm] === trial ? "✓" : "" }));
    const chosen = Object.entries(this.best).map(([arm, trial]) => `${arm} ${JSON.stringify(trial)}`);
    return tableView(rows, { title: "Tuned with the same number of trials for every arm", finding: `Best: ${chosen.join(", ")}.` })[DISPLAY]();
  }

  toString(): string {
    return this.tried.map(({ arm, trial, value }) => `${arm} ${JSON.stringify(trial)}: ${significant(value, 4)}`).join("\n");
  }
}

/**
 * Runs every trial of every arm on the same seeds and budget, side by side, and picks each arm's best by the mean of a metric.
 * @throws {ArgumentError} when arms have different numbers of trials.
 */
export async function tune<Name extends string, Trial>({ slug, arms, trials, seeds, budget, metric = { name: "loss", better: "lower" }, processes, on }: TuneOptions<Name, Trial>): Promise<Tuned<Name, Trial>> {
  // SAFETY: the keys of an object literal are its type's.
  const names = Object.keys(arms) as Name[];
  checkNames(slug, names);
  const lists = names.map((arm) => ({ arm, list: isList(trials) ? trials : trials[arm] }));
  const [{ list: first }] = lists;
  const other = lists.find(({ list }) => list.length !== first.length || list.length === 0);
  if (other !== undefined) throw new ArgumentError(`tune: arm ${other.arm} has ${other.list.length} trials, ${names[0]} has ${first.length}`, { help: "give every arm the same number of trials, at least one" });
  const pairs = lists.flatMap(({ arm, list }) => list.map((trial, i) => ({ arm, trial, key: `${arm}-${i}` })));
  const found = await runArms({
    name: `${slug}/tune`,
    arms: Object.fromEntries(pairs.map(({ arm, trial, key }) => [key, { run: arms[arm](trial), settings: trial }])),
    seeds,
    budget,
    metrics: { [metric.name]: { label: metric.name, unit: "", better: metric.better } },
    processes,
    on,
  });
  const tried = pairs.map(({ arm, trial, key }) => ({ arm, trial, value: mean((found.get(key) ?? []).map(({ metrics }) => metrics[metric.name])) }));
  const sign = metric.better === "lower" ? 1 : -1;
  const bestOf = (arm: Name): Trial => tried.filter((one) => one.arm === arm).reduce((best, one) => (sign * one.value < sign * best.value ? one : best)).trial;
  // SAFETY: one entry for each name.
  const best = Object.fromEntries(names.map((arm) => [arm, bestOf(arm)])) as Record<Name, Trial>;
  return new Tuned<Name, Trial>(best, tried);
}

const isList = <Name extends string, Trial>(trials: readonly Trial[] | Readonly<Record<Name, readonly Trial[]>>): trials is readonly Trial[] => Array.isArray(trials);
