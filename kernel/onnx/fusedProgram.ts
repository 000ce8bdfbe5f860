/**
 * @file The program of a fused kernel, as the operator `isoflop.Fused` reads it (kernel/runtime/native/ops/fusedProgram.cc).
 *
 * Whole numbers, parted by spaces: format, columns, outer axes, operands, constants (bits), registers of each extent, results,
 * instructions (opcode, result, three operands). Lists begin with their length. Values are numbered: operands, constants, full
 * registers, row registers, scalar registers, results.
 */
import type { FusedKernel, Op } from "../graph/op";
import { columnOf, reducesRows } from "../graph/passes/fusible";
import { topological } from "../graph/rewrite";
import { sameShape, sizeOf, type Shape } from "../graph/shape";
import type { Tensor } from "../graph/tensor";
import { constantOf } from "../graph/passes/simplify";
import { ELEMENT_TYPES } from "./emitContext";
import { foldSpace, type Access, type Extent } from "./fusedSpace";

const FORMAT = 1;

/** Names of the instructions by their number. The library is asked for its own list before it is used. */
export const OPCODES = [
  ...["Copy", "Neg", "Abs", "Sign", "Exp", "Log", "Sqrt", "Reciprocal", "Tanh", "Sigmoid", "Erf", "Floor", "Ceil", "Round", "Not", "IsNaN", "Square"],
  ...["Add", "Sub", "Mul", "Div", "Max", "Min", "Equal", "Less", "LessEqual", "And", "Or", "Xor", "Where", "MulAdd"],
  ...["ReduceSum", "ReduceMax", "ReduceMin"],
] as const;
type Opcode = (typeof OPCODES)[number];

interface Instruction {
  readonly opcode: Opcode;
  readonly result: Tensor;
  readonly operands: readonly Tensor[];
}

/** The text of the attribute `program`. */
export function fusedProgram(kernel: FusedKernel): string {
  const instructions = selected(kernel);
  const rows = instructions.some(({ result }) => extentOf(result, kernel.space) === "row");
  const space = foldSpace(kernel.space, { operands: kernel.params.map(({ shape }) => shape), rows });
  const values = new Values(kernel, instructions);
  const code = instructions.map((instruction, at) => values.encode(instruction, at));
  const list = (items: readonly (readonly number[])[]): number[] => [items.length, ...items.flat()];
  return [
    ...[FORMAT, space.columns],
    ...list(space.outer.map((size) => [size])),
    ...list(kernel.params.map((param, i) => [ELEMENT_TYPES[param.dtype], param.size, ...accessNumbers(space.access[i])])),
    ...list(values.constants.map((value) => [bitsOf(value)])),
    ...[values.registers("full"), values.registers("row"), values.registers("scalar")],
    ...list(kernel.bodies.map((body) => [EXTENTS[extentOf(body, kernel.space)], ...list(body.shape.map((size) => [size]))])),
    ...list(code),
  ].join(" ");
}

const EXTENTS: Readonly<Record<Extent, number>> = { scalar: 0, full: 1, row: 2, strided: 3 };

const accessNumbers = (access: Access): number[] => (access.extent === "strided" ? [EXTENTS.strided, access.innerStride, ...access.outerStrides] : [EXTENTS[access.extent]]);

const bitsOf = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0];

/** How a value computed in the kernel changes over its space. */
function extentOf({ shape }: Tensor, space: Shape): Exclude<Extent, "strided"> {
  if (sameShape(shape, space)) return sizeOf(space) === 1 && space.length === 0 ? "scalar" : "full";
  if (space.length > 0 && sameShape(shape, columnOf(space))) return "row";
  throw new Error(`a value of shape [${shape.join()}] in a kernel over [${space.join()}]`);
}

