/** @file What an experiment measured, as its acceptance criteria ask for it: paired over seeds. */
import { ArgumentError } from "../errors";
import { Quantity } from "./quantity";
import type { ArmResult, BudgetUnit, MetricInfo, SeedResult } from "./schema";

export interface OutcomeParts {
  readonly arms: readonly ArmResult[];
  readonly metrics: Readonly<Record<string, MetricInfo>>;
  readonly level: number;
}

/** An arm's name: one that is written down, or one that is made (arms that are spread into the others from a list of them). */
export type ArmName<Arm extends string> = Arm | (string & Record<never, never>);

export interface ReachOptions {
  /** The arm whose final value is the target, and whose whole cost is the measure. */
  readonly than: string;
  /** Default the main metric. It has to be among the values evaluated along the way. */
  readonly metric?: string;
  /** Default "flops". */
  readonly cost?: BudgetUnit | "steps";
}

export interface InteractionOptions<Arm extends string = string> {
  /** The arms that have one of the two each. */
  readonly parts: readonly [a: ArmName<Arm>, b: ArmName<Arm>];
  /** The arm that has neither. */
  readonly than: ArmName<Arm>;
}

/** Quantities of finished arms. Metrics default to the experiment's first. */
export class Outcome<Arm extends string = string> {
  constructor(private readonly parts: OutcomeParts) {}

  /** A metric of every seed. */
  values(arm: ArmName<Arm>, metric = this.main): readonly number[] {
    this.requireMetric(metric);
    return this.seedsOf(arm).map(({ metrics }) => metrics[metric]);
  }

  /** A metric's mean. */
  mean(arm: ArmName<Arm>, metric = this.main): Quantity {
    return this.of(`${this.label(metric)} of ${arm}`, this.values(arm, metric));
  }

  /** Metric of `a` less metric of `b`, seed by seed. */
  difference(a: ArmName<Arm>, b: ArmName<Arm>, metric = this.main): Quantity {
    const other = this.values(b, metric);
    return this.of(`${this.label(metric)} of ${a} − ${b}`, this.values(a, metric).map((value, i) => value - other[i]));
  }

  /** What two things do together, less what each does alone, all against the same baseline: 0 where effects add up, seed by seed. */
  interaction(both: ArmName<Arm>, { parts: [a, b], than }: InteractionOptions<Arm>, metric = this.main): Quantity {
    const [first, second, none] = [a, b, than].map((arm) => this.values(arm, metric));
    return this.of(`${this.label(metric)} of ${both}, less the sum of both effects`, this.values(both, metric).map((value, i) => value - first[i] - second[i] + none[i]));
  }

  /** Metric of `a` divided by metric of `b`, seed by seed. */
  ratio(a: ArmName<Arm>, b: ArmName<Arm>, metric = this.main): Quantity {
    const other = this.values(b, metric);
    return this.of(`${this.label(metric)} of ${a} ÷ ${b}`, this.values(a, metric).map((value, i) => value / other[i]));
  }

  /** What an arm spent in all, for every seed. */
  spent(arm: ArmName<Arm>, unit: BudgetUnit | "steps" = "flops"): readonly number[] {
    return this.seedsOf(arm).map(({ spent }) => spent[unit] ?? NaN);
  }

  /** The share of another arm's cost at which `arm` first reaches that arm's final value, between evaluations by a line; ∞ where it never does. */
  costShare(arm: ArmName<Arm>, { than, metric = this.main, cost = "flops" }: ReachOptions): Quantity {
    return this.of(`share of ${cost} of ${than} at which ${arm} has its ${this.label(metric)}`, this.shares(arm, { than, metric, cost }));
  }

  /** How many times less `arm` spends until it reaches the final value of another arm; 0 where it never does. */
  speedup(arm: ArmName<Arm>, { than, metric = this.main, cost = "flops" }: ReachOptions): Quantity {
    return this.of(`speed-up of ${arm} to the ${this.label(metric)} of ${than}`, this.shares(arm, { than, metric, cost }).map((share) => 1 / share));
  }

  /** A quantity of your own, one value for each seed. */
  of(what: string, values: readonly number[]): Quantity {
    return new Quantity(what, values, this.parts.level);
  }

  /** All results of an arm, in the order of the seeds.
   * @throws {ArgumentError} when there is no such arm. */
  seedsOf(arm: string): readonly SeedResult[] {
    const found = this.parts.arms.find(({ name }) => name === arm);
    if (found === undefined) throw new ArgumentError(`there is no arm ${JSON.stringify(arm)}`, { help: `the arms are ${this.parts.arms.map(({ name }) => name).join(", ")}` });
    return found.seeds;
  }

  private get main(): string {
    return Object.keys(this.parts.metrics)[0];
  }

  private label(metric: string): string {
    return this.parts.metrics[metric]?.label ?? metric;
  }

  private requireMetric(metric: string): void {
    if (!(metric in this.parts.metrics)) throw new ArgumentError(`there is no metric ${JSON.stringify(metric)}`, { help: `the metrics are ${Object.keys(this.parts.metrics).join(", ")}` });
  }

  private shares(arm: ArmName<Arm>, { than, metric, cost }: Required<ReachOptions>): number[] {
    const others = this.seedsOf(than);
    this.requireMetric(metric);
    const sign = this.parts.metrics[metric].better === "lower" ? 1 : -1;
    return this.seedsOf(arm).map((seed, i) => costToReach(seed, { target: others[i].metrics[metric], metric, cost, sign }) / (others[i].spent[cost] ?? NaN));
  }
}

interface Target {
  readonly target: number;
  readonly metric: string;
  readonly cost: BudgetUnit | "steps";
  /** 1 where lower is better. */
  readonly sign: number;
}

/** Spent when the curve first meets the target, on the line from the evaluation before; ∞ when it does not. */
function costToReach({ curve }: SeedResult, { target, metric, cost, sign }: Target): number {
  const points = curve.flatMap((point) => (metric in point.values ? [{ at: point[cost] ?? NaN, over: sign * (point.values[metric] - target) }] : []));
  const first = points.findIndex(({ over }) => over <= 0);
  if (first < 0) return Infinity;
  if (first === 0) return points[0].at;
  const [before, after] = [points[first - 1], points[first]];
  return before.at + ((after.at - before.at) * before.over) / (before.over - after.over);
}
