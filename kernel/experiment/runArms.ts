/** @file Arms × seeds as tasks, with their progress shown in the cell that runs them. */
import { display, type DisplayHandle } from "../display/display";
import { secondsText, significant } from "../display/format";
import { progressView } from "../display/progress";
import { ArgumentError } from "../errors";
import { runArm, type ArmBody } from "./armRun";
import { workerRole } from "./host";
import type { Launcher } from "./launcher";
import { amountOf, MEASURED_UNITS, scaled } from "./ledger";
import type { Budget, MetricInfo, SeedResult } from "./schema";
import { runTasks, type TaskSet } from "./tasks";

export interface ArmTask {
  readonly run: ArmBody;
  /** Multiple of the budget. Default 1. */
  readonly budgetShare?: number;
  /** What else the arm depends on, as JSON. */
  readonly settings?: unknown;
}

export interface RunArmsOptions {
  /** As in "primer/experiment". */
  readonly name: string;
  readonly arms: Readonly<Record<string, ArmTask>>;
  readonly seeds: number | readonly number[];
  readonly budget: Budget | undefined;
  readonly metrics: Readonly<Record<string, MetricInfo>>;
  readonly processes?: number;
  /** Where it runs. Default: processes of this machine. */
  readonly on?: Launcher;
}

/** Metrics by name; `better` is "lower" unless said otherwise. */
export type MetricOptions = Readonly<Record<string, { readonly label?: string; readonly unit?: string; readonly better?: MetricInfo["better"] }>>;

/** Metrics with everything filled in. @throws {ArgumentError} for none. */
export function metricsOf(slug: string, given: MetricOptions): Readonly<Record<string, MetricInfo>> {
  if (Object.keys(given).length === 0) throw new ArgumentError(`${slug} has no metrics`, { help: "give at least one: { loss: {} }" });
  return Object.fromEntries(Object.entries(given).map(([name, { label = name, unit = "", better = "lower" }]): [string, MetricInfo] => [name, { label, unit, better }]));
}

/** The results of every arm, by name, in the order of the seeds. Seeds come first: all arms of one are done before the next begins. */
export async function runArms({ name, arms, seeds: given, budget, metrics, processes, on }: RunArmsOptions): Promise<ReadonlyMap<string, readonly SeedResult[]>> {
  const seeds = seedsOf(given);
  const names = Object.keys(arms);
  const tasks = new Map(seeds.flatMap((seed) => names.map((arm): [string, { readonly arm: string; readonly seed: number }] => [`${arm}.${seed}`, { arm, seed }])));
  // Clocks and energy counters are everybody's: under such a budget one runs at a time.
  const alone = budget !== undefined && MEASURED_UNITS.has(amountOf(budget).unit);
  const progress = new Progress(name, tasks.size);
  const set: TaskSet = {
    name,
    settings: { budget, metrics, arms: Object.entries(arms).map(([arm, { run, budgetShare, settings }]) => [arm, budgetShare, settings, String(run)]) },
    ids: [...tasks.keys()],
    processes: processes ?? (alone ? 1 : undefined),
    execute: (id, check) => {
      const task = tasks.get(id);
      if (task === undefined) throw new ArgumentError(`there is no arm and seed ${id}`, { help: "the cells that lead here must give the same arms in every process" });
      const { run, budgetShare } = arms[task.arm];
      return runArm({ name: task.arm, run, seed: task.seed, budget: budget === undefined ? undefined : scaled(budget, budgetShare), metrics, check });
    },
    onResult: (id, { done, result }) => progress.update({ id, done, main: Object.keys(metrics)[0], result }),
  };
  // SAFETY: the store holds what `execute` returned.
  const results = (await runTasks(set, on)) as ReadonlyMap<string, SeedResult>;
  progress.finish([...results.values()].reduce((sum, { wallSeconds }) => sum + wallSeconds, 0));
  return new Map(names.map((arm) => [arm, seeds.flatMap((seed) => results.get(`${arm}.${seed}`) ?? [])]));
}

/** A number n is seeds 0 … n − 1. @throws {ArgumentError} unless they are different integers from 0. */
export function seedsOf(given: number | readonly number[]): readonly number[] {
  const seeds = typeof given === "number" ? Array.from({ length: given }, (_, i) => i) : given;
  if (seeds.length === 0 || seeds.some((seed) => !Number.isInteger(seed) || seed < 0) || new Set(seeds).size < seeds.length)
    throw new ArgumentError(`the seeds are ${JSON.stringify(given)}`, { help: "give different integers from 0, or their number" });
  return seeds;
}

/** @throws {ArgumentError} when names make no files. */
export function checkNames(slug: string, arms: readonly string[]): void {
  if (!/^[a-z0-9-]{1,60}$/.test(slug)) throw new ArgumentError(`the slug is ${JSON.stringify(slug)}`, { help: "use small letters, digits and hyphens: it names files" });
  if (arms.length === 0) throw new ArgumentError(`${slug} has no arms`, { help: "give at least one" });
  const odd = arms.find((name) => !/^[A-Za-z][A-Za-z0-9_-]*$/.test(name));
  if (odd !== undefined) throw new ArgumentError(`${slug}: an arm is called ${JSON.stringify(odd)}`, { help: "use letters, digits, hyphens and underscores" });
}

/** How far it is. */
class Progress {
  private readonly began = performance.now();
  private readonly handle: DisplayHandle | undefined;

  constructor(
    private readonly name: string,
    private readonly total: number,
  ) {
    this.handle = workerRole() === undefined ? display(this.view(0, "")) : undefined;
  }

  update({ id, done, main, result }: { readonly id: string; readonly done: number; readonly main: string; readonly result: unknown }): void {
    // SAFETY: as in `runArms`.
    const { metrics, diverged } = result as SeedResult;
    this.handle?.update(this.view(done, `last ${id.replace(/\.(\d+)$/, ", seed $1")}: ${diverged ?? `${main} ${significant(metrics[main], 4)}`}`));
  }

  finish(seconds: number): void {
    this.handle?.update(this.view(this.total, `${secondsText(seconds)} of computing`));
    this.handle?.flush();
  }

  private view(done: number, note: string): ReturnType<typeof progressView> {
    return progressView({ title: this.name, done, total: this.total, unit: "arms × seeds", elapsedSeconds: (performance.now() - this.began) / 1000, note });
  }
}
