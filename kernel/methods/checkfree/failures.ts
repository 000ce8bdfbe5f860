/** @file When which stages are lost, and what a run does then by the clock: replays, recoveries and saves. */
import { ArgumentError } from "../../errors";
import { HostRandom } from "../../random/hostRandom";

/** Stage `stage` is lost after executed step `step` (counted from 0, replays included). */
export interface Failure {
  readonly step: number;
  readonly stage: number;
}

export interface FailureOptions {
  readonly stages: number;
  readonly steps: number;
  /** Probability that a stage is lost in a step. */
  readonly perStage: number;
  /** First step in which one can be. Default 0. */
  readonly from?: number;
  /** Only stages that have two neighbours. Default false. */
  readonly interior?: boolean;
  readonly seed: number;
}

/** A schedule of losses, ordered by step. Stages that are beside each other are never lost in the same step: the later draw is dropped.
 * @throws {ArgumentError} unless the probability is in [0, 1). */
export function failureSchedule({ stages, steps, perStage, from = 0, interior = false, seed }: FailureOptions): readonly Failure[] {
  if (!(perStage >= 0 && perStage < 1)) throw new ArgumentError(`failureSchedule: a probability of ${perStage}`, { help: "give one from 0 to below 1" });
  const random = HostRandom.seeded(seed).split("failures");
  const found: Failure[] = [];
  for (let step = from; step < steps; step++)
    for (let stage = 0; stage < stages; stage++) {
      const lost = random.uniform() < perStage;
      const beside = found.some((other) => other.step === step && Math.abs(other.stage - stage) === 1);
      if (lost && !beside && !(interior && (stage === 0 || stage === stages - 1))) found.push({ step, stage });
    }
  return found;
}

/** Seconds of the paper's cluster, 500M parameters on 7 nodes (table 2; a recovery "takes around 30 s", section 5.2). */
export interface ClusterSeconds {
  readonly step: number;
  /** To rebuild or fetch a stage. */
  readonly recovery: number;
  /** Added to a step that saves a checkpoint. Default 0. */
  readonly save?: number;
}

const STEP_S = 91.32;
const RECOVERY_S = 30;
export const CLUSTER = {
  checkFree: { step: STEP_S, recovery: RECOVERY_S },
  /** Saves every 100 steps make a step 0.03 s longer on average. */
  checkpoint: { step: STEP_S, recovery: RECOVERY_S, save: 3 },
  redundant: { step: 151.04, recovery: RECOVERY_S },
} satisfies Readonly<Record<string, ClusterSeconds>>;

/** One executed step. */
export interface Event {
  /** Which step of the training it is: smaller than before after a return to a checkpoint. */
  readonly iteration: number;
  /** Whether the state before it is saved. */
  readonly save: boolean;
  /** Stages that are lost after it. */
  readonly lost: readonly number[];
  /** On the clock, when it and its recoveries are over. */
  readonly seconds: number;
}

export interface TimelineOptions {
  readonly failures: readonly Failure[];
  /** What a run may take; it ends before it would take more. */
  readonly seconds: number;
  readonly cluster: ClusterSeconds;
  /** Save every so many steps, and return there after a loss. Default: never. */
  readonly checkpointEvery?: number;
}

/** The steps that a run executes within `seconds`. */
export function timeline({ failures, seconds: budget, cluster: { step, recovery, save: saveSeconds = 0 }, checkpointEvery }: TimelineOptions): readonly Event[] {
  if (checkpointEvery !== undefined && !(Number.isInteger(checkpointEvery) && checkpointEvery > 0)) throw new ArgumentError(`timeline: a checkpoint every ${checkpointEvery} steps`, { help: "give a whole number from 1" });
  const events: Event[] = [];
  let [iteration, saved, seconds] = [0, -1, 0];
  for (;;) {
    const lost = failures.filter((failure) => failure.step === events.length).map(({ stage }) => stage);
    const save = checkpointEvery !== undefined && iteration % checkpointEvery === 0 && iteration > saved;
    seconds += step + (save ? saveSeconds : 0) + (lost.length > 0 ? recovery : 0);
    if (seconds > budget + 1e-9) return events;
    events.push({ iteration, save, lost, seconds });
    if (save) saved = iteration;
    iteration = lost.length > 0 && checkpointEvery !== undefined ? saved : iteration + 1;
  }
}
