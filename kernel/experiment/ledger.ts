/** @file What an arm may spend and has spent, and how many steps that buys. */
import { BudgetError } from "../errors";
import { energyJoules } from "../runtime/monitor/energy";
import { flopsSoFar } from "../runtime/work";
import { BUDGET_UNITS, type Budget, type BudgetUnit, type Spent } from "./schema";

export const NOTHING_SPENT: Spent = { steps: 0, flops: 0, bytes: 0, tokens: 0, seconds: 0 };

/** Of one step: predicted, and for seconds and joules measured. */
export type StepPrice = Partial<Record<BudgetUnit, number>>;

/** The unit and amount of a budget. @throws {BudgetError} unless there is exactly one, above 0. */
export function amountOf(budget: Budget): { readonly unit: BudgetUnit; readonly amount: number } {
  const given = BUDGET_UNITS.filter((unit) => budget[unit] !== undefined);
  const amount = given.length === 1 ? budget[given[0]] : undefined;
  if (amount === undefined || !(amount > 0) || !Number.isFinite(amount)) throw new BudgetError(`the budget is ${JSON.stringify(budget)}`, { help: `give one amount above 0, in ${BUDGET_UNITS.join(", ")}: { flops: 2e11 }` });
  return { unit: given[0], amount };
}

/** `share` times the budget. @throws {BudgetError} unless the share is above 0. */
export function scaled(budget: Budget, share = 1): Budget {
  const { unit, amount } = amountOf(budget);
  if (!(share > 0)) throw new BudgetError(`an arm has ${share} of the budget`, { help: "give a share above 0" });
  return { [unit]: share * amount };
}

/** Units whose price only running a step tells. */
export const MEASURED_UNITS: ReadonlySet<BudgetUnit> = new Set(["seconds", "joules"]);

export class Ledger {
  private total: Spent = NOTHING_SPENT;
  private executed = 0;
  private readonly budget: { readonly unit: BudgetUnit; readonly amount: number } | undefined;

  constructor(budget: Budget | undefined) {
    this.budget = budget === undefined ? undefined : amountOf(budget);
    if (this.budget?.unit === "joules" && energyJoules() === undefined) throw new BudgetError("no energy counter of this machine can be read", { help: "budget in flops or seconds, or give the process the right to read /sys/class/powercap" });
  }

  get spent(): Spent {
    return this.total;
  }
  /** FLOPs that programs counted in what was spent. */
  get executedFlops(): number {
    return this.executed;
  }
  /** The unit of the budget, where there is one. */
  get unit(): BudgetUnit | undefined {
    return this.budget?.unit;
  }

  /**
   * Steps that `share` of the whole budget buys, or all that is left: never more than what is left, so that no arm spends more than another.
   * @throws {BudgetError} when there is no budget, or not a single step is left.
   */
  stepsFor(price: StepPrice, share: number | undefined): number {
    if (this.budget === undefined) throw new BudgetError("how many steps? the experiment has no budget", { help: "give the experiment a budget, or say train(…, { steps })" });
    const { unit, amount } = this.budget;
    const left = amount - (this.total[unit] ?? 0);
    const each = price[unit];
    if (each === undefined || !(each > 0)) throw new BudgetError(`a step costs ${each ?? "nothing known"} ${unit}, and the budget is in ${unit}`, { help: unit === "tokens" ? "say in the training how many tokens a step sees" : "budget in another unit" });
    // Shares of a budget are sums of floating numbers.
    const steps = Math.floor((share === undefined ? left : Math.min(left, share * amount)) / each + 1e-9);
    if (steps < 1) throw new BudgetError(`${left.toPrecision(4)} of ${amount} ${unit} are left, and a step costs ${each.toPrecision(4)}`, { help: "raise the budget, or make the model smaller" });
    return steps;
  }

  /** Adds what was spent besides training steps: a teacher's labels, communication. */
  add(more: Partial<Spent>, executedFlops = more.flops ?? 0): void {
    const sum = (key: keyof Spent): number => (this.total[key] ?? 0) + (more[key] ?? 0);
    const joules = this.total.joules === undefined && more.joules === undefined ? {} : { joules: sum("joules") };
    this.total = { steps: sum("steps"), flops: sum("flops"), bytes: sum("bytes"), tokens: sum("tokens"), seconds: sum("seconds"), ...joules };
    this.executed += executedFlops;
  }
}

/** Starts measuring; the returned function says what was executed since. */
export function meter(): () => { readonly flops: number; readonly seconds: number; readonly joules: number | undefined } {
  const [flops, time, energy] = [flopsSoFar(), performance.now(), energyJoules()];
  return () => {
    const now = energyJoules();
    return { flops: flopsSoFar() - flops, seconds: (performance.now() - time) / 1000, joules: energy === undefined || now === undefined ? undefined : now - energy };
  };
}
