/** @file The gradient of a long sequence, chunk by chunk: memory of all chunks forward, then each chosen chunk alone forward and backward. */
import { valueAndGradWithAux } from "../../autodiff/grad";
import { stepProgram, type StepCost } from "../../experiment/training";
import { hostArray } from "../../graph/dtype";
import { add, mul, stopGradient } from "../../graph/ops/elementwise";
import { sum } from "../../graph/ops/reduction";
import { fromHost, tensor, type Tensor } from "../../graph/tensor";
import { leaves, map, tensorsOf, zip, type Tree } from "../../graph/tree";
import { chunksOf, rows, scaled, withRows, type Chunk, type ChunkModel } from "./chunks";
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

/** Gradients by plan, and their cost before. Programs are made once for each place of a chunk. */
export interface Chunkwise<Model, Batch> {
  readonly chunks: (batch: Batch) => number;
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

/** A chunk may lie at so many places before that is taken for a mistake. */
const MAX_CHUNKS = 1024;

const emptyLike = <T extends Tree>(tree: T): T => map(tree, ({ dtype, shape, size }) => fromHost({ dtype, shape, data: hostArray(dtype, size) }));
const bytesOf = (tree: Tree): number => tensorsOf(tree).reduce((total, { bytes }) => total + bytes, 0);

/** `of` with the activations of one chunk of `chunk` positions in memory. */
export function chunkwise<Model extends object, Batch extends object, Memory extends Tree>(of: ChunkModel<Model, Batch, Memory>, { chunk }: { readonly chunk: number }): Chunkwise<Model, Batch> {
  const pastOf = (memory: Memory, { start }: Chunk): Memory | undefined => (start === 0 ? undefined : rows(memory, { start: 0, end: start }));

  const forward = stepProgram(
    (memory: Memory, { model, batch, at }: Given<Model, Batch> & { readonly at: Chunk }) => {
      const { loss, memory: own } = of.call(model, batch, { at, past: pastOf(memory, at) });
      return { state: withRows(memory, at, own), loss };
    },
    { name: "chunk forward", maxTraces: MAX_CHUNKS },
  );

  const backward = stepProgram(
    ({ gradients, received }: Sent<Model, Memory>, { model, batch, memory, at, factors }: Given<Model, Batch> & { readonly memory: Memory; readonly at: Chunk; readonly factors: Pick<Plan, "loss" | "transfer"> }) => {
      const differentiate = valueAndGradWithAux((inputs: { readonly model: Model; readonly past: Memory | undefined }) => {
        const { loss, memory: own } = of.call(inputs.model, batch, { at, past: inputs.past });
        const objective = scaled(loss, factors.loss);
        if (factors.transfer === 0) return [objective, loss];
        const [sent, values] = [tensorsOf(rows(received, at)), tensorsOf(own)];
        return [values.reduce((total, value, i) => addInner(total, value, factors.transfer === 1 ? sent[i] : mul(sent[i], factors.transfer)), objective), loss];
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
    { name: "chunk backward", maxTraces: 4 * MAX_CHUNKS },
  );

  const placesOf = (batch: Batch): readonly Chunk[] => chunksOf(of.length(batch), chunk);
  const calls = ({ model, batch }: Given<Model, Batch>, { selected, loss, transfer }: Plan) => {
    const places = placesOf(batch);
    const memory = emptyLike(of.memory(model, batch));
    const sent: Sent<Model, Memory> = { gradients: emptyLike(model), received: emptyLike(memory) };
    return { memory, sent, first: places.map((at) => ({ model, batch, at })), second: (held: Memory) => selected.map((j) => ({ model, batch, memory: held, at: places[j], factors: { loss, transfer } })) };
  };

  // Costs are asked for at every step where choices vary; programs of one place and shape cost the same.
  const known = new Map<string, ProgramCost>();
  const costOf = (key: string, make: () => ReturnType<typeof forward.cost>): ProgramCost => {
    const found = known.get(key) ?? programCost(make());
    known.set(key, found);
    return found;
  };

  return {
    chunks: (batch) => placesOf(batch).length,
    async gradient(given, plan) {
      const { memory: empty, sent, first, second } = calls(given, plan);
      let memory = empty;
      let loss = 0;
      for (const one of first) {
        const out = await forward(memory, one);
        memory = out.state;
        loss += await out.loss.item();
      }
      let state = sent;
      for (const one of second(memory)) ({ state } = await backward(state, one));
      return { loss: tensor(loss), gradients: state.gradients };
    },
    cost(given, plan) {
      const { memory, sent, first, second } = calls(given, plan);
      const shapes = leaves(given).map(([path, { shape }]) => `${path} ${shape.join("×")}`).join();
      const programs = [
        ...first.map((one) => costOf(`forward ${one.at.start} ${shapes}`, () => forward.cost(memory, one))),
        ...second(memory).map((one) => costOf(`backward ${one.at.start} ${plan.loss} ${plan.transfer} ${shapes}`, () => backward.cost(sent, one))),
      ];
      const total = (what: "flops" | "bytesMoved"): number => programs.reduce((all, one) => all + one[what], 0);
      const most = (what: "peakBytes" | "activationBytes"): number => Math.max(...programs.map((one) => one[what]));
      return { flops: total("flops"), bytesMoved: total("bytesMoved"), peakBytes: most("peakBytes"), activationBytes: most("activationBytes"), memoryBytes: 2 * bytesOf(memory) };
    },
    async prepare(given, plan) {
      const { memory, sent, first, second } = calls(given, plan);
      for (const one of first) await forward.prepare(memory, one);
      for (const one of second(memory)) await backward.prepare(sent, one);
    },
  };
}

type ProgramCost = Omit<ChunkStats, "memoryBytes">;
const programCost = ({ flops, bytesMoved, peakBytes, memory }: { readonly flops: number; readonly bytesMoved: number; readonly peakBytes: number; readonly memory: { readonly arenaPeakBytes: number } }): ProgramCost => ({ flops, bytesMoved, peakBytes, activationBytes: memory.arenaPeakBytes });
