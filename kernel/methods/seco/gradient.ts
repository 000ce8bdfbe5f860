/** @file The gradient of a long sequence, chunk by chunk: memory of all chunks forward, then each chosen chunk alone forward and backward. */
import { valueAndGradWithAux } from "../../autodiff/grad";
import { stepProgram, type StepCost } from "../../experiment/training";
import { hostArray } from "../../graph/dtype";
import { add, mul, stopGradient } from "../../graph/ops/elementwise";
import { sum } from "../../graph/ops/reduction";
import { fromHost, tensor, type Tensor } from "../../graph/tensor";
import { leaves, map, tensorsOf, zip, type Tree } from "../../graph/tree";
import { chunksOf, rows, withRows, type Chunk, type ChunkModel } from "./chunks";
import type { Plan } from "./sampling";

/** ⟨tensor, cotangent⟩ added to an objective: its gradient sends `cotangent` back through `tensor`. */
export const addInner = (objective: Tensor, value: Tensor, cotangent: Tensor): Tensor => add(objective, sum(mul(value, stopGradient(cotangent))));

export interface ChunkStats extends StepCost {
  /** Most working memory of a program: activations and scratch, without weights, memory of chunks and gradients. */
  readonly activationBytes: number;
  /** The memory of all chunks, and the gradients sent to it. */
  readonly memoryBytes: number;
}

export interface ChunkGradient<Model> {
  /** The loss of the whole sequence, exact whatever was chosen. A scalar. */
  readonly loss: Tensor;
  readonly gradients: Model;
}

/** Gradients by plan, and their cost before. Programs are made once for each place of a chunk: share it between trainings. */
export interface Chunkwise<Model, Batch, Memory> {
  readonly chunks: (batch: Batch) => number;
  /** The first pass: memory of all chunks, and the loss of the whole sequence. */
  forward(given: Given<Model, Batch>): Promise<{ readonly loss: Tensor; readonly memory: Memory }>;
  /** The second pass. */
  backward(given: Given<Model, Batch>, memory: Memory, plan: Plan): Promise<Model>;
  /** Both. */
  gradient(given: Given<Model, Batch>, plan: Plan): Promise<ChunkGradient<Model>>;
  cost(given: Given<Model, Batch>, plan: Plan): ChunkStats;
  prepare(given: Given<Model, Batch>, plan: Plan): Promise<void>;
}

interface Given<Model, Batch> {
  readonly model: Model;
  readonly batch: Batch;
}

interface Sent<Model, Memory> {
  readonly gradients: Model;
  /** G: what later chunks have sent to the memory of each position. */
  readonly received: Memory;
}

/** So many places and lengths of a chunk before that is taken for a mistake. */
const MAX_PLACES = 1024;

const emptyLike = <T extends Tree>(tree: T): T => map(tree, ({ dtype, shape, size }) => fromHost({ dtype, shape, data: hostArray(dtype, size) }));
const bytesOf = (tree: Tree): number => tensorsOf(tree).reduce((total, { bytes }) => total + bytes, 0);

