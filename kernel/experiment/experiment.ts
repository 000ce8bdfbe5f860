/** @file experiment(): arms × seeds under one budget, and the verdict on a claim. */
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { display, type DisplayHandle } from "../display/display";
import { secondsText, significant } from "../display/format";
import { progressView } from "../display/progress";
import { ArgumentError } from "../errors";
import { checkLevel } from "../fit/statistics";
import { atomicWrite } from "../io/atomicWrite";
import { completeEnvironment } from "../runs/environment";
import { runArm, type ArmBody } from "./armRun";
import { experimentHost, workerRole } from "./host";
import { amountOf, scaled } from "./ledger";
import { Outcome } from "./outcome";
import { Quantity } from "./quantity";
import { ExperimentResult } from "./result";
import { formatResult } from "./resultFile";
import { RESULT_VERSION, type ArmResult, type ArmRole, type Budget, type ExperimentRecord, type MetricInfo, type SeedResult } from "./schema";
import { runTasks } from "./tasks";
import { checksOf, verdictOf, type Criteria } from "./verdict";

export interface Arm {
  readonly role: ArmRole;
  readonly run: ArmBody;
  /** What it may spend, as a multiple of the experiment's budget: 0.5 is half. Default 1. Only arms with the same share compare at equal cost. */
  readonly budgetShare?: number;
}

export interface ExperimentOptions<Name extends string = string> {
  /** Name of the result file. Letters, digits and hyphens. */
  readonly slug: string;
  readonly title?: string;
  /** What is claimed, in one sentence. */
  readonly claim?: string;
  /** By whom: "So et al. 2021, NeurIPS". */
  readonly source?: string;
  /** What the paper measures, and its value. */
  readonly figure?: ExperimentRecord["figure"];
  /** Baseline, method, ablations and negative controls by name. */
  readonly arms: Readonly<Record<Name, Arm>>;
  /** A number n is seeds 0 … n − 1. */
  readonly seeds: number | readonly number[];
  /** What each arm may spend. Left out: arms say how many steps they train; what they spend is reported all the same. */
  readonly budget?: Budget;
  /** By name; the first is the main one. `better` is "lower" unless said otherwise. */
  readonly metrics: Readonly<Record<string, { readonly label?: string; readonly unit?: string; readonly better?: MetricInfo["better"] }>>;
  /** The figure's quantity as measured here. Default: the main metric of the first arm of role "method". */
  readonly measured?: (outcome: Outcome<Name>) => Quantity;
  /** What must hold, by name. */
  readonly accept: Criteria<Name>;
  /** What the negative controls must show, by name: if they do not, the experiment tells nothing. */
  readonly controls?: Criteria<Name>;
  /** Confidence of intervals. Default 0.95. */
  readonly level?: number;
  /** Processes at once. Default as many as cores; 1 under a budget of seconds or joules. */
  readonly processes?: number;
  /** Folder of the result file. Default the environment variable ISOFLOP_RESULTS, else `results` in the notebook's folder. */
  readonly results?: string;
}

/**
 * Runs every arm with every seed under the same budget and judges the claim. Arms and seeds run side by side in further processes: each runs
 * the cells that this call depends on. What an interrupt or a kill left unfinished goes on when it is called again.
 * @throws {ArgumentError} for names, seeds or a budget that make no sense; what an arm throws, after the others have ended.
 */
export async function experiment<Name extends string>(options: ExperimentOptions<Name>): Promise<ExperimentResult<Name>> {
  const { slug, seeds: given, budget, level = 0.95, results: folder = process.env.ISOFLOP_RESULTS || "results" } = options;
  const names = namesOf(options);
  const seeds = typeof given === "number" ? Array.from({ length: given }, (_, i) => i) : given;
  const metrics = Object.fromEntries(Object.entries(options.metrics).map(([name, { label = name, unit = "", better = "lower" }]): [string, MetricInfo] => [name, { label, unit, better }]));
  checkSeeds(seeds);
  checkLevel(level);
  const alone = budget !== undefined && ["seconds", "joules"].includes(amountOf(budget).unit);
  const tasks = seeds.flatMap((seed) => names.map((name) => ({ id: `${name}.${seed}`, name, seed })));
  const progress = new Progress(slug, tasks.length);
  // SAFETY: the store holds what `execute` returned.
  const found = (await runTasks({
    name: `${slug}/experiment`,
    settings: { budget, metrics, arms: names.map((name) => [name, options.arms[name].budgetShare, String(options.arms[name].run)]) },
    ids: tasks.map(({ id }) => id),
    processes: options.processes ?? (alone ? 1 : undefined),
    execute: (id, check) => {
      const task = tasks.find((one) => one.id === id);
      if (task === undefined) throw new ArgumentError(`there is no arm and seed ${id}`, { help: "the cells that define the experiment must give the same arms in every process" });
      const { run, budgetShare } = options.arms[task.name];
      return runArm({ name: task.name, run, seed: task.seed, budget: budget === undefined ? undefined : scaled(budget, budgetShare), metrics, check });
    },
    onResult: (id, { done, result }) => progress.update({ id, done, main: Object.keys(metrics)[0], result }),
  })) as ReadonlyMap<string, SeedResult>;
  const arms = names.map((name): ArmResult => {
    const ofArm = seeds.flatMap((seed) => found.get(`${name}.${seed}`) ?? []);
    const means = Object.fromEntries(Object.keys(metrics).map((metric) => [metric, estimateOf(new Quantity(metric, ofArm.map((one) => one.metrics[metric]), level))]));
    return { name, role: options.arms[name].role, means, seeds: ofArm };
  });
  const record = await judge(options, { arms, seeds, metrics, level });
  const path = resolve(folder, `${slug}.json`);
  mkdirSync(resolve(folder), { recursive: true });
  await atomicWrite(path, formatResult(record));
  progress.finish(record.seconds);
  return new ExperimentResult<Name>(record, path);
}

