/** @file experiment(): arms × seeds under one budget, and the verdict on a claim. */
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { checkLevel } from "../fit/statistics";
import { atomicWrite } from "../io/atomicWrite";
import { completeEnvironment } from "../runs/environment";
import type { ArmBody } from "./armRun";
import { experimentHost } from "./host";
import { Outcome } from "./outcome";
import { Quantity } from "./quantity";
import { ExperimentResult } from "./result";
import { formatResult } from "./resultFile";
import { checkNames, metricsOf, runArms, seedsOf, type MetricOptions } from "./runArms";
import { RESULT_VERSION, type ArmResult, type ArmRole, type Budget, type ExperimentRecord } from "./schema";
import type { Launcher } from "./launcher";
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
  readonly metrics: MetricOptions;
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
  /** Where arms and seeds run: `slurm({ … })`. Default: processes of this machine. */
  readonly on?: Launcher;
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
  const seeds = seedsOf(given);
  const metrics = metricsOf(`experiment ${slug}`, options.metrics);
  checkLevel(level);
  const found = await runArms({ name: `${slug}/experiment`, arms: options.arms, seeds, budget, metrics, processes: options.processes, on: options.on });
  const arms = names.map((name): ArmResult => {
    const ofArm = found.get(name) ?? [];
    const means = Object.fromEntries(Object.keys(metrics).map((metric) => [metric, estimateOf(new Quantity(metric, ofArm.map((one) => one.metrics[metric]), level))]));
    return { name, role: options.arms[name].role, means, seeds: ofArm };
  });
  const record = await judge(options, { arms, seeds, metrics, level });
  const path = resolve(folder, `${slug}.json`);
  mkdirSync(resolve(folder), { recursive: true });
  await atomicWrite(path, formatResult(record));
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

/** @throws {ArgumentError} when names make no experiment. */
function namesOf<Name extends string>({ slug, arms }: ExperimentOptions<Name>): readonly Name[] {
  // SAFETY: the keys of an object literal are its type's.
  const names = Object.keys(arms) as Name[];
  checkNames(slug, names);
  return names;
}
