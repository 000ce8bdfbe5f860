/** @file FLOPs of composites' decompositions, equal parts counted once. */
import { isComposite, type CompositeBody } from "../graph/composite";
import { topological } from "../graph/rewrite";
import { type Tensor } from "../graph/tensor";

export interface CompositeCall {
  readonly inputs: readonly Tensor[];
  readonly attrs: CompositeBody;
}

/**
 * Adds up the work of composites that one kernel does together (a normalization with its statistics).
 * Parts that do not depend on operands (masks, positions) are constants and count nothing, as after lowering.
 */
export class DistinctWork {
  private readonly known = new Map<string, number>();

  constructor(private readonly flopsOf: (tensor: Tensor) => number) {}

  /** FLOPs of the call's decomposition that earlier calls have not done. */
  add({ inputs, attrs: { params, body } }: CompositeCall): number {
    const names = new Map<Tensor, string>(params.map((param, i) => [param, `@${inputs[i].id}`]));
    const varies = new Set<Tensor>(params);
    let flops = 0;
    for (const tensor of topological([body])) {
      if (names.has(tensor)) continue;
      const key = `${keyOf(tensor)}(${tensor.inputs.map((input) => names.get(input)).join()})`;
      names.set(tensor, String(this.known.get(key) ?? this.known.size));
      if (tensor.inputs.some((input) => varies.has(input))) varies.add(tensor);
      if (this.known.has(key)) continue;
      this.known.set(key, this.known.size);
      if (varies.has(tensor)) flops += this.flopsOf(tensor);
    }
    return flops;
  }
}

function keyOf(tensor: Tensor): string {
  if (tensor.storage !== undefined) return `data ${tensor.id}`;
  const [name, attrs] = isComposite(tensor) ? [tensor.attrs.definition.name, tensor.attrs.options] : [tensor.op, tensor.attrs];
  return `${name}${JSON.stringify(attrs)}`;
}
