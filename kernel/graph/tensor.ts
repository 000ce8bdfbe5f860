/** @file Tensor: a value of the graph, lazy until its elements are asked for. */
import { LifetimeError, ShapeError } from "../errors";
import { bytesPerElement, hostArrayFrom, toNumbers, type Dtype, type HostArray, type HostTensor } from "./dtype";
import type { Op, OpAttrs } from "./op";
import { shapeRules } from "./shapeRules";
import { showShape, sizeOf, type Shape } from "./shape";
import { currentScope, currentSite, currentTrace, describeSite, here, type Site } from "./trace";

/** Elements of a realized tensor. The buffer may be given away (donated); then `data` is undefined. */
export interface Storage {
  /** Elements that lie on a device are copied to the host when this is read. */
  data: HostArray | undefined;
  /** Names the call that took the buffer, for the error on later use. */
  takenBy?: string;
  /** What an executor keeps about this buffer (its own tensor object over the same memory). */
  native?: unknown;
}

let nextId = 0;

/**
 * A value with static shape and dtype: the result of `op` on `inputs`, or data.
 * Immutable to users. Outside of a traced function it is lazy: `await t.data()` computes it, once.
 */
export class Tensor<P extends Op = Op> {
  readonly id = nextId++;
  /** Layer path in which it was made ("" outside). */
  readonly path: string;
  /** Trace in which it was made (0 outside). */
  readonly trace: number;
  /** Where it was made; not kept for data and constants, with which nothing goes wrong. */
  readonly site: Site | undefined;
  storage: Storage | undefined;

  constructor(
    public op: P,
    public inputs: readonly Tensor[],
    public attrs: OpAttrs[P],
    readonly shape: Shape,
    readonly dtype: Dtype,
  ) {
    this.path = currentScope();
    this.trace = currentTrace();
    this.site = op === "Data" || op === "Const" ? undefined : currentSite();
  }

  get rank(): number {
    return this.shape.length;
  }
  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }
  get bytes(): number {
    return this.size * bytesPerElement(this.dtype);
  }

  /** A copy of the elements, row-major. Computes them first when needed. */
  async data(): Promise<HostArray> {
    return (await this.realized()).slice();
  }

  /** The elements as a HostTensor of its own (files, views). */
  async host(): Promise<HostTensor> {
    return { dtype: this.dtype, shape: this.shape, data: await this.data() };
  }

  /** The elements as JavaScript numbers. */
  async numbers(): Promise<Float64Array> {
    return toNumbers({ dtype: this.dtype, data: await this.realized() });
  }

  /** The only element as a number. @throws {ShapeError} when there is more than one. */
  async item(): Promise<number> {
    const values = await this.numbers();
    if (values.length !== 1) throw new ShapeError(`item(): a tensor of shape ${showShape(this.shape)} has ${values.length} elements`, { help: "index it first, or use numbers()" });
    return values[0];
  }

  private async realized(): Promise<HostArray> {
    if (this.storage === undefined) await realize([this]);
    return storedData(this);
  }

  toString(): string {
    return `Tensor ${this.dtype} ${showShape(this.shape)}`;
  }
}

/** The elements of a realized tensor, not copied.
 * @throws {LifetimeError} when the buffer was donated, or the tensor stands for a traced value. */
export function storedData(tensor: Tensor): HostArray {
  const { storage } = tensor;
  if (storage?.data !== undefined) return storage.data;
  if (storage === undefined)
    throw new LifetimeError(`${tensor.toString()} has no elements: it stands for a value inside a traced function`, {
      where: tensor.site && describeSite(tensor.site),
      help: "return it from the function, or tap it, and read the result",
    });
  throw new LifetimeError(`${tensor.toString()} was donated${storage.takenBy === undefined ? "" : ` to ${storage.takenBy}`}; its buffer now holds newer values`, {
    help: "use the tensors that the call returned, or leave this argument out of `donate`",
  });
}

