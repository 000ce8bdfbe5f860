/**
 * @file Fusion: neighbouring pointwise functions and row reductions become one kernel, which reads its operands and writes its
 * results once. What lies between them never reaches memory.
 */
import { operands, substitute, topological, withPlace } from "../rewrite";
import type { Shape } from "../shape";
import { node, placeholder, type Tensor } from "../tensor";
import { commonSpace, isIn, reducesRows, spaceOf } from "./fusible";
import { attrsOf, constantOf, isOp } from "./simplify";

/** Nodes that are computed together: one that stays as it is, or several that are fused. */
class Unit {
  readonly members: Tensor[];
  /** Where it lies among all nodes, operands first. */
  first: number;
  last: number;
  /** The unit that took this one in. */
  into: Unit | undefined;

  constructor(
    tensor: Tensor,
    position: number,
    public space: Shape | undefined,
  ) {
    this.members = [tensor];
    this.first = this.last = position;
  }
}

class Units {
  private readonly of = new Map<Tensor, Unit>();

  constructor(order: readonly Tensor[]) {
    order.forEach((tensor, position) => this.of.set(tensor, new Unit(tensor, position, spaceOf(tensor))));
  }

  unit(tensor: Tensor): Unit {
    let unit = this.of.get(tensor);
    if (unit === undefined) throw new Error("a node outside of the graph");
    while (unit.into !== undefined) unit = unit.into;
    this.of.set(tensor, unit);
    return unit;
  }

  /** Joins the unit of each operand to that of `x`, where the result can be one kernel. */
  joinOperands(x: Tensor): void {
    for (const operand of new Set(x.inputs)) {
      const [a, b] = [this.unit(operand), this.unit(x)];
      if (a === b || a.space === undefined || b.space === undefined) continue;
      const space = commonSpace(a.space, b.space);
      // An operand that is not of the kernel's space would be read askew.
      if (space === undefined || !isIn(operand.shape, space)) continue;
      if (this.liesBetween(a, b) || this.liesBetween(b, a)) continue;
      this.join(a, b, space);
    }
  }

  private join(a: Unit, b: Unit, space: Shape): void {
    const [small, large] = a.members.length < b.members.length ? [a, b] : [b, a];
    for (const member of small.members) large.members.push(member);
    large.first = Math.min(a.first, b.first);
    large.last = Math.max(a.last, b.last);
    large.space = space;
    small.into = large;
  }

  /** Whether some other unit needs `a` and is needed by `b`: then the two cannot be one. */
  private liesBetween(a: Unit, b: Unit): boolean {
    const seen = new Set<Unit>([b]);
    const queue: Unit[] = [];
    const enter = (from: Unit): boolean => {
      for (const member of from.members) {
        for (const operand of operands(member)) {
          const unit = this.unit(operand);
          if (unit === a) {
            if (from !== b) return true;
          } else if (!seen.has(unit) && unit.last > a.first) {
            seen.add(unit);
            queue.push(unit);
          }
        }
      }
      return false;
    };
    if (enter(b)) return true;
    for (let unit = queue.pop(); unit !== undefined; unit = queue.pop()) if (enter(unit)) return true;
    return false;
  }
}

/** `outputs` with fused kernels. Values are those of the graph before, but for rounding. */
export function fuse(outputs: readonly Tensor[]): Tensor[] {
  const order = topological(outputs);
  const units = new Units(order);
  for (const x of order) if (units.unit(x).space !== undefined && x.storage === undefined) units.joinOperands(x);
  return rebuild(outputs, { order, units });
}

interface Grouping {
  readonly order: readonly Tensor[];
  readonly units: Units;
}

function rebuild(outputs: readonly Tensor[], { order, units }: Grouping): Tensor[] {
  const wanted = new Set(outputs);
  for (const x of order) for (const operand of operands(x)) if (units.unit(operand) !== units.unit(x)) wanted.add(operand);
  const done = new Map<Tensor, Tensor>();
  const started = new Set<Unit>();
  // An explicit stack: graphs are deeper than the call stack.
  const stack: { readonly unit: Unit; readonly needs: readonly Tensor[]; next: number }[] = [];
  const enter = (tensor: Tensor): void => {
    const unit = units.unit(tensor);
    if (started.has(unit)) return;
    started.add(unit);
    const members = new Set(unit.members);
    stack.push({ unit, needs: [...new Set(unit.members.flatMap((member) => operands(member)))].filter((operand) => !members.has(operand)), next: 0 });
  };
  for (const output of outputs) {
    enter(output);
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top.next < top.needs.length) enter(top.needs[top.next++]);
      else {
        stack.pop();
        for (const [before, after] of replacements(top.unit, { needs: top.needs, wanted, done })) done.set(before, after);
      }
    }
  }
  return outputs.map((output) => done.get(output) ?? output);
}

interface Surroundings {
  readonly needs: readonly Tensor[];
  readonly wanted: ReadonlySet<Tensor>;
  readonly done: ReadonlyMap<Tensor, Tensor>;
}

/** What stands for the members of a unit in the new graph. A single one stays as it is, unless it reduces rows: that is faster here. */
function replacements(unit: Unit, { needs, wanted, done }: Surroundings): (readonly [Tensor, Tensor])[] {
  const { members } = unit;
  const renewed = new Map(needs.map((operand) => [operand, done.get(operand) ?? operand] as const));
  if (unit.space === undefined || (members.length === 1 && !reducesRows(members[0]))) return [[members[0], substitute([members[0]], renewed)[0]]];
  const results = members.filter((member) => wanted.has(member));
  // Numbers known now are written into the kernel, but for rows of them that are summed up.
  const reduced = new Set(members.flatMap((member) => (reducesRows(member) ? member.inputs : [])));
  const given = needs.filter((operand) => constantOf(operand) === undefined || reduced.has(operand));
  // A kernel has the length of its operands: without one there is none.
  if (given.length === 0) return results.map((result) => [result, substitute([result], renewed)[0]]);
  const params = given.map((operand, i) => placeholder(`fused.${i}`, operand));
  const inner = new Map<Tensor, Tensor>(given.map((operand, i) => [operand, params[i]]));
  for (const operand of needs) if (!inner.has(operand)) inner.set(operand, node("Const", [], { value: constantOf(operand) ?? 0, dtype: operand.dtype }));
  const bodies = substitute(results, inner).map((body) => (body.dtype === "bool" ? node("Cast", [body], { to: "float32" }) : body));
  const kernel = { id: nextKernel++, space: unit.space, params, bodies };
  return results.map((result, output) => {
    const made = withPlace(result, () => node("Fused", given.map((operand) => renewed.get(operand) ?? operand), { kernel, output }));
    return [result, result.dtype === "bool" ? withPlace(result, () => node("Cast", [made], { to: "bool" })) : made];
  });
}

let nextKernel = 0;

/** Reductions of the last axis as ones that keep it, so that they can be fused to what reads them. */
export function keepReducedRows(x: Tensor): Tensor {
  if (!isOp(x, "ReduceSum") && !isOp(x, "ReduceMax") && !isOp(x, "ReduceMin")) return x;
  // SAFETY: the three reductions have the same attributes.
  const { axes, keep } = attrsOf(x as Tensor<"ReduceSum">, x.op as "ReduceSum");
  const [input] = x.inputs;
  if (keep || axes.length !== 1 || axes[0] !== input.rank - 1) return x;
  return node("Reshape", [node(x.op, [input], { axes, keep: true })], { shape: x.shape });
}