/** `of` with the activations of one chunk of `chunk` positions in memory. */
export function chunkwise<Model extends object, Batch extends object, Memory extends Tree>(of: ChunkModel<Model, Batch, Memory>, { chunk }: { readonly chunk: number }): Chunkwise<Model, Batch, Memory> {
  const pastOf = (memory: Memory, { start }: Chunk): Memory | undefined => (start === 0 ? undefined : rows(memory, { start: 0, end: start }));

  const forward = stepProgram(
    (memory: Memory, { model, batch, at }: Given<Model, Batch> & { readonly at: Chunk }) => {
      const { loss, memory: own } = of.call(model, batch, { at, past: pastOf(memory, at) });
      return { state: withRows(memory, at, own), loss };
    },
    { name: "chunk forward", maxTraces: MAX_PLACES },
  );

  const backward = stepProgram(
    ({ gradients, received }: Sent<Model, Memory>, { model, batch, memory, at, factors }: Given<Model, Batch> & { readonly memory: Memory; readonly at: Chunk; readonly factors: Readonly<Record<"loss" | "transfer", Tensor>> }) => {
      const differentiate = valueAndGradWithAux((inputs: { readonly model: Model; readonly past: Memory | undefined }) => {
        const { loss, memory: own } = of.call(inputs.model, batch, { at, past: inputs.past });
        const sent = tensorsOf(rows(received, at));
        return [tensorsOf(own).reduce((total, value, i) => addInner(total, value, mul(sent[i], factors.transfer)), mul(loss, factors.loss)), loss];
      });
      const [, loss, moved] = differentiate({ model, past: pastOf(memory, at) });
      const { past } = moved;
      const before = { start: 0, end: at.start };
      return {
        state: {
          gradients: zip(gradients, moved.model, (total, one) => add(total, one)),
          received: past === undefined ? received : withRows(received, before, zip(rows(received, before), past, (total, one) => add(total, one))),
        },
        loss,
      };
    },
    { name: "chunk backward", maxTraces: MAX_PLACES },
  );

  const placesOf = (batch: Batch): readonly Chunk[] => chunksOf(of.length(batch), chunk);
  const firstPass = (given: Given<Model, Batch>) => placesOf(given.batch).map((at) => ({ ...given, at }));
  const secondPass = (given: Given<Model, Batch>, memory: Memory, { selected, loss, transfer }: Plan) => {
    const places = placesOf(given.batch);
    const factors = { loss: tensor(loss), transfer: tensor(transfer) };
    return selected.map((j) => ({ ...given, memory, at: places[j], factors }));
  };
  const emptyMemory = ({ model, batch }: Given<Model, Batch>): Memory => emptyLike(of.memory(model, batch));
  const nothingSent = (model: Model, memory: Memory): Sent<Model, Memory> => ({ gradients: emptyLike(model), received: emptyLike(memory) });

  // Costs are asked for at every step where choices vary; programs of one place and shape cost the same.
  const known = new Map<string, ProgramCost>();
  const costOf = (key: string, make: () => ReturnType<typeof forward.cost>): ProgramCost => {
    const found = known.get(key) ?? programCost(make());
    known.set(key, found);
    return found;
  };

  const by: Chunkwise<Model, Batch, Memory> = {
    chunks: (batch) => placesOf(batch).length,
    async forward(given) {
      let memory = emptyMemory(given);
      let loss = 0;
      for (const one of firstPass(given)) {
        const out = await forward(memory, one);
        memory = out.state;
        loss += await out.loss.item();
      }
      return { loss: tensor(loss), memory };
    },
    async backward(given, memory, plan) {
      let state = nothingSent(given.model, memory);
      for (const one of secondPass(given, memory, plan)) ({ state } = await backward(state, one));
      return state.gradients;
    },
    async gradient(given, plan) {
      const { loss, memory } = await by.forward(given);
      return { loss, gradients: await by.backward(given, memory, plan) };
    },
    cost(given, plan) {
      const memory = emptyMemory(given);
      const sent = nothingSent(given.model, memory);
      const shapes = leaves(given).map(([path, { shape }]) => `${path} ${shape.join("×")}`).join();
      const programs = [
        ...firstPass(given).map((one) => costOf(`forward ${one.at.start} ${shapes}`, () => forward.cost(memory, one))),
        ...secondPass(given, memory, plan).map((one) => costOf(`backward ${one.at.start} ${shapes}`, () => backward.cost(sent, one))),
      ];
      const total = (what: "flops" | "bytesMoved"): number => programs.reduce((all, one) => all + one[what], 0);
      const most = (what: "peakBytes" | "activationBytes"): number => Math.max(...programs.map((one) => one[what]));
      return { flops: total("flops"), bytesMoved: total("bytesMoved"), peakBytes: most("peakBytes"), activationBytes: most("activationBytes"), memoryBytes: 2 * bytesOf(memory) };
    },
    async prepare(given, plan) {
      const memory = emptyMemory(given);
      const sent = nothingSent(given.model, memory);
      for (const one of firstPass(given)) await forward.prepare(memory, one);
      for (const one of secondPass(given, memory, plan)) await backward.prepare(sent, one);
    },
  };
  return by;
}

type ProgramCost = Omit<ChunkStats, "memoryBytes">;
const programCost = ({ flops, bytesMoved, peakBytes, memory }: { readonly flops: number; readonly bytesMoved: number; readonly peakBytes: number; readonly memory: { readonly arenaPeakBytes: number } }): ProgramCost => ({ flops, bytesMoved, peakBytes, activationBytes: memory.arenaPeakBytes });
