/** @file Recurrent layers, unrolled over time: RNN, GRU, LSTM. */
import { add, cast, clip, less, mul, scalar, sub, where } from "../../graph/ops/elementwise";
import { matmul } from "../../graph/ops/linalg";
import { at, reshape, split, stack, swapAxes, zeros } from "../../graph/ops/movement";
import type { Tensor } from "../../graph/tensor";
import { NAMED_ACTIVATIONS } from "./activation";
import type { NodeCall, OperatorTable } from "./nodeCall";

type Activation = (x: Tensor) => Tensor;

/** What one direction of a layer computes with. */
interface Direction {
  /** Inputs of each step times the input weights, with both biases where they only add: [B, gates · H] each. */
  readonly inputs: readonly Tensor[];
  /** Recurrent weights [gates · H, H] and the bias that goes with them [gates · H]. */
  readonly recurrent: Tensor;
  readonly recurrentBias: Tensor;
  readonly activations: readonly Activation[];
  readonly hidden: number;
  readonly peepholes: readonly Tensor[];
}

/** The state after one step: [hidden] or [hidden, cell]. */
type Step = (state: readonly Tensor[], t: number) => readonly Tensor[];

interface Layer {
  readonly gates: number;
  readonly defaults: readonly string[];
  readonly cell: boolean;
  readonly step: (call: NodeCall, direction: Direction) => Step;
}

const rnn: Layer = {
  gates: 1,
  defaults: ["Tanh"],
  cell: false,
  step:
    (_, { inputs, recurrent, recurrentBias, activations: [f] }) =>
    ([h], t) => [f(add(inputs[t], add(matmul(h, recurrent, { transB: true }), recurrentBias)))],
};

const gru: Layer = {
  gates: 3,
  defaults: ["Sigmoid", "Tanh"],
  cell: false,
  step: (call, { inputs, recurrent, recurrentBias, activations: [f, g] }) => {
    const [rz, rr, rh] = split(recurrent, 3, 0);
    const [bz, br, bh] = split(recurrentBias, 3, 0);
    const before = call.int("linear_before_reset", 0) !== 0;
    const product = (h: Tensor, w: Tensor, b: Tensor): Tensor => add(matmul(h, w, { transB: true }), b);
    return ([h], t) => {
      const [xz, xr, xh] = split(inputs[t], 3, 1);
      const z = f(add(xz, product(h, rz, bz)));
      const r = f(add(xr, product(h, rr, br)));
      const candidate = g(add(xh, before ? mul(r, product(h, rh, bh)) : product(mul(r, h), rh, bh)));
      return [add(mul(sub(1, z), candidate), mul(z, h))];
    };
  },
};

const lstm: Layer = {
  gates: 4,
  defaults: ["Sigmoid", "Tanh", "Tanh"],
  cell: true,
  step: (call, { inputs, recurrent, recurrentBias, activations: [f, g, h], peepholes: [pi, po, pf] }) => {
    const coupled = call.flag("input_forget");
    const peep = (gate: Tensor, c: Tensor, p: Tensor | undefined): Tensor => (p === undefined ? gate : add(gate, mul(c, p)));
    return ([state, c], t) => {
      const [xi, xo, xf, xc] = split(add(inputs[t], add(matmul(state, recurrent, { transB: true }), recurrentBias)), 4, 1);
      const i = f(peep(xi, c, pi));
      const forget = coupled ? sub(1, i) : f(peep(xf, c, pf));
      const cell = add(mul(forget, c), mul(i, g(xc)));
      return [mul(f(peep(xo, cell, po)), h(cell)), cell];
    };
  },
};

/** Names, and parameters in the order of the names that take them. */
function activationsOf(call: NodeCall, { defaults }: Layer, direction: number): Activation[] {
  const names = call.strings("activations") ?? [...defaults, ...defaults];
  const limit = call.float("clip", 0);
  const [alphas, betas] = [[...(call.floats("activation_alpha") ?? [])], [...(call.floats("activation_beta") ?? [])]];
  const all = names.map((name): Activation => {
    const fn = Object.hasOwn(NAMED_ACTIVATIONS, name) ? NAMED_ACTIVATIONS[name] : undefined;
    if (fn === undefined) throw call.unsupported(`activation ${JSON.stringify(name)}`);
    const alpha = TAKES_ALPHA.has(name) ? alphas.shift() : undefined;
    const beta = TAKES_BETA.has(name) ? betas.shift() : undefined;
    return (x) => fn(limit > 0 ? clip(x, -limit, limit) : x, alpha, beta);
  });
  return all.slice(direction * defaults.length, (direction + 1) * defaults.length);
}
const TAKES_ALPHA: ReadonlySet<string> = new Set(["Affine", "Elu", "HardSigmoid", "LeakyRelu", "ScaledTanh", "ThresholdedRelu"]);
const TAKES_BETA: ReadonlySet<string> = new Set(["Affine", "HardSigmoid", "ScaledTanh"]);

