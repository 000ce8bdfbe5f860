/** @file Control flow: branches, and loops unrolled where their number of turns is known. */
import { UnsupportedOpError } from "../../errors";
import { where } from "../../graph/ops/elementwise";
import { at, concat, expandDims, flip, reshape, stack } from "../../graph/ops/movement";
import { sameShape } from "../../graph/shape";
import type { Tensor } from "../../graph/tensor";
import { knownValue } from "./knownValue";
import type { NodeCall, OperatorTable } from "./nodeCall";
import { constant } from "./shapes";

/** More turns would make a graph that takes minutes to load. */
const TURN_LIMIT = 4096;

/** The branch that a known condition selects; otherwise both, of equal shapes, with a choice between their results. */
function branch(call: NodeCall): readonly Tensor[] {
  const known = knownValue(call.x());
  const run = (name: "then_branch" | "else_branch"): Tensor[] => call.runNested(call.graph(name), []);
  if (known !== undefined) return run(known.data[0] !== 0 ? "then_branch" : "else_branch");
  const [yes, no] = [run("then_branch"), run("else_branch")];
  const condition = reshape(call.x(), []);
  return yes.map((value, i) => {
    if (no[i] === undefined || !sameShape(value.shape, no[i].shape) || value.dtype !== no[i].dtype)
      throw call.unsupported("a condition that depends on data, with branches of different shapes,");
    return where(condition, value, no[i]);
  });
}

const depends = (call: NodeCall, what: string): UnsupportedOpError =>
  new UnsupportedOpError(`${call.node.opType}: ${what} depends on data`, {
    where: call.where,
    help: "loops are unrolled while the graph is made; export the model with a fixed number of turns",
  });

/** The body gets the turn, the condition and the carried values; it gives the condition, the carried values and what is to be stacked. */
function loop(call: NodeCall): readonly Tensor[] {
  const body = call.graph("body");
  const limit = call.has(0) ? knownValue(call.x(0))?.data[0] : Infinity;
  if (limit === undefined) throw depends(call, "the number of turns");
  const carriedCount = body.inputs.length - 2;
  let carried = call.inputs.slice(2, 2 + carriedCount).map((_, i) => call.x(2 + i));
  let condition = call.has(1) ? call.x(1) : constant("bool", [], [1]);
  const stacked: Tensor[][] = Array.from({ length: body.outputs.length - 1 - carriedCount }, () => []);
  // The condition of a loop that only counts never changes: reading it again costs nothing.
  for (let turn = 0; turn < limit; turn++) {
    const goes = knownValue(condition);
    if (goes === undefined) throw depends(call, "the condition to go on");
    if (goes.data[0] === 0) break;
    if (turn >= TURN_LIMIT) throw call.unsupported(`a loop of more than ${TURN_LIMIT} turns`);
    const [next, ...results] = call.runNested(body, [constant("int64", [], [turn]), condition, ...carried]);
    condition = next;
    carried = results.slice(0, carriedCount);
    stacked.forEach((list, i) => list.push(results[carriedCount + i]));
  }
  const scans = stacked.map((list, i) => {
    if (list.length > 0) return stack(list, 0);
    if (!call.wants(carriedCount + i)) return undefined;
    throw call.unsupported("a loop of no turns whose stacked results are used");
  });
  return [...carried, ...scans].filter((value) => value !== undefined);
}

/** One turn for each position along the scanned axes. */
function scan(call: NodeCall): readonly Tensor[] {
  if (call.opset < 9) return batchedScan(call);
  const count = call.int("num_scan_inputs", 1);
  const operands = call.all();
  const states = operands.slice(0, operands.length - count);
  const inputAxes = call.ints("scan_input_axes") ?? [];
  const inputs = operands
    .slice(states.length)
    .map((x, i) => moved(x, { axis: inputAxes[i] ?? 0, reverse: (call.ints("scan_input_directions")?.[i] ?? 0) !== 0 }));
  const { finals, stacks } = turns(call, states, inputs);
  const outputAxes = call.ints("scan_output_axes") ?? [];
  const outputs = stacks.map((list, i) => {
    const ordered = (call.ints("scan_output_directions")?.[i] ?? 0) !== 0 ? [...list].reverse() : list;
    return stack(ordered, outputAxes[i] ?? 0);
  });
  return [...finals, ...outputs];
}

/** Version 8: a batch in front of everything, each example scanned by itself. */
function batchedScan(call: NodeCall): readonly Tensor[] {
  if (call.has(0)) throw call.unsupported("sequence lengths");
  const count = call.int("num_scan_inputs", 1);
  const operands = call.inputs.slice(1).map((_, i) => call.x(1 + i));
  const examples = Array.from({ length: operands[0].shape[0] }, (_, n) => {
    const own = operands.map((x) => at(x, n));
    const reversed = own.slice(own.length - count).map((x, i) => moved(x, { axis: 0, reverse: (call.ints("directions")?.[i] ?? 0) !== 0 }));
    const { finals, stacks } = turns(call, own.slice(0, own.length - count), reversed);
    return [...finals, ...stacks.map((list) => stack(list, 0))];
  });
  return examples[0].map((_, i) =>
    concat(
      examples.map((values) => expandDims(values[i], 0)),
      0,
    ),
  );
}

/** The parts of `x` along an axis, in the order of the scan. */
function moved(x: Tensor, { axis, reverse }: { readonly axis: number; readonly reverse: boolean }): Tensor[] {
  const ordered = reverse ? flip(x, axis) : x;
  return Array.from({ length: x.shape[axis < 0 ? axis + x.rank : axis] }, (_, i) => at(ordered, i, axis));
}

function turns(
  call: NodeCall,
  states: readonly Tensor[],
  inputs: readonly (readonly Tensor[])[],
): { readonly finals: readonly Tensor[]; readonly stacks: readonly Tensor[][] } {
  const body = call.graph("body");
  const stacks: Tensor[][] = Array.from({ length: body.outputs.length - states.length }, () => []);
  const length = inputs[0]?.length ?? 0;
  if (length > TURN_LIMIT) throw call.unsupported(`a scan of more than ${TURN_LIMIT} turns`);
  let carried = states;
  for (let t = 0; t < length; t++) {
    const results = call.runNested(body, [...carried, ...inputs.map((parts) => parts[t])]);
    carried = results.slice(0, states.length);
    stacks.forEach((list, i) => list.push(results[states.length + i]));
  }
  return { finals: carried, stacks };
}

export const control: OperatorTable = { If: branch, Loop: loop, Scan: scan };
