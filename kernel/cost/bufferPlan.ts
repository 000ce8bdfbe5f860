/** @file Which values share a buffer, and when each buffer is taken and given back: onnxruntime's reuse plan for a fixed order. */
import { bytesPerElement } from "../graph/dtype";
import { sameShape, sizeOf } from "../graph/shape";
import type { KernelStep } from "./kernelSteps";
import type { Value } from "./sharedKernels";

/** Memory that one or more values use one after the other. */
export interface Buffer {
  /** The first of the values. */
  readonly value: Value;
  readonly bytes: number;
  /** Positions in the order of execution, both included. */
  readonly firstStep: number;
  readonly lastStep: number;
}

export interface BufferPlanInput {
  /** In the order of execution. */
  readonly steps: readonly KernelStep[];
  /** Values that exist before: inputs and constants. */
  readonly held: ReadonlySet<Value>;
  /** Values that stay after: the results. They are never shared. */
  readonly kept: ReadonlySet<Value>;
}

/** Kernels whose result is their first operand's memory under another name. */
const ALIASING: ReadonlySet<string> = new Set(["Reshape", "Identity", "StopGradient", "Barrier", "Copy"]);
/** Kernels that may write over their first operand, when nothing else reads it and the sizes agree (as onnxruntime 1.30 allocates). */
const IN_PLACE: ReadonlySet<string> = new Set(["Tanh", "Sigmoid", "Softmax", "LogSoftmax", "Cast", "ScatterAdd"]);

interface Slot {
  readonly value: Value;
  /** The slot whose memory this one uses. */
  buffer: Slot;
  /** Reads to come, of this value and of those that share its memory, and one for whoever keeps it. */
  uses: number;
  firstStep: number;
  lastStep: number;
}

const fits = (a: Value, b: Value): boolean => bytesPerElement(a.dtype) === bytesPerElement(b.dtype) && sameShape(a.shape, b.shape);

/** Buffers in the order in which they are first taken. Kept values have buffers too, up to the last step. */
export function planBuffers({ steps, held, kept }: BufferPlanInput): Buffer[] {
  const slots = countUses({ steps, held, kept });
  const slotOf = (value: Value): Slot => {
    const slot = slots.get(value);
    if (slot === undefined) throw new Error("a value is read before anything writes it");
    return slot;
  };
  const taken: Slot[] = [];
  /** Buffers that nothing reads any more, the latest first. */
  const idle: Slot[] = [];
  const share = (slot: Slot, buffer: Slot): void => {
    slot.buffer = buffer;
    buffer.uses += slot.uses;
  };
  const place = (step: KernelStep, output: number): void => {
    const slot = slotOf(step.writes[output]);
    if (!kept.has(slot.value)) {
      if (output === 0 && ALIASING.has(step.kernel)) return share(slot, slotOf(step.reads[0]).buffer);
      const operand = output === 0 && IN_PLACE.has(step.kernel) ? slotOf(step.reads[0]) : undefined;
      if (operand !== undefined && operand.buffer.uses === 1 && fits(operand.value, slot.value)) return share(slot, operand.buffer);
      const found = slot.value.shape.length === 0 ? -1 : idle.findIndex((other) => fits(other.value, slot.value));
      if (found >= 0) return share(slot, idle.splice(found, 1)[0]);
    }
    taken.push(slot);
  };
  steps.forEach((step, position) => {
    step.writes.forEach((_, output) => place(step, output));
    for (const value of [...step.reads, ...step.writes]) {
      const { buffer } = slotOf(value);
      buffer.firstStep = Math.min(buffer.firstStep, position);
      buffer.lastStep = position;
      if (--buffer.uses === 0) idle.unshift(buffer);
    }
  });
  return taken.map(({ value, firstStep, lastStep }) => ({
    value,
    bytes: sizeOf(value.shape) * bytesPerElement(value.dtype),
    firstStep,
    lastStep: kept.has(value) ? steps.length - 1 : lastStep,
  }));
}

function countUses({ steps, held, kept }: BufferPlanInput): Map<Value, Slot> {
  const slots = new Map<Value, Slot>();
  const use = (value: Value): void => {
    const slot = slots.get(value);
    if (slot !== undefined) slot.uses++;
    else slots.set(value, makeSlot(value));
  };
  for (const value of held) use(value);
  for (const { reads, writes } of steps) for (const value of [...reads, ...writes]) use(value);
  for (const value of kept) use(value);
  return slots;
}

function makeSlot(value: Value): Slot {
  const slot: Omit<Slot, "buffer"> = { value, uses: 1, firstStep: Infinity, lastStep: 0 };
  // SAFETY: the one missing field is assigned here.
  const whole = slot as Slot;
  whole.buffer = whole;
  return whole;
}
