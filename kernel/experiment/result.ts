/** @file What experiment() returns: the record, and views of it. */
import { claimView } from "../display/claimView";
import { DISPLAY, type Display, type Displayable, type MimeBundle } from "../display/displayable";
import { figureView } from "../display/figure";
import { bytesText, flopsText, secondsText, significant, withPrefix } from "../display/format";
import { tableView } from "../display/table";
import { mean } from "../fit/statistics";
import { effectsTable } from "./grid";
import { Outcome } from "./outcome";
import type { ArmResult, Budget, BudgetUnit, ExperimentRecord, MeasuredEstimate } from "./schema";

/** A finished experiment. In a notebook it is shown as its claim. */
export class ExperimentResult<Name extends string = string> implements Displayable {
  /** Quantities of the arms, as criteria ask for them. */
  readonly outcome: Outcome<Name>;

  /** @param path - of the result file. */
  constructor(
    readonly record: ExperimentRecord,
    readonly path: string,
  ) {
    this.outcome = new Outcome<Name>(record);
  }

  /** The claim, its verdict and the arms' main metric. */
  claim(): Display<"claim"> {
    const { title, claim, source, figure, measured, level, verdict, budget } = this.record;
    const main = Object.keys(this.record.metrics)[0];
    const arms = this.record.arms.map(({ name, role, means, seeds }) => ({ name, role, seeds: seeds.map(({ metrics }) => metrics[main]), mean: means[main] }));
    return claimView({ title, claim, source, quantity: figure, paper: figure.value, measured, level, verdict, arms, budget: budget === undefined ? "" : budgetText(budget) });
  }

  /** Every criterion, what was measured, and its verdict. */
  checks(): Display<"table"> {
    const rows = this.record.checks.flatMap(({ name, kind, comparisons }) =>
      comparisons.map(({ what, relation, bound, verdict, ...estimate }) => ({ criterion: kind === "control" ? `control: ${name}` : name, measured: what, value: estimateText(estimate), needed: `${relation} ${significant(bound)}`, verdict })),
    );
    return tableView(rows, { title: `${this.record.title}: ${this.record.verdict}` });
  }

  /** What the arms spent: predicted and executed, means over seeds. */
  costs(): Display<"table"> {
    const rows = this.record.arms.map((arm) => {
      const { steps, flops, bytes, tokens, seconds } = spentBy(arm);
      return {
        arm: arm.name,
        role: arm.role,
        steps: Math.round(steps),
        predicted: flopsText(flops),
        executed: flopsText(mean(arm.seeds.map((seed) => seed.executedFlops))),
        "bytes moved": bytesText(bytes),
        tokens: withPrefix(tokens),
        "training time": secondsText(seconds),
      };
    });
    return tableView(rows, { title: "What the arms spent" });
  }

  /** For arms "a", "b" and "a_and_b": what each does alone and two do together to the main metric, and how far that is from the sum.
   * @throws {ArgumentError} when a part of a pair has no arm of its own. */
  effects(): Display<"table"> {
    return effectsTable(this.record);
  }

  /** A metric against what was spent: mean of the seeds, and each seed's curve. @param metric - default the main one. */
  curves({ metric = Object.keys(this.record.metrics)[0], cost = "flops", arms }: CurveOptions<Name> = {}): Display<"figure"> {
    const { label, unit } = this.record.metrics[metric] ?? { label: metric, unit: "" };
    const wanted = this.record.arms.filter(({ name }) => arms === undefined || arms.some((one) => one === name));
    const marks = wanted.flatMap(({ name, seeds }) => {
      const [first] = seeds;
      const points = first.curve.flatMap((point, i) => {
        const values = seeds.flatMap(({ curve }) => (curve[i] !== undefined && metric in curve[i].values ? [curve[i].values[metric]] : []));
        return values.length === 0 ? [] : [{ at: point[cost] ?? NaN, value: mean(values), low: Math.min(...values), high: Math.max(...values) }];
      });
      const x = points.map(({ at }) => at);
      return points.length === 0 ? [] : [{ type: "band" as const, name, x, low: points.map(({ low }) => low), high: points.map(({ high }) => high) }, { type: "line" as const, name, x, y: points.map(({ value }) => value) }];
    });
    const baseline = this.record.arms.find(({ role }) => role === "baseline");
    const target = baseline?.means[metric]?.value;
    const rule = target === undefined || baseline === undefined ? [] : [{ type: "rule" as const, y: target, label: `${baseline.name} at the end` }];
    return figureView({ title: `${label} against ${cost}`, caption: "Bands: all seeds", x: { label: cost, unit: cost === "flops" ? "FLOP" : cost === "steps" ? "" : cost }, y: { label, unit }, marks: [...marks, ...rule] });
  }

  toString(): string {
    return this.claim().text;
  }

  [DISPLAY](): MimeBundle {
    return this.claim()[DISPLAY]();
  }
}

export interface CurveOptions<Name extends string> {
  readonly metric?: string;
  /** Default "flops". */
  readonly cost?: BudgetUnit | "steps";
  /** Default all. */
  readonly arms?: readonly Name[];
}

/** "2.34 (2.1–2.6)" */
export const estimateText = ({ value, low, high }: MeasuredEstimate): string => `${significant(value)}${Number.isFinite(low) && Number.isFinite(high) && low !== high ? ` (${significant(low)} to ${significant(high)})` : ""}`;

/** "200 GFLOP an arm" */
export function budgetText(budget: Budget): string {
  const text: Readonly<Record<BudgetUnit, (amount: number) => string>> = { flops: flopsText, tokens: (n) => `${withPrefix(n)} tokens`, bytes: bytesText, seconds: secondsText, joules: (n) => withPrefix(n, "J") };
  const units: readonly BudgetUnit[] = ["flops", "tokens", "bytes", "seconds", "joules"];
  return units.flatMap((unit) => (budget[unit] === undefined ? [] : [`${text[unit](budget[unit])} an arm`])).join("");
}

/** Means over seeds. */
export function spentBy({ seeds }: ArmResult): { readonly steps: number; readonly flops: number; readonly bytes: number; readonly tokens: number; readonly seconds: number } {
  const of = (key: "steps" | "flops" | "bytes" | "tokens" | "seconds"): number => mean(seeds.map(({ spent }) => spent[key]));
  return { steps: of("steps"), flops: of("flops"), bytes: of("bytes"), tokens: of("tokens"), seconds: of("seconds") };
}
