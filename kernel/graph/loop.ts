/** @file loop: a function of a state, applied a fixed number of times, traced once and kept as one node. */
import { ArgumentError, DtypeError, ShapeError } from "../errors";
import { border, substitute, topological } from "./rewrite";
import { sameShape, showShape } from "./shape";
import { node, placeholder, Tensor } from "./tensor";
import { here, withTrace } from "./trace";
import { childrenOf, leaves, tensorsOf, unflattener, type Tree } from "./tree";

/** A loop as it stands in the graph. All its results have equal operands: the state before the first round, then what the rounds read besides. */
export interface LoopBody {
  readonly id: number;
  /** Number of rounds, 1 or more. */
  readonly count: number;
  /** Placeholder for the number of the round: an int64 scalar, 0 at first. */
  readonly round: Tensor;
  /** Placeholders that stand for the operands in `bodies`; those of the state come first. */
  readonly params: readonly Tensor[];
  /** The state after a round: one tensor for each of the state before it. */
  readonly bodies: readonly Tensor[];
}

let nextLoop = 0;

/**
 * The state after `count` rounds of `state = body(state, round)`. The body is traced once and runs as one node, however many rounds there
 * are; its cost counts `count` times. It may read tensors from outside.
 *
 * Gradients are those of the unrolled loop: the rounds are computed once more, each in the graph, all their inner values are kept, and they are
 * walked back once for each tensor of the state that the loss reads. More than 65,535 operations are refused.
 * @param count - rounds, 0 or more.
 * @param initial - the state before the first round: a tensor, or a tree of tensors.
 * @param body - gets the state and the number of the round (int64 scalar, from 0) and returns a tree of the same form, shapes and dtypes.
 * @throws {ArgumentError} for another number of rounds, and when the body returns a tree of another form.
 * @throws {ShapeError} {@link DtypeError} when a tensor of the state changes its shape or dtype.
 */
export function loop<S extends Tree>(count: number, initial: S, body: (state: S, round: Tensor) => S): S {
  if (!Number.isSafeInteger(count) || count < 0) throw new ArgumentError(`loop: ${count} rounds`, { where: here(), help: "give a whole number, 0 or more" });
  const start = tensorsOf(initial);
  if (start.length === 0) throw new ArgumentError("loop: the state holds no tensor", { where: here(), help: "give what changes from round to round as tensors, as in tensor(0)" });
  const { result, trace } = withTrace(() => {
    const state = start.map((x, i) => placeholder(`state.${i}`, x));
    const round = placeholder("round", { shape: [], dtype: "int64" });
    let next = 0;
    return { state, round, after: body(unflattener(initial)(() => state[next++]), round) };
  });
  const { state, round, after } = result;
  requireForm(initial, after, "");
  if (count === 0) return initial;
  // Properties may stand in another order.
  const tensors = new Map(leaves(after));
  const outputs = leaves(initial).map(([path], i) => tensors.get(path) ?? start[i]);
  const captured = border(outputs, (x) => x.storage === undefined && (x.trace >= trace || x.op === "Const" || x.op === "Iota"));
  const stands = captured.map((x, i) => placeholder(`captured.${i}`, x));
  const bodies = substitute(outputs, new Map(captured.map((x, i) => [x, stands[i]])));
  const made: LoopBody = { id: nextLoop++, count, round, params: [...state, ...stands], bodies };
  let output = 0;
  return unflattener(initial)(() => node("Loop", [...start, ...captured], { loop: made, output: output++ }));
}

/** @throws for the first place at which the state after a round has another form than before it. */
function requireForm(before: unknown, after: unknown, path: string): void {
  const at = path === "" ? "the state" : path;
  if (before instanceof Tensor && after instanceof Tensor) {
    if (!sameShape(before.shape, after.shape)) throw new ShapeError(`loop: ${at} is ${showShape(before.shape)} before a round and ${showShape(after.shape)} after it`, { where: here(), help: "return a state of equal shapes: fix the largest shape before the loop, and mask what is not used yet" });
    if (before.dtype !== after.dtype) throw new DtypeError(`loop: ${at} is ${before.dtype} before a round and ${after.dtype} after it`, { where: here(), help: `cast it back at the end of the body, as in x.cast("${before.dtype}")` });
    return;
  }
  if (after instanceof Promise) {
    after.catch(() => undefined); // this error says more than what becomes of it
    throw new ArgumentError("loop: the body is async", { where: here(), help: "it only describes a computation: return its tensors, and await what the loop gives" });
  }
  const [mine, others] = [childrenOf(before), childrenOf(after)];
  if (mine !== undefined && others !== undefined) {
    const keys = new Set([...mine.keys(), ...others.keys()]);
    for (const key of keys) requireForm(mine.get(key), others.get(key), path === "" ? key : `${path}.${key}`);
  } else if (!Object.is(before, after)) {
    throw new ArgumentError(`loop: ${at} is ${show(before)} before a round and ${show(after)} after it`, { where: here(), help: "return a state of the same form; what changes from round to round must be a tensor, as in tensor(0)" });
  }
}

const show = (value: unknown): string => (value instanceof Tensor ? value.toString() : value === undefined ? "absent" : typeof value === "object" && value !== null ? "a tree" : String(value));

/** Whether `tensor` is a result of a loop that is still to run. */
export function isLoop(tensor: Tensor): tensor is Tensor<"Loop"> {
  // SAFETY: op "Loop" always carries its loop.
  return tensor.op === "Loop" && (tensor as Tensor<"Loop">).storage === undefined;
}

/** Operations of a loop whose rounds, and those of loops within, all stand in the graph. */
export function unrolledSize({ count, bodies }: LoopBody): number {
  const seen = new Set<LoopBody>();
  let size = 0;
  for (const x of topological(bodies)) {
    if (!isLoop(x)) size += x.inputs.length > 0 ? 1 : 0;
    else if (!seen.has(x.attrs.loop)) size += unrolledSize(x.attrs.loop);
    if (isLoop(x)) seen.add(x.attrs.loop);
  }
  return count * size;
}

/** The state after all rounds, of the loop's own placeholders, each round in the graph. */
export function unrolled({ count, round, params, bodies }: LoopBody): readonly Tensor[] {
  let state: readonly Tensor[] = params.slice(0, bodies.length);
  for (let i = 0; i < count; i++) {
    const number = node("Const", [], { value: i, dtype: "int64" });
    state = substitute(bodies, new Map([[round, number], ...state.map((x, k) => [params[k], x] as const)]));
  }
  return state;
}