/** Instructions in order, with squares and multiply-adds as one each. */
function selected({ params, bodies }: FusedKernel): Instruction[] {
  const order = topological(bodies).filter((x) => x.op !== "Input" && constantOf(x) === undefined);
  const uses = new Map<Tensor, number>();
  for (const x of [...order.flatMap(({ inputs }) => inputs), ...bodies]) uses.set(x, (uses.get(x) ?? 0) + 1);
  const known = new Set([...params, ...bodies]);
  const merged = new Set<Tensor>();
  const isProduct = (x: Tensor): boolean => x.op === "Mul" && uses.get(x) === 1 && !known.has(x);
  const list = order.map((result): Instruction => {
    const { inputs } = result;
    if (result.op === "Mul" && inputs[0] === inputs[1]) return { opcode: "Square", result, operands: [inputs[0]] };
    const at = result.op === "Add" ? inputs.findIndex((input) => isProduct(input) && sameShape(input.shape, result.shape)) : -1;
    if (at < 0) return { opcode: opcodeOf(result), result, operands: inputs };
    merged.add(inputs[at]);
    return { opcode: "MulAdd", result, operands: [...inputs[at].inputs, inputs[1 - at]] };
  });
  return list.filter(({ result }) => !merged.has(result));
}

function opcodeOf(x: Tensor): Opcode {
  if (x.op === "Cast") return "Copy"; // of flags, which are numbers here
  const name = OPCODES.find((opcode): opcode is Opcode & Op => opcode === x.op);
  if (name === undefined || (x.op.startsWith("Reduce") && !reducesRows(x))) throw new Error(`${x.op} cannot be part of a fused kernel`);
  return name;
}

/** Numbers of values, and registers that are used again when nothing reads them any more. */
class Values {
  readonly constants: number[] = [];
  private readonly place = new Map<Tensor, { readonly extent: "full" | "row" | "scalar"; readonly register: number }>();
  private readonly counts = { full: 0, row: 0, scalar: 0 };
  private readonly free: Record<"full" | "row" | "scalar", number[]> = { full: [], row: [], scalar: [] };
  private readonly lastUse = new Map<Tensor, number>();

  constructor(
    private readonly kernel: FusedKernel,
    instructions: readonly Instruction[],
  ) {
    for (const [at, { operands }] of instructions.entries()) {
      for (const operand of operands) {
        this.lastUse.set(operand, at);
        const value = constantOf(operand);
        if (value !== undefined && !this.constants.some((known) => Object.is(known, value))) this.constants.push(value);
      }
    }
    // Places are given in a first walk, since the numbers of registers depend on how many there are.
    for (const [at, instruction] of instructions.entries()) this.assign(instruction, at);
  }

  registers(extent: "full" | "row" | "scalar"): number {
    return this.counts[extent];
  }

  encode({ opcode, result, operands }: Instruction, at: number): number[] {
    if (at < 0) throw new RangeError("instructions are counted from 0");
    const [a, b = a, c = a] = operands.map((operand) => this.number(operand));
    return [OPCODES.indexOf(opcode), this.number(result), a, b, c];
  }

  private assign({ result, operands }: Instruction, at: number): void {
    // Pointwise, so a result may take the place of an operand that ends here.
    for (const operand of new Set(operands)) {
      const place = this.place.get(operand);
      if (place !== undefined && this.lastUse.get(operand) === at) this.free[place.extent].push(place.register);
    }
    if (this.kernel.bodies.includes(result)) return;
    const extent = extentOf(result, this.kernel.space);
    const register = this.free[extent].pop() ?? this.counts[extent]++;
    this.place.set(result, { extent, register });
  }

  private number(value: Tensor): number {
    const { params, bodies } = this.kernel;
    const param = params.indexOf(value);
    if (param >= 0) return param;
    const constant = constantOf(value);
    if (constant !== undefined) return params.length + this.constants.findIndex((known) => Object.is(known, constant));
    const { full, row, scalar } = this.counts;
    const registers = params.length + this.constants.length;
    const output = bodies.indexOf(value);
    if (output >= 0) return registers + full + row + scalar + output;
    const place = this.place.get(value);
    if (place === undefined) throw new Error(`${value.op} is read before it is computed`);
    const first = { full: registers, row: registers + full, scalar: registers + full + row };
    return first[place.extent] + place.register;
  }
}
