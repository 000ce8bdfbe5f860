/** @file Pointwise functions and row reductions on matrices: leading axes as one, so that reshapes do not stand between neighbours. */
import { columnOf, commonSpace, spaceOf } from "./fusible";
import { operands, rewriteGraph, topological, withPlace } from "../rewrite";
import { sameShape, sizeOf, type Shape } from "../shape";
import { node, type Tensor } from "../tensor";

/**
 * `outputs` with functions computed on [rows, columns] where that takes reshapes away. Functions with an operand that is repeated
 * along some leading axes only (a mask of each head) cannot; so a group of neighbours is left whole unless more reshapes go than cuts come.
 */
export function flattenRows(outputs: readonly Tensor[]): Tensor[] {
  const order = topological(outputs);
  const groups = new Groups(order);
  const chosen = new Set(order.filter((x) => groups.gains(x)));
  // Rebuilt nodes are new objects: those chosen are known by their place in the order.
  let at = 0;
  return rewriteGraph(outputs, (x) => (chosen.has(order[at++]) ? withPlace(x, () => flattened(x)) : x));
}

/** Neighbours that are computed over one space. */
class Groups {
  private readonly parent = new Map<Tensor, Tensor>();
  private readonly gain = new Map<Tensor, number>();

  constructor(order: readonly Tensor[]) {
    const spaces = new Map<Tensor, Shape>();
    for (const x of order) {
      const space = x.rank > 2 ? spaceOf(x) : undefined;
      if (space !== undefined) spaces.set(x, space);
    }
    const isReshape = (x: Tensor): boolean => x.op === "Reshape" && x.storage === undefined;
    for (const [x, space] of spaces) {
      for (const operand of x.inputs) {
        const other = spaces.get(operand);
        if (other !== undefined && commonSpace(space, other) !== undefined) this.parent.set(this.root(operand), this.root(x));
      }
    }
    const add = (x: Tensor, gain: number): void => void this.gain.set(this.root(x), (this.gain.get(this.root(x)) ?? 0) + gain);
    for (const x of spaces.keys()) {
      add(x, x.inputs.filter((operand) => isReshape(operand) && operand.inputs[0].rank === 2).length);
      if (flattened(x) === x) add(x, -1);
    }
    for (const x of order) for (const operand of operands(x)) if (isReshape(x) && x.rank === 2 && spaces.has(operand)) add(operand, 1);
  }

  gains(x: Tensor): boolean {
    return (this.gain.get(this.root(x)) ?? 0) > 0;
  }

  private root(x: Tensor): Tensor {
    let top = x;
    for (let next = this.parent.get(top); next !== undefined && next !== top; next = this.parent.get(top)) top = next;
    if (top !== x) this.parent.set(x, top);
    return top;
  }
}

function flattened(x: Tensor): Tensor {
  const space = x.rank > 2 ? spaceOf(x) : undefined;
  if (space === undefined) return x;
  const columns = space[space.length - 1];
  const flat = (shape: Shape): Shape => [sizeOf(shape.slice(0, -1)), shape[shape.length - 1]];
  const inputs: Tensor[] = [];
  for (const operand of x.inputs) {
    if (operand.size === 1) inputs.push(reshaped(operand, []));
    else if (operand.rank < 2) inputs.push(operand);
    else if (sameShape(operand.shape, space) || sameShape(operand.shape, columnOf(space))) inputs.push(reshaped(operand, flat(operand.shape)));
    else if (operand.size === columns && operand.shape[operand.rank - 1] === columns) inputs.push(reshaped(operand, [columns])); // one row for all
    else return x;
  }
  // Reductions name their axis; all else has no attributes that know of axes.
  const attrs = "axes" in x.attrs ? { ...x.attrs, axes: [1] } : x.attrs;
  const made = node(x.op, inputs, attrs);
  return sameShape(made.shape, flat(x.shape)) ? reshaped(made, x.shape) : x;
}

const reshaped = (x: Tensor, shape: Shape): Tensor => {
  const source = x.op === "Reshape" && x.storage === undefined ? x.inputs[0] : x;
  return sameShape(source.shape, shape) ? source : node("Reshape", [source], { shape });
};
