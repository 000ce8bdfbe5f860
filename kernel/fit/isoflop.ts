/** @file IsoFLOP profiles: the loss over model size at each compute budget, its minimum, and power laws through the minima (Hoffmann et al. 2022, approach 2). */
import { Matrix, solve } from "ml-matrix";
import { ArgumentError } from "../errors";
import { type BootstrapOptions, checkSamples, drawResiduals } from "./bootstrap";
import { FLOPS_PER_PARAM_TOKEN, type RunSize } from "./chinchilla";
import { checkEnough, positiveLogs } from "./fit";
import { smallRandom } from "./smallRandom";
import { type Interval, mean, percentileInterval } from "./statistics";

/** One run of a profile: its budget, model parameters and loss. */
export interface IsoflopRun {
  readonly flops: number;
  readonly params: number;
  readonly loss: number;
}

/** A budget's parabola loss = minLoss + curvature·(log N − log params)². */
export interface IsoflopProfile extends RunSize {
  /** Geometric mean of the budgets of its runs. */
  readonly flops: number;
  /** Loss at the minimum. */
  readonly loss: number;
  /** In loss per squared natural logarithm of N; above zero. */
  readonly curvature: number;
  /** Interval of the best size. */
  readonly paramsInterval: Interval;
  /** Whether the minimum lies between the smallest and the largest size that was run. */
  readonly inside: boolean;
  readonly runs: readonly IsoflopRun[];
  /** Loss of the parabola at a model size. */
  predict(params: number): number;
}

/** value = coefficient · flops^exponent. */
export interface BudgetLaw {
  readonly coefficient: number;
  readonly exponent: number;
  readonly exponentInterval: Interval;
  predict(flops: number): number;
  band(flops: number): Interval;
}

export interface IsoflopFit {
  readonly profiles: readonly IsoflopProfile[];
  /** Budgets without a minimum, with the reason. */
  readonly skipped: readonly { readonly flops: number; readonly reason: string }[];
  /** N*(C). */
  readonly params: BudgetLaw;
  /** D*(C), with D = C / 6N. */
  readonly tokens: BudgetLaw;
}

export interface IsoflopOptions {
  /** Budgets this close, relatively, are one profile. Default 0.05. */
  readonly budgetTolerance?: number;
  /** Residuals of each profile are resampled. Default: 200 resamples at level 0.95. */
  readonly bootstrap?: Omit<BootstrapOptions, "scheme">;
}

/** Least runs of a profile: a parabola takes three, and a fourth says how well it fits. */
const LEAST_RUNS = 4;

interface Parabola {
  readonly logParams: number;
  readonly loss: number;
  readonly curvature: number;
}
interface Group {
  readonly runs: readonly IsoflopRun[];
  readonly logs: Float64Array;
  readonly losses: Float64Array;
  readonly logFlops: number;
  readonly parabola: Parabola;
}

/** Profiles and the laws through their minima.
 * @throws {ArgumentError} when a value is not positive, a profile has fewer than 4 runs or 3 sizes, or fewer than two budgets have a minimum. */
export function fitIsoflop(runs: readonly IsoflopRun[], { budgetTolerance = 0.05, bootstrap = {} }: IsoflopOptions = {}): IsoflopFit {
  const { samples = 200, level = 0.95, random = smallRandom(0) } = bootstrap;
  checkSamples(samples);
  for (const key of ["flops", "params", "loss"] as const)
    positiveLogs(
      `fitIsoflop: ${key}`,
      runs.map((run) => run[key]),
    );
  const fitted = groupByBudget(runs, budgetTolerance).map(groupOf);
  const groups = fitted.filter((group) => group.parabola.curvature > 0);
  const skipped = fitted
    .filter((group) => !(group.parabola.curvature > 0))
    .map((group) => ({
      flops: Math.exp(group.logFlops),
      reason: `the loss has no minimum over ${group.runs.length} sizes (curvature ${group.parabola.curvature.toPrecision(3)})`,
    }));
  if (groups.length < 2)
    throw new ArgumentError(`fitIsoflop: ${groups.length} of ${fitted.length} budgets have a minimum, at least 2 are needed`, {
      help: "run smaller and larger models at each budget, so that the loss rises on both sides",
    });

  // Each replicate is one minimum per budget; draws in which a parabola turns over are no minimum and are left out.
  const replicates = Array.from({ length: samples }, () => groups.map((group) => redrawn(group, random))).filter((drawn) =>
    drawn.every(({ curvature }) => curvature > 0),
  );
  if (replicates.length < 2)
    throw new ArgumentError("fitIsoflop: the profiles are so noisy that resampled ones have no minimum", {
      help: "run more seeds, or a wider range of sizes",
    });
  const profiles = groups.map((group, g) =>
    profileOf(
      group,
      percentileInterval(
        replicates.map((drawn) => Math.exp(drawn[g].logParams)),
        level,
      ),
    ),
  );
  const logFlops = groups.map((group) => group.logFlops);
  const budgetLaw = (toLog: (parabola: Parabola, g: number) => number): BudgetLaw => {
    const line = lineThrough(
      logFlops,
      groups.map(({ parabola }, g) => toLog(parabola, g)),
    );
    const lines = replicates.map((drawn) => lineThrough(logFlops, drawn.map(toLog)));
    const at = ({ slope, intercept }: { slope: number; intercept: number }, flops: number): number => Math.exp(intercept + slope * Math.log(flops));
    return {
      coefficient: Math.exp(line.intercept),
      exponent: line.slope,
      exponentInterval: percentileInterval(
        lines.map(({ slope }) => slope),
        level,
      ),
      predict: (flops) => at(line, flops),
      band: (flops) =>
        percentileInterval(
          lines.map((replicate) => at(replicate, flops)),
          level,
        ),
    };
  };
  return {
    profiles,
    skipped,
    params: budgetLaw(({ logParams }) => logParams),
    tokens: budgetLaw(({ logParams }, g) => logFlops[g] - Math.log(FLOPS_PER_PARAM_TOKEN) - logParams),
  };
}

