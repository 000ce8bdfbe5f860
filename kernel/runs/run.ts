/** @file A run that is being recorded: rows as they come, its cost, and how it ended. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ArgumentError, LifetimeError } from "../errors";
import { storedData, Tensor } from "../graph/tensor";
import { toNumbers } from "../graph/dtype";
import { atomicWriteSync } from "../io/atomicWrite";
import { formatNumber } from "./parseRun";
import { METRICS_FILE, RECORD_FILE, type RunEnvironment, type RunRecord, type StepCost } from "./schema";

/** What a cost report of a compiled function has, among other things. */
export type CostSource = Pick<StepCost, "flops" | "bytesMoved" | "peakBytes" | "parameters">;

export interface LogOptions {
  /** Steps done; default one more than the last time. It may stand still, but not go back. */
  readonly step?: number;
  /** FLOPs spent so far; default by `cost`: those of a step for each step since the last time. */
  readonly flops?: number;
  /** Tokens seen so far; default likewise. */
  readonly tokens?: number;
}

export interface FinishOptions {
  /** Why it failed: the run is then shown as failed. */
  readonly error?: unknown;
}

export interface RunParts {
  readonly folder: string;
  readonly record: RunRecord;
  /** Resolves when all of it is known. */
  readonly environment: Promise<RunEnvironment>;
  /** Called once, when the run ends in any way. */
  readonly onEnd: (run: Run) => void;
}

const OPEN = "finish() was called, or the run's cell ran again";

/** A run. `runs.start` makes one. */
export class Run {
  readonly id: string;
  readonly name: string;
  readonly group: string;
  /** Absolute path. */
  readonly folder: string;
  private record: RunRecord;
  private readonly metrics: { append(line: string): void; close(): void };
  private readonly environment: Promise<void>;
  private readonly onEnd: (run: Run) => void;
  private readonly began = performance.now();
  private step = 0;
  private flops: number | undefined;
  private tokens: number | undefined;
  private saved = true;

  constructor({ folder, record, environment, onEnd }: RunParts, metrics: { append(line: string): void; close(): void }) {
    this.folder = folder;
    this.record = record;
    this.id = record.id;
    this.name = record.name;
    this.group = record.group;
    this.onEnd = onEnd;
    this.metrics = metrics;
    this.environment = environment.then((known) => {
      if (this.isOpen) this.change({ environment: known });
    });
  }

  /** Whether it still takes rows. */
  get isOpen(): boolean {
    return this.record.status === "running";
  }

  /**
   * Records metrics after a step. What was logged is in the file when this returns, also when the process is killed next.
   *
   * @param values - by name: numbers, or tensors of one element that have been computed. NaN and infinite ones are kept as they are.
   * @throws {LifetimeError} after `finish`.
   * @throws {ArgumentError} for a value that is no number, and a step that goes back.
   */
  log(values: Readonly<Record<string, number | bigint | Tensor>>, { step = this.step + 1, flops, tokens }: LogOptions = {}): void {
    if (!this.isOpen) throw new LifetimeError(`log() on a run that has ended: ${OPEN}`, { where: `run ${this.id}`, help: "start a new run with runs.start" });
    if (!Number.isFinite(step) || step < this.step) throw new ArgumentError(`log(): step ${step} after step ${this.step}`, { where: `run ${this.id}`, help: "give finite steps that do not go back" });
    const numbers = Object.entries(values).map(([name, value]) => [name, formatNumber(numberOf(name, value))] as const);
    const { cost } = this.record;
    this.flops = flops ?? advance(this.flops, cost?.flops, step - this.step);
    this.tokens = tokens ?? advance(this.tokens, cost?.tokens, step - this.step);
    this.step = step;
    const seconds = Math.round(performance.now() - this.began) / 1000;
    this.metrics.append(JSON.stringify({ step, seconds, flops: this.flops, tokens: this.tokens, values: Object.fromEntries(numbers) }));
  }

  /**
   * Says what one step costs from now on, as predicted by `compiled.cost(…)`: rows then know their FLOPs.
   * @param tokens - that a step sees; default not known.
   */
  cost({ flops, bytesMoved, peakBytes, parameters }: CostSource, { tokens }: { readonly tokens?: number } = {}): void {
    if (!this.isOpen) throw new LifetimeError(`cost() on a run that has ended: ${OPEN}`, { where: `run ${this.id}`, help: "start a new run with runs.start" });
    this.change({ cost: { flops, bytesMoved, peakBytes, parameters, ...(tokens === undefined ? {} : { tokens }) } });
  }

  /** Ends the run: finished, or failed where an error is given. A second time does nothing.
   * @throws {DeviceError} when what was logged cannot be written. */
  async finish({ error }: FinishOptions = {}): Promise<void> {
    if (!this.isOpen) return;
    await this.environment;
    this.end(error === undefined ? { status: "finished" } : { status: "failed", error: error instanceof Error ? error.message : String(error) });
  }

  /** Ends the run because its process ends, or its cell ran again. Does not throw: nobody stands there to hear. */
  stop(): void {
    try {
      if (this.isOpen) this.end({ status: "stopped" });
    } catch (error) {
      process.emitWarning(error instanceof Error ? error.message : String(error));
    }
  }

  toString(): string {
    return `run ${this.name} (${this.id}): ${this.record.status} at step ${this.step}, in ${this.folder}`;
  }

  /** How it is displayed in a notebook. */
  [Symbol.for("Jupyter.display")](): Readonly<Record<string, string>> {
    return { "text/plain": this.toString() };
  }

  private end(how: Pick<RunRecord, "status" | "error">): void {
    // Ended first: whatever fails now, it takes no more rows.
    this.record = { ...this.record, ...how, ended: new Date().toISOString() };
    this.onEnd(this);
    // Someone may have deleted the run while it ran.
    if (!existsSync(this.folder)) return;
    this.metrics.close();
    this.write();
  }

  private change(part: Partial<RunRecord>): void {
    this.record = { ...this.record, ...part };
    try {
      this.write();
    } catch (error) {
      // Tried again with the next change and at the end, where it is an error.
      if (this.saved && existsSync(this.folder)) process.emitWarning(error instanceof Error ? error.message : String(error));
      this.saved = false;
    }
  }

  private write(): void {
    atomicWriteSync(join(this.folder, RECORD_FILE), formatRecord(this.record));
    this.saved = true;
  }
}

export const formatRecord = (record: RunRecord): string => `${JSON.stringify(record, undefined, 2)}\n`;
export const metricsPath = (folder: string): string => join(folder, METRICS_FILE);

/** Undefined until something is known: a run whose cost is given late does not look cheap. */
const advance = (before: number | undefined, each: number | undefined, steps: number): number | undefined =>
  each === undefined ? before : (before ?? 0) + each * steps;

function numberOf(name: string, value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  const where = `metric ${JSON.stringify(name)}`;
  if (!(value instanceof Tensor)) throw new ArgumentError(`log(): the value is ${value === null ? "null" : `of type ${typeof value}`}`, { where, help: "give numbers, or tensors of one element" });
  if (value.size !== 1) throw new ArgumentError(`log(): ${value.toString()} has ${value.size} elements`, { where, help: "log its mean, or each element under a name of its own" });
  if (value.storage === undefined) throw new ArgumentError(`log(): ${value.toString()} is not computed yet`, { where, help: "log `await x.item()`" });
  return toNumbers({ dtype: value.dtype, data: storedData(value) })[0];
}