const recurrentLayer =
  (layer: Layer) =>
  (call: NodeCall): readonly Tensor[] => {
    // layout 1 puts the batch first, in the input, the states and the results.
    const batchFirst = call.int("layout", 0) === 1;
    const timeFirst = (x: Tensor): Tensor => (batchFirst ? swapAxes(x, 0, 1) : x);
    const x = timeFirst(call.x());
    const [steps, batch] = x.shape;
    const names = { forward: [false], reverse: [true], bidirectional: [false, true] }[call.string("direction", "forward")];
    if (names === undefined) throw call.bad(`direction ${call.string("direction", "")}`);
    const results = names.map((backwards, d) => {
      const direction = directionOf(call, layer, { x, d });
      const initial = (index: number): Tensor => (call.has(index) ? at(timeFirst(call.x(index)), d) : zeros([batch, direction.hidden], x.dtype));
      return unroll(call, layer, { direction, backwards, steps, initial: layer.cell ? [initial(5), initial(6)] : [initial(5)] });
    });
    const sequence = stack(
      results.map(({ outputs }) => stack(outputs, 0)),
      1,
    );
    const last = (index: number): Tensor =>
      stack(
        results.map(({ state }) => state[index]),
        0,
      );
    const states = (layer.cell ? [last(0), last(1)] : [last(0)]).map(timeFirst);
    // [T, directions, B, H] → [B, T, directions, H]
    return [batchFirst ? swapAxes(swapAxes(sequence, 1, 2), 0, 1) : sequence, ...states];
  };

function directionOf(call: NodeCall, layer: Layer, { x, d }: { readonly x: Tensor; readonly d: number }): Direction {
  const [w, recurrent] = [at(call.x(1), d), at(call.x(2), d)];
  const hidden = recurrent.shape[1];
  const rows = layer.gates * hidden;
  const [inputBias, recurrentBias] = call.has(3) ? split(at(call.x(3), d), 2, 0) : [zeros([rows], x.dtype), zeros([rows], x.dtype)];
  const [steps, batch, features] = x.shape;
  const products = reshape(add(matmul(reshape(x, [steps * batch, features]), w, { transB: true }), inputBias), [steps, batch, rows]);
  return {
    inputs: Array.from({ length: steps }, (_, t) => at(products, t)),
    recurrent,
    recurrentBias,
    activations: activationsOf(call, layer, d),
    hidden,
    peepholes: layer.cell && call.has(7) ? split(at(call.x(7), d), 3, 0) : [],
  };
}

interface Unrolled {
  readonly direction: Direction;
  readonly backwards: boolean;
  readonly steps: number;
  readonly initial: readonly Tensor[];
}

/** All steps in order. A sequence shorter than the others keeps its state, and gives zeros, after its end. */
function unroll(
  call: NodeCall,
  layer: Layer,
  { direction, backwards, steps, initial }: Unrolled,
): { readonly outputs: readonly Tensor[]; readonly state: readonly Tensor[] } {
  const step = layer.step(call, direction);
  const lengths = call.has(4) ? cast(call.x(4), "int32") : undefined;
  const outputs = new Array<Tensor>(steps);
  let state = initial;
  for (let i = 0; i < steps; i++) {
    const t = backwards ? steps - 1 - i : i;
    const next = step(state, t);
    if (lengths === undefined) {
      state = next;
      outputs[t] = next[0];
    } else {
      const active = reshape(less(scalar(t, "int32"), lengths), [lengths.size, 1]);
      const held = state;
      state = next.map((value, k) => where(active, value, held[k]));
      outputs[t] = where(active, next[0], scalar(0, next[0].dtype));
    }
  }
  return { outputs, state };
}

export const recurrent: OperatorTable = { GRU: recurrentLayer(gru), LSTM: recurrentLayer(lstm), RNN: recurrentLayer(rnn) };
