/** @file Transform: what an optimizer is made of, and the walk over parameters that every one of them does. */
import { ArgumentError } from "../errors";
import { hostArray, isFloat, type Dtype } from "../graph/dtype";
import { cast } from "../graph/ops/elementwise";
import { sameShape, sizeOf, type Shape } from "../graph/shape";
import { fromHost, Tensor } from "../graph/tensor";
import { withScope } from "../graph/trace";
import { leaves, map, type Tree } from "../graph/tree";

/**
 * A gradient transform: two pure functions, no state of its own. What goes in are gradients (or the updates of the transform before),
 * what comes out is added to the parameters by `applyUpdates`. Leaves without a gradient (null, integers) get the update null.
 */
export interface Transform<State = unknown> {
  /** Names its state in a chain, and its operations in cost reports. */
  readonly name: string;
  /** The state before the first step: tensors in a plain object, those of a parameter at the parameter's path. */
  init(params: Tree): State;
  update(grads: Tree, state: State, params: Tree): readonly [updates: Tree, state: State];
}

/** A transform whose operations are labelled with its name, and which says so when it is given a state that is not its own. */
export function transform<State extends object>({ name, init, update }: Transform<State>): Transform<State> {
  const fields = Object.keys(init({}));
  return {
    name,
    init,
    update(grads, state, params) {
      const missing = fields.find((field) => !(field in (state ?? {})));
      if (missing !== undefined)
        throw new ArgumentError(`${name}: the state has no "${missing}"; it has ${Object.keys(state ?? {}).join(", ") || "nothing"}`, {
          help: "pass what init(params) of this transform returned, or the state of its last update",
        });
      return withScope(`optimizer.${name}`, () => update(grads, state, params));
    },
  };
}

/** The dtype in which a parameter's update is computed and its state kept: 16 bits would lose small steps. */
export const workDtype = (dtype: Dtype): Dtype => (dtype === "float64" ? "float64" : "float32");

/** Zeros for each floating parameter, at its path, in the work dtype; null for the others. */
export const zerosFor = (params: Tree): Tree => map(params, (leaf) => (isFloat(leaf.dtype) ? zeroTensor(leaf.shape, workDtype(leaf.dtype)) : null));

/** Zeros that hold data, in a buffer of their own. */
export const zeroTensor = (shape: Shape, dtype: Dtype): Tensor => fromHost({ dtype, shape, data: hostArray(dtype, sizeOf(shape)) });

/** The count of steps done: an int32 scalar. */
export const zeroSteps = (): Tensor => zeroTensor([], "int32");

/** What a rule computes for one parameter, in its work dtype. */
export interface Updated<Slot extends string> {
  readonly update: Tensor;
  readonly slots: Readonly<Record<Slot, Tensor>>;
}

/** What a rule is given for one parameter. */
export interface Parameter<Slot extends string> {
  /** Gradient, or the update of the transform before. */
  readonly g: Tensor;
  readonly p: Tensor;
  readonly path: string;
  readonly slots: Readonly<Record<Slot, Tensor>>;
}

interface Walk<Slot extends string> {
  readonly grads: Tree;
  readonly params: Tree;
  /** The state trees that the rule reads and renews. */
  readonly slots: Readonly<Record<Slot, Tree>>;
}

/**
 * Applies `rule` to each floating parameter that has a gradient; returns the tree of updates, in the gradients' dtypes, and the renewed state trees.
 * @throws {ArgumentError} when the state was made for other parameters.
 */
export function updateEach<Slot extends string = never>(
  { grads, params, slots }: Walk<Slot>,
  rule: (parameter: Parameter<Slot>) => Updated<Slot>,
): readonly [updates: Tree, slots: Readonly<Record<Slot, Tree>>] {
  const gradients = new Map(leaves(grads));
  // SAFETY: the keys of `slots` are all of Slot.
  const names = Object.keys(slots) as Slot[];
  const before = new Map(names.map((name) => [name, new Map(leaves(slots[name]))] as const));
  const done = new Map<string, Updated<Slot>>();
  for (const [path, leaf] of leaves(params)) {
    const gradient = gradients.get(path);
    if (gradient === undefined || !isFloat(leaf.dtype)) continue;
    const work = workDtype(leaf.dtype);
    const mine = Object.fromEntries(names.map((name) => [name, slotAt(before.get(name)?.get(path), { leaf, path, name })]));
    // SAFETY: one entry for each name.
    const { update, slots: after } = rule({ g: cast(gradient, work), p: cast(leaf, work), path, slots: mine as Record<Slot, Tensor> });
    done.set(path, { update: cast(update, gradient.dtype), slots: after });
  }
  const next = names.map((name) => [name, map(slots[name], (leaf, path) => done.get(path)?.slots[name] ?? leaf)]);
  // SAFETY: one entry for each name.
  return [map(params, (_, path) => done.get(path)?.update ?? null), Object.fromEntries(next) as Record<Slot, Tree>];
}

function slotAt(slot: Tensor | undefined, { leaf, path, name }: { readonly leaf: Tensor; readonly path: string; readonly name: string }): Tensor {
  if (slot !== undefined && sameShape(slot.shape, leaf.shape)) return slot;
  const found = slot === undefined ? "nothing" : slot.toString();
  throw new ArgumentError(`optimizer: the state has ${found} in "${name}" for the parameter ${leaf.toString()}`, {
    where: path,
    help: "make the state with init(params) of the same transform and model; after surgery on the model, map the state's trees by path as well",
  });
}

/** `fn` applied to each floating tensor of `updates`; null in the place of others. */
export const mapUpdates = (updates: Tree, fn: (update: Tensor, path: string) => Tensor): Tree =>
  map(updates, (leaf, path) => (isFloat(leaf.dtype) ? fn(leaf, path) : null));

/** A number, or a scalar tensor in the dtype of `like`: factors of an update. */
export const factor = (value: number | Tensor, like: Tensor): number | Tensor => (value instanceof Tensor ? cast(value, like.dtype) : value);
