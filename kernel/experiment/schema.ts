/** @file The result of an experiment, as it stands in `results/<slug>.json`. Numbers that are not finite are the texts "NaN", "Infinity" and "-Infinity". */
import type { ClaimArm, ClaimPayload } from "../display/schema";
import type { RunEnvironment } from "../runs/schema";

export const RESULT_VERSION = 1;

export type ArmRole = ClaimArm["role"];
export type Verdict = ClaimPayload["verdict"];

/** What an arm spends, in units that the names say. Joules are there where the machine counts them. */
export interface Spent {
  readonly steps: number;
  readonly flops: number;
  readonly bytes: number;
  readonly tokens: number;
  readonly seconds: number;
  readonly joules?: number;
}
/** What a budget can be counted in. */
export const BUDGET_UNITS = ["flops", "tokens", "bytes", "seconds", "joules"] as const;
export type BudgetUnit = (typeof BUDGET_UNITS)[number];
/** One amount that every arm may spend: `{ flops: 2e11 }`. */
export type Budget = { readonly [U in BudgetUnit]?: number };

export interface MetricInfo {
  readonly label: string;
  /** "nats per byte"; "" where there is none. */
  readonly unit: string;
  readonly better: "lower" | "higher";
}

/** Values measured along the way. */
export interface CurvePoint extends Spent {
  readonly values: Readonly<Record<string, number>>;
}

/** One arm with one seed. */
export interface SeedResult {
  readonly seed: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** FLOPs, bytes and tokens as the compiled steps' costs say; seconds of training alone. */
  readonly spent: Spent;
  /** FLOPs that the programs counted while they trained. */
  readonly executedFlops: number;
  /** With data, tracing and evaluation. */
  readonly wallSeconds: number;
  readonly curve: readonly CurvePoint[];
  /** Why the arm has no finite numbers: it diverged. */
  readonly diverged?: string;
}

/** A number with its interval at the experiment's level. */
export interface MeasuredEstimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface ArmResult {
  readonly name: string;
  readonly role: ArmRole;
  /** Mean over seeds of every metric. */
  readonly means: Readonly<Record<string, MeasuredEstimate>>;
  readonly seeds: readonly SeedResult[];
}

/** One comparison of a check: `what` must be at most, or at least, `bound`. */
export interface ComparisonResult extends MeasuredEstimate {
  readonly what: string;
  readonly relation: "at most" | "at least";
  readonly bound: number;
  readonly verdict: Verdict;
}
export interface CheckResult {
  readonly name: string;
  /** `control`: what must happen if the experiment can tell anything at all. */
  readonly kind: "claim" | "control";
  readonly verdict: Verdict;
  readonly comparisons: readonly ComparisonResult[];
}

export interface ExperimentRecord {
  readonly version: typeof RESULT_VERSION;
  readonly slug: string;
  readonly title: string;
  /** What is claimed, in one sentence, and by whom. */
  readonly claim: string;
  readonly source: string;
  /** What the paper measures, and its value where it gives one. */
  readonly figure: { readonly label: string; readonly unit: string; readonly value?: number; readonly where?: string };
  /** The same quantity, here. */
  readonly measured: MeasuredEstimate;
  readonly verdict: Verdict;
  /** Which checks decided it. */
  readonly reason: string;
  readonly checks: readonly CheckResult[];
  /** The first is the main one. */
  readonly metrics: Readonly<Record<string, MetricInfo>>;
  readonly arms: readonly ArmResult[];
  readonly budget?: Budget;
  readonly seeds: readonly number[];
  /** Confidence of all intervals. */
  readonly level: number;
  readonly environment: RunEnvironment;
  /** SHA-256 of what defines it, without comments and spaces, by name: "notebook", "kernel/methods/primer.ts". */
  readonly sources: Readonly<Record<string, string>>;
  /** Wall time of all arms and seeds together, if one ran after the other. */
  readonly seconds: number;
  /** ISO 8601. */
  readonly finished: string;
}
