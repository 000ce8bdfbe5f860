/** @file Common subexpressions: equal operations on equal operands become one node. */
import { rewriteGraph } from "../rewrite";
import { isComposite } from "../composite";
import { isLoop } from "../loop";
import type { Tensor } from "../tensor";

/** JSON writes NaN, both infinities and −0 as other numbers. */
const distinct = (_key: string, value: unknown): unknown => (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0)) ? (Object.is(value, -0) ? "-0" : String(value)) : value);

function keyOf(x: Tensor): string {
  const operands = x.inputs.map((input) => input.id).join(",");
  if (isComposite(x)) return `${x.attrs.definition.name}.${x.attrs.output}(${operands})${JSON.stringify(x.attrs.options, distinct)}`;
  if (isLoop(x)) return `Loop ${x.attrs.loop.id}.${x.attrs.output}(${operands})`;
  for (const _ in x.attrs) return `${x.op}(${operands})${JSON.stringify(x.attrs, distinct)}`;
  return `${x.op}(${operands})`; // most have no attributes, and writing none takes as long as writing some
}

/** `outputs` with every repeated computation done once. Barriers, inputs and data stay apart. */
export function shareCommon(outputs: readonly Tensor[]): Tensor[] {
  const known = new Map<string, Tensor>();
  return rewriteGraph(outputs, (x) => {
    if (x.storage !== undefined || x.op === "Input" || x.op === "Data" || x.op === "Barrier") return x;
    const key = keyOf(x);
    const before = known.get(key);
    if (before !== undefined) return before;
    known.set(key, x);
    return x;
  });
}
