/** @file sweep(): one training for each configuration and seed, and what came of them. */
import { DISPLAY, type Displayable, type MimeBundle } from "../display/displayable";
import { plural, significant } from "../display/format";
import { tableView } from "../display/table";
import { ArgumentError } from "../errors";
import { mean } from "../fit/statistics";
import type { ArmBody } from "./armRun";
import { checkNames, metricsOf, runArms, type MetricOptions } from "./runArms";
import type { Budget, MetricInfo, SeedResult } from "./schema";
import type { Launcher } from "./launcher";

export interface SweepOptions<Config extends object> {
  /** Names what is kept of it. Letters, digits and hyphens. */
  readonly slug: string;
  /** What is tried: `space.grid(…)`, `space.sample(…)`, or any list. JSON. */
  readonly configs: readonly Config[];
  /** What is done with a configuration: as an arm of an experiment. */
  readonly run: (config: Config) => ArmBody;
  /** A number n is seeds 0 … n − 1. Default 1. */
  readonly seeds?: number | readonly number[];
  /** What each training may spend. */
  readonly budget?: Budget;
  /** By name; the first orders the result. `better` is "lower" unless said otherwise. Default { loss: {} }. */
  readonly metrics?: MetricOptions;
  /** Processes at once. Default as many as cores; with Slurm, tasks at once. */
  readonly processes?: number;
  /** Where it runs: `slurm({ … })`. Default: processes of this machine. */
  readonly on?: Launcher;
}

/** One configuration: means over seeds, and the seeds. */
export interface SweepRow<Config extends object> {
  readonly config: Config;
  readonly metrics: Readonly<Record<string, number>>;
  readonly seeds: readonly SeedResult[];
}

/** All configurations, in the order they were given. */
export class SweepResult<Config extends object> implements Displayable {
  /** The best mean of the first metric comes first; what is not finite comes last. */
  readonly ranked: readonly SweepRow<Config>[];

  constructor(
    readonly rows: readonly SweepRow<Config>[],
    readonly metrics: Readonly<Record<string, MetricInfo>>,
  ) {
    const [name] = Object.keys(metrics);
    const sign = metrics[name].better === "lower" ? 1 : -1;
    const rank = ({ metrics: { [name]: value } }: SweepRow<Config>): number => (Number.isFinite(value) ? sign * value : Infinity);
    this.ranked = [...rows].sort((a, b) => rank(a) - rank(b) || 0);
  }

  get best(): SweepRow<Config> {
    return this.ranked[0];
  }

  /** Records of configuration, metrics and cost, best first: for tables, figures and files. */
  get table(): readonly Readonly<Record<string, unknown>>[] {
    return this.ranked.map(({ config, metrics, seeds }) => ({ ...config, ...metrics, GFLOP: mean(seeds.map(({ spent }) => spent.flops)) / 1e9, seconds: mean(seeds.map(({ wallSeconds }) => wallSeconds)) }));
  }

  [DISPLAY](): MimeBundle {
    return tableView(this.table, { title: plural(this.rows.length, "configuration"), finding: this.finding })[DISPLAY]();
  }

  toString(): string {
    return `${this.finding}\n${this.ranked.map(({ config, metrics }) => `${JSON.stringify(config)}: ${Object.entries(metrics).map(([name, value]) => `${name} ${significant(value, 4)}`).join(", ")}`).join("\n")}`;
  }

  private get finding(): string {
    const [name] = Object.keys(this.metrics);
    const diverged = this.rows.filter(({ metrics }) => !Number.isFinite(metrics[name])).length;
    const failed = diverged === 0 ? "" : ` ${diverged} of ${this.rows.length} diverged.`;
    return `Best ${this.metrics[name].label} ${significant(this.best.metrics[name], 4)} with ${JSON.stringify(this.best.config)}.${failed}`;
  }
}

/**
 * Trains every configuration with every seed, side by side in further processes of this machine or as jobs of a Slurm cluster. What was
 * finished is kept: the same call goes on with what is left.
 * @throws {ArgumentError} for no configurations or equal ones; what a training throws, after the others have ended.
 */
export async function sweep<Config extends object>({ slug, configs, run, seeds = 1, budget, metrics: given = { loss: {} }, processes, on }: SweepOptions<Config>): Promise<SweepResult<Config>> {
  const keys = configs.map((_, i) => `c${i}`);
  checkNames(slug, keys);
  const texts = configs.map((config) => JSON.stringify(config));
  const twice = texts.findIndex((text, i) => texts.indexOf(text) < i);
  if (twice >= 0) throw new ArgumentError(`sweep ${slug}: the configuration ${texts[twice]} is there twice`, { help: "give each once, and more seeds to repeat it" });
  const metrics = metricsOf(slug, given);
  const arms = Object.fromEntries(configs.map((config, i) => [keys[i], { run: run(config), settings: config }]));
  const found = await runArms({ name: `${slug}/sweep`, arms, seeds, budget, metrics, processes, on });
  const rows = configs.map((config, i) => {
    const ofConfig = found.get(keys[i]) ?? [];
    return { config, metrics: Object.fromEntries(Object.keys(metrics).map((name) => [name, mean(ofConfig.map((seed) => seed.metrics[name]))])), seeds: ofConfig };
  });
  return new SweepResult(rows, metrics);
}