function groupByBudget(runs: readonly IsoflopRun[], tolerance: number): IsoflopRun[][] {
  const groups: IsoflopRun[][] = [];
  for (const run of [...runs].sort((a, b) => a.flops - b.flops)) {
    const last = groups.at(-1);
    if (last !== undefined && run.flops <= last[0].flops * (1 + tolerance)) last.push(run);
    else groups.push([run]);
  }
  return groups;
}

function groupOf(runs: readonly IsoflopRun[]): Group {
  const logs = Float64Array.from(runs, (run) => Math.log(run.params));
  const losses = Float64Array.from(runs, (run) => run.loss);
  const logFlops = mean(runs.map((run) => Math.log(run.flops)));
  checkEnough(`fitIsoflop: the budget of ${Math.exp(logFlops).toPrecision(3)} FLOPs`, {
    points: runs.length,
    least: LEAST_RUNS,
    inputs: { params: [logs, 3] },
  });
  return { runs, logs, losses, logFlops, parabola: parabolaThrough(logs, losses) };
}

function redrawn({ logs, losses, parabola }: Group, random: () => number): Parabola {
  const residuals = losses.map((loss, i) => loss - valueAt(parabola, logs[i]));
  const drawn = drawResiduals({ residuals, dims: 3, random });
  return parabolaThrough(
    logs,
    losses.map((loss, i) => loss - residuals[i] + drawn[i]),
  );
}

function profileOf({ runs, logs, logFlops, parabola }: Group, paramsInterval: Interval): IsoflopProfile {
  const flops = Math.exp(logFlops);
  const params = Math.exp(parabola.logParams);
  return {
    flops,
    params,
    tokens: flops / (FLOPS_PER_PARAM_TOKEN * params),
    loss: parabola.loss,
    curvature: parabola.curvature,
    paramsInterval,
    inside: parabola.logParams >= Math.min(...logs) && parabola.logParams <= Math.max(...logs),
    runs,
    predict: (size) => valueAt(parabola, Math.log(size)),
  };
}

const valueAt = ({ logParams, loss, curvature }: Parabola, log: number): number => loss + curvature * (log - logParams) ** 2;

/** Least squares in logarithms taken from their mean and scaled, so the normal matrix is well conditioned. */
function parabolaThrough(logs: Float64Array, losses: Float64Array): Parabola {
  const centre = mean(logs);
  const scale = Math.max(...logs.map((log) => Math.abs(log - centre)));
  const u = Array.from(logs, (log) => (log - centre) / scale);
  const [c, b, a] = solve(new Matrix(u.map((value) => [1, value, value * value])), Matrix.columnVector(Array.from(losses))).to1DArray();
  const at = -b / (2 * a);
  return { logParams: centre + scale * at, loss: c - (b * b) / (4 * a), curvature: a / (scale * scale) };
}

function lineThrough(x: readonly number[], y: readonly number[]): { slope: number; intercept: number } {
  const [meanX, meanY] = [mean(x), mean(y)];
  const slope = x.reduce((sum, value, i) => sum + (value - meanX) * (y[i] - meanY), 0) / x.reduce((sum, value) => sum + (value - meanX) ** 2, 0);
  return { slope, intercept: meanY - slope * meanX };
}
