/** @file One arm with one seed: trains under the budget, evaluates along the way, and keeps the account. */
import { ArgumentError, NumericError } from "../errors";
import { Ledger, meter, MEASURED_UNITS, type StepPrice } from "./ledger";
import type { Budget, CurvePoint, MetricInfo, SeedResult, Spent } from "./schema";
import type { AnyTraining } from "./training";

export interface TrainOptions<State> {
  /** Steps, whatever they cost. Default: as many as the budget buys. */
  readonly steps?: number;
  /** Share of the whole budget, 0 to 1, for a phase of several. Default: all that is left. */
  readonly share?: number;
  /** Measures a state: named values, such as held-out loss. It costs nothing of the budget. */
  readonly evaluate?: (state: State) => Promise<Readonly<Record<string, number>>>;
  /** How often to evaluate, evenly over the steps, besides the start. Default 20. */
  readonly points?: number;
}

export interface Trained<State> {
  readonly state: State;
  readonly steps: number;
  /** Of the last evaluation. */
  readonly values: Readonly<Record<string, number>>;
}

/** What an arm is given. */
export interface ArmRun {
  readonly seed: number;
  /** What was spent so far. */
  readonly spent: Spent;
  /**
   * Trains what `make` returns. `make` is first asked with a guess of the number of steps, for the cost of one; then with the real number,
   * so that schedules fit. It must return a new state every time.
   */
  train<State, Batch>(make: (steps: number) => AnyTraining<State, Batch>, options?: TrainOptions<State>): Promise<Trained<State>>;
  /** Books what is spent besides `train`. */
  spend(more: Partial<Spent>): void;
  /** Adds a point to the curve, at what is spent by now. */
  log(values: Readonly<Record<string, number>>): void;
}

/** Runs an arm: returns its metrics by name. */
export type ArmBody = (run: ArmRun) => Promise<Readonly<Record<string, number>>>;

export interface RunArmOptions {
  readonly name: string;
  readonly run: ArmBody;
  readonly seed: number;
  readonly budget: Budget | undefined;
  readonly metrics: Readonly<Record<string, MetricInfo>>;
  /** Throws when the experiment is to stop. Asked before every step. */
  readonly check: () => void;
}

/** The metrics of one arm and seed, and what they cost. An arm whose loss is not finite has the worst values there are. */
export async function runArm({ name, run, seed, budget, metrics, check }: RunArmOptions): Promise<SeedResult> {
  const arm = new Account(seed, { budget, check });
  const wall = meter();
  let found: Readonly<Record<string, number>> = {};
  let diverged: string | undefined;
  try {
    found = await run(arm);
  } catch (error) {
    if (!(error instanceof NumericError)) throw error;
    diverged = error.what;
    found = Object.fromEntries(Object.entries(metrics).map(([metric, { better }]) => [metric, better === "lower" ? Infinity : -Infinity]));
  }
  const missing = Object.keys(metrics).filter((metric) => typeof found[metric] !== "number");
  if (missing.length > 0) throw new ArgumentError(`arm ${name} returned no ${missing.join(", ")}`, { help: `return a number for each metric: { ${Object.keys(metrics).join(", ")} }` });
  return { seed, metrics: Object.fromEntries(Object.keys(metrics).map((metric) => [metric, found[metric]])), spent: arm.spent, executedFlops: arm.executedFlops, wallSeconds: wall().seconds, curve: arm.curve, ...(diverged === undefined ? {} : { diverged }) };
}

/** Steps before the clock counts: the first ones load programs and fill caches. */
const WARM_STEPS = 3;
const TIMED_STEPS = 12;
/** A guess that only the cost of a step is asked for. */
const NOMINAL_STEPS = 1000;

class Account implements ArmRun {
  private readonly ledger: Ledger;
  private readonly points: CurvePoint[] = [];
  private readonly check: () => void;

  constructor(
    readonly seed: number,
    { budget, check }: Pick<RunArmOptions, "budget" | "check">,
  ) {
    this.ledger = new Ledger(budget);
    this.check = check;
  }

  get spent(): Spent {
    return this.ledger.spent;
  }
  get executedFlops(): number {
    return this.ledger.executedFlops;
  }
  get curve(): readonly CurvePoint[] {
    return this.points;
  }

  // Functions of their own: arms take them apart, as in ({ seed, train }) => ….
  readonly spend = (more: Partial<Spent>): void => this.ledger.add(more);

  readonly log = (values: Readonly<Record<string, number>>): void => void this.points.push({ ...this.spent, values });

  readonly train = async <State, Batch>(make: (steps: number) => AnyTraining<State, Batch>, { steps: wanted, share, evaluate, points = 20 }: TrainOptions<State> = {}): Promise<Trained<State>> => {
    const nominal = make(wanted ?? NOMINAL_STEPS);
    const { flops, bytesMoved } = nominal.step.cost(nominal.state, nominal.batch(0));
    const tokens = nominal.tokens ?? 0;
    const steps = wanted ?? this.ledger.stepsFor({ flops, bytes: bytesMoved, tokens, ...(await this.measured(nominal)) }, share);
    const { step, batch, varies = false, ...begin } = make(steps);
    let { state } = begin;
    let values: Readonly<Record<string, number>> = {};
    const look = async (): Promise<void> => {
      if (evaluate === undefined) return;
      values = await evaluate(state);
      this.log(values);
    };
    await step.prepare(state, batch(0));
    for (let done = 0; done < steps; done++) {
      this.check();
      if (Math.floor((done * points) / steps) > Math.floor(((done - 1) * points) / steps)) await look();
      const given = batch(done);
      const price = varies ? step.cost(state, given) : { flops, bytesMoved };
      const spent = meter();
      ({ state } = await step(state, given));
      const { seconds, joules, flops: executed } = spent();
      this.ledger.add({ steps: 1, flops: price.flops, bytes: price.bytesMoved, tokens, seconds, ...(joules === undefined ? {} : { joules }) }, executed);
    }
    await look();
    return { state, steps, values };
  };

  /** Price of a step in units that only running tells, by steps of a training that is thrown away. */
  private async measured<State, Batch>({ step, batch, ...begin }: AnyTraining<State, Batch>): Promise<StepPrice> {
    const { unit } = this.ledger;
    if (unit === undefined || !MEASURED_UNITS.has(unit)) return {};
    let { state } = begin;
    let spent = meter();
    for (let i = 0; i < WARM_STEPS + TIMED_STEPS; i++) {
      if (i === WARM_STEPS) spent = meter();
      ({ state } = await step(state, batch(i)));
    }
    const { seconds, joules } = spent();
    return { seconds: seconds / TIMED_STEPS, ...(joules === undefined ? {} : { joules: joules / TIMED_STEPS }) };
  }
}
