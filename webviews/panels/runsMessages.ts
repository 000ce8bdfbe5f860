/** @file Messages between the extension and the runs panel. Types only. */
import type { RunConfig, RunEnvironment, RunStatus } from "../../kernel/runs/schema";

/** One metric: columns of equal length. Values are finite; FLOPs and tokens are null where they are not known. */
export interface PanelSeries {
  readonly step: readonly number[];
  readonly seconds: readonly number[];
  readonly flops: readonly (number | null)[];
  readonly tokens: readonly (number | null)[];
  readonly value: readonly number[];
}

export interface PanelRun {
  readonly id: string;
  readonly name: string;
  readonly group: string;
  readonly status: RunStatus;
  /** ISO 8601. */
  readonly started: string;
  readonly seconds: number;
  readonly config: RunConfig;
  readonly environment: RunEnvironment;
  /** FLOPs of a step, where predicted. */
  readonly stepFlops: number | null;
  readonly parameters: number | null;
  /** By metric, the most important first. */
  readonly metrics: { readonly [metric: string]: PanelSeries };
  /** Values that were not finite, over all metrics: a run that diverged. */
  readonly notFinite: number;
}

export type ToRunsPanel = { readonly type: "runs"; readonly runs: readonly PanelRun[] };

export type FromRunsPanel =
  | { readonly type: "ready" }
  /** The user saves a picture or a table. */
  | { readonly type: "save"; readonly name: string; readonly mime: string; readonly base64: string };
