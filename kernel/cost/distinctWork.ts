/** @file FLOPs of a composite's decomposition, equal parts counted once. */
import { isComposite, type CompositeBody } from "../graph/composite";
import { isLoop } from "../graph/loop";
import { topological } from "../graph/rewrite";
import type { Tensor } from "../graph/tensor";

/**
 * FLOPs of what a kernel stands for, as if it were expanded and lowered: repeated parts count once, parts that do not
 * depend on operands (masks, positions) are constants and count nothing.
 */
export function distinctWork({ params, bodies }: CompositeBody, flopsOf: (tensor: Tensor) => number): number {
  const names = new Map<Tensor, string>(params.map((param, i) => [param, `@${i}`]));
  const varies = new Set<Tensor>(params);
  const known = new Map<string, string>();
  const counted = new Set<string>();
  let flops = 0;
  for (const tensor of topological(bodies)) {
    if (names.has(tensor)) continue;
    const operands = tensor.inputs.map((input) => names.get(input)).join();
    const key = `${identityOf(tensor)}(${operands})`;
    const before = known.get(key);
    const name = before ?? String(known.size);
    names.set(tensor, name);
    known.set(key, name);
    if (tensor.inputs.some((input) => varies.has(input))) varies.add(tensor);
    // The results of a loop are computed together.
    const call = isLoop(tensor) ? `loop ${tensor.attrs.loop.id}(${operands})` : key;
    if (before === undefined && varies.has(tensor) && !counted.has(call)) flops += flopsOf(tensor);
    counted.add(call);
  }
  return flops;
}

/** What distinguishes nodes on the same operands. */
function identityOf(tensor: Tensor): string {
  if (tensor.storage !== undefined) return `data ${tensor.id}`;
  if (isLoop(tensor)) return `loop ${tensor.attrs.loop.id}.${tensor.attrs.output}`;
  const [name, attrs] = isComposite(tensor) ? [`${tensor.attrs.definition.name}.${tensor.attrs.output}`, tensor.attrs.options] : [tensor.op, tensor.attrs];
  return `${name}${JSON.stringify(attrs)}`;
}
