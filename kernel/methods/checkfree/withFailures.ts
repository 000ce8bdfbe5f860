/** @file A training in which stages are lost: the same steps, and after each loss what the strategy does. */
import { ArgumentError } from "../../errors";
import type { Stepped, Training } from "../../experiment/training";
import { clone } from "../../graph/tree";
import type { Transform } from "../../optim/index";
import { HostRandom } from "../../random/hostRandom";
import type { Event } from "./failures";
import type { PipelineState } from "./pipeline";
import { recover, type Recovery } from "./recovery";

/** What happened at a loss. */
export interface Recovered {
  readonly stage: number;
  /** Which executed step it followed. */
  readonly step: number;
  readonly before: PipelineState;
  readonly after: PipelineState;
}

export interface WithFailuresOptions<Batch> {
  readonly training: Training<PipelineState, Batch>;
  /** What is executed; without checkpoints in it, losses are rebuilt by `recovery`. */
  readonly events: readonly Event[];
  /** Left out where events return to checkpoints. */
  readonly recovery?: Recovery;
  /** That of the training. Default Adam. */
  readonly optimizer?: Transform;
  readonly seed?: number;
  /** Hears of every loss, before the next step; the states are there until then. */
  readonly onLoss?: (recovered: Recovered) => Promise<void>;
}

/** A batch, and which executed step it is for. */
export interface Numbered<Batch> {
  readonly index: number;
  readonly given: Batch;
}

/** A training of as many steps as there are events. Step i is event i: it trains on the batch of its iteration, and then stages are lost. */
export function withFailures<Batch>({ training, events, recovery, optimizer, seed = 0, onLoss }: WithFailuresOptions<Batch>): Training<PipelineState, Numbered<Batch>> {
  const random = HostRandom.seeded(seed).split("recovery");
  let saved: PipelineState | undefined;
  const run = async (state: PipelineState, { index, given }: Numbered<Batch>): Promise<Stepped<PipelineState>> => {
    const event = events[index];
    if (event === undefined) throw new ArgumentError(`withFailures: step ${index} of ${events.length}`, { help: "train as many steps as there are events" });
    if (event.save) saved = await clone(state);
    const { state: trained, loss } = await training.step(state, given);
    let now = trained;
    for (const stage of event.lost) {
      const after = saved === undefined ? await rebuilt(now, stage) : await clone(saved);
      await onLoss?.({ stage, step: index, before: now, after });
      now = after;
    }
    return { state: now, loss };
  };
  const rebuilt = async (state: PipelineState, stage: number): Promise<PipelineState> => {
    if (recovery === undefined) throw new ArgumentError(`withFailures: stage ${stage} is lost, and there is neither a checkpoint nor a recovery`, { help: "give a recovery, or a timeline with checkpointEvery" });
    return recover(state, { stage, recovery, optimizer, random });
  };
  const { step } = training;
  const numbered: Training<PipelineState, Numbered<Batch>>["step"] = Object.assign(run, {
    cost: (state: PipelineState, { given }: Numbered<Batch>) => step.cost(state, given),
    lowered: (state: PipelineState, { given }: Numbered<Batch>) => step.lowered(state, given),
    onnx: (state: PipelineState, { given }: Numbered<Batch>) => step.onnx(state, given),
    prepare: (state: PipelineState, { given }: Numbered<Batch>) => step.prepare(state, given),
  });
  return { ...training, step: numbered, batch: (index) => ({ index, given: training.batch(events[index]?.iteration ?? index) }) };
}
