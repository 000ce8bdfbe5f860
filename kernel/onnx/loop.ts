/** @file Loops as ONNX writes them: a node whose body is a graph of its own, which sees the values around it. */
import type { LoopBody } from "../graph/loop";
import { placeholder } from "../graph/tensor";
import type { EmitContext } from "./emitContext";

/** Value names of all results of a loop; the node is made once for equal operands. */
export function emitLoop(context: EmitContext, { id, count, round, params, bodies }: LoopBody, inputs: readonly string[]): readonly string[] {
  return context.once(`Loop ${id}(${inputs.join()})`, () => {
    const state = params.slice(0, bodies.length);
    // ONNX carries a condition to go on from round to round; without one to begin with it is true.
    const goesOn = placeholder("goesOn", { shape: [], dtype: "bool" });
    const body = context.nested({ inputs: [round, goesOn, ...state], outputs: [goesOn, ...bodies], outer: new Map(params.slice(state.length).map((param, i) => [param, inputs[state.length + i]])) });
    return context.several("Loop", [context.scalar("int64", count), "", ...inputs.slice(0, state.length)], { attributes: { body }, results: bodies });
  });
}