/** The elements behind a storage that is in use. @throws {LifetimeError} when its buffer was given away. */
export function storedBytes(storage: Storage): HostArray {
  if (storage.data === undefined) throw new LifetimeError(`a buffer was given to ${storage.takenBy ?? "another call"} and used again`, { help: "use the tensors that the call returned" });
  return storage.data;
}

/** @throws {LifetimeError} when the buffer was given away. Unlike reading it, this brings nothing from a device. */
export function requireHeld(storage: Storage): void {
  if (storage.takenBy !== undefined) storedBytes(storage);
}

/** Makes the node `op(inputs)`; its shape and dtype come from the op's shape rule. */
export function node<P extends Op>(op: P, inputs: readonly Tensor[], attrs: OpAttrs[P]): Tensor {
  const { shape, dtype } = shapeRules[op](inputs, attrs);
  return new Tensor<Op>(op, inputs, attrs, shape, dtype);
}

/** A placeholder for an argument of a traced function. */
export const placeholder = (name: string, { shape, dtype }: Pick<HostTensor, "shape" | "dtype">): Tensor => new Tensor<Op>("Input", [], { name }, shape, dtype);

/** A tensor over `data`, which it takes over without a copy: do not write to it afterwards.
 * @throws {ShapeError} when `data` has another number of elements than the shape. */
export function fromHost({ dtype, shape, data }: HostTensor): Tensor {
  if (data.length !== sizeOf(shape)) throw new ShapeError(`fromHost: ${data.length} elements for shape ${showShape(shape)}, which has ${sizeOf(shape)}`, { where: here(), help: "give as many elements as the sizes multiply to" });
  return fromStorage({ dtype, shape }, { data });
}

/** A tensor over elements that an executor has written. */
export function fromStorage({ dtype, shape }: Pick<HostTensor, "dtype" | "shape">, storage: Storage): Tensor {
  const tensor = new Tensor<Op>("Data", [], {}, shape, dtype);
  tensor.storage = storage;
  return tensor;
}

export type Nested = number | boolean | readonly Nested[];

/** A tensor of the given numbers (nested arrays give the shape), or over a HostTensor.
 * @param dtype - default float32, bool for booleans. */
export function tensor(value: Nested | HostTensor | ArrayLike<number>, dtype?: Dtype): Tensor {
  if (isHostTensor(value)) return fromHost(value);
  const shape: number[] = [];
  const flat: number[] = [];
  let allBool = true;
  const visit = (part: Nested, depth: number): void => {
    if (typeof part === "number" || typeof part === "boolean") {
      allBool &&= typeof part === "boolean";
      if (depth !== shape.length) throw ragged();
      flat.push(Number(part));
      return;
    }
    const items = Array.from(part);
    if (flat.length === 0 && shape.length === depth) shape.push(items.length);
    if (shape[depth] !== items.length) throw ragged();
    for (const item of items) visit(item, depth + 1);
  };
  // SAFETY: typed arrays iterate like arrays of numbers, which is all `visit` needs.
  visit(value as Nested, 0);
  const kind = dtype ?? (allBool && flat.length > 0 ? "bool" : "float32");
  return fromHost({ dtype: kind, shape, data: hostArrayFrom(kind, flat) });
}

const ragged = (): ShapeError => new ShapeError("tensor(): nested arrays of unequal length", { help: "give every row the same number of elements" });

function isHostTensor(value: unknown): value is HostTensor {
  return typeof value === "object" && value !== null && "dtype" in value && "shape" in value && "data" in value && !(value instanceof Tensor);
}

type Realize = (tensors: readonly Tensor[]) => Promise<void>;
let realizer: Realize | undefined;

/** Registers what computes lazy tensors; the runtime does so when it loads. */
export function setRealizer(realize: Realize): void {
  realizer = realize;
}

/** Computes all of `tensors` together, in one run; those that have elements already cost nothing. */
export async function realize(tensors: readonly Tensor[]): Promise<void> {
  const pending = tensors.filter((t) => t.storage === undefined);
  if (pending.length === 0) return;
  if (realizer === undefined) throw new LifetimeError("no executor is loaded to compute a tensor", { help: 'import from "isoflop", which loads one' });
  await realizer(pending);
}