interface Judging {
  readonly arms: readonly ArmResult[];
  readonly seeds: readonly number[];
  readonly metrics: ExperimentRecord["metrics"];
  readonly level: number;
}

async function judge<Name extends string>(options: ExperimentOptions<Name>, { arms, seeds, metrics, level }: Judging): Promise<ExperimentRecord> {
  const { slug, title = slug, claim = "", source = "", budget } = options;
  const [main] = Object.keys(metrics);
  const outcome = new Outcome<Name>({ arms, metrics, level });
  const checks = [...checksOf(options.accept, { outcome, kind: "claim" }), ...checksOf(options.controls ?? {}, { outcome, kind: "control" })];
  const headline = arms.find(({ role }) => role === "method") ?? arms[0];
  const measured = options.measured?.(outcome);
  return {
    version: RESULT_VERSION,
    slug,
    title,
    claim,
    source,
    figure: options.figure ?? { label: metrics[main].label, unit: metrics[main].unit },
    measured: measured === undefined ? headline.means[main] : estimateOf(measured),
    ...verdictOf(checks),
    checks,
    metrics,
    arms,
    ...(budget === undefined ? {} : { budget }),
    seeds,
    level,
    environment: await completeEnvironment(process.cwd()),
    sources: experimentHost()?.sources(slug) ?? {},
    seconds: arms.reduce((sum, arm) => sum + arm.seeds.reduce((part, { wallSeconds }) => part + wallSeconds, 0), 0),
    finished: new Date().toISOString(),
  };
}

const estimateOf = ({ value, low, high }: Quantity): ArmResult["means"][string] => ({ value, low, high });

/** @throws {ArgumentError} when names or roles make no experiment. */
function namesOf<Name extends string>({ slug, arms, metrics }: ExperimentOptions<Name>): readonly Name[] {
  // SAFETY: the keys of an object literal are its type's.
  const names = Object.keys(arms) as Name[];
  if (!/^[a-z0-9-]{1,60}$/.test(slug)) throw new ArgumentError(`experiment: the slug is ${JSON.stringify(slug)}`, { help: "use small letters, digits and hyphens: it names the result file" });
  if (names.length === 0 || Object.keys(metrics).length === 0) throw new ArgumentError(`experiment ${slug}: ${names.length} arms and ${Object.keys(metrics).length} metrics`, { help: "give at least one arm and one metric" });
  const odd = names.find((name) => !/^[A-Za-z][A-Za-z0-9_-]*$/.test(name));
  if (odd !== undefined) throw new ArgumentError(`experiment ${slug}: an arm is called ${JSON.stringify(odd)}`, { help: "use letters, digits, hyphens and underscores" });
  return names;
}

function checkSeeds(seeds: readonly number[]): void {
  if (seeds.length === 0 || seeds.some((seed) => !Number.isInteger(seed) || seed < 0) || new Set(seeds).size < seeds.length)
    throw new ArgumentError(`experiment: the seeds are ${JSON.stringify(seeds)}`, { help: "give different integers from 0, or their number" });
}

/** How far it is, in the cell that runs it. */
class Progress {
  private readonly began = performance.now();
  private handle: DisplayHandle | undefined;

  constructor(
    private readonly slug: string,
    private readonly total: number,
  ) {
    if (workerRole() === undefined) this.handle = display(this.view(0, ""));
  }

  update({ id, done, main, result }: { readonly id: string; readonly done: number; readonly main: string; readonly result: unknown }): void {
    // SAFETY: as in `experiment`.
    const { metrics, diverged } = result as SeedResult;
    this.handle?.update(this.view(done, `last ${id.replace(/\.(\d+)$/, ", seed $1")}: ${diverged ?? `${main} ${significant(metrics[main], 4)}`}`));
  }

  finish(seconds: number): void {
    this.handle?.update(this.view(this.total, `${secondsText(seconds)} of computing`));
    this.handle?.flush();
  }

  private view(done: number, note: string): ReturnType<typeof progressView> {
    return progressView({ title: `experiment ${this.slug}`, done, total: this.total, unit: "arms × seeds", elapsedSeconds: (performance.now() - this.began) / 1000, note });
  }
}
