/** @file FLOPs of a fused program counted from its text alone: elements times instructions. */
import { OPCODES } from "../../kernel/onnx/fusedProgram";
import type { OnnxAttribute } from "../../kernel/onnx/model";

const FREE: ReadonlySet<string> = new Set(["Copy"]);
const EXTENTS = ["scalar", "full", "row"] as const;

export function programFlops(attribute: OnnxAttribute): number {
  if (attribute.type !== "string") throw new Error("a program is text");
  const numbers = attribute.value.split(" ").map(Number);
  let at = 0;
  const next = (): number => numbers[at++];
  const list = <T>(item: () => T): T[] => Array.from({ length: next() }, item);
  next(); // format
  const columns = next();
  const outer = list(next);
  const rows = outer.reduce((a, b) => a * b, 1);
  const inputs = list(() => {
    next(); // element type
    next(); // elements
    const extent = next();
    if (extent === 3) at += 1 + outer.length;
    return extent;
  });
  const constants = list(next);
  const registers = [next(), next(), next()];
  const outputs = list(() => {
    const extent = EXTENTS[next()];
    list(next);
    return extent;
  });
  const full = inputs.length + constants.length;
  const extentOf = (value: number): (typeof EXTENTS)[number] => {
    if (value < full + registers[0]) return "full";
    if (value < full + registers[0] + registers[1]) return "row";
    return value < full + registers[0] + registers[1] + registers[2] ? "scalar" : outputs[value - full - registers[0] - registers[1] - registers[2]];
  };
  const elements = { full: rows * columns, row: rows, scalar: 1 };
  return list(() => {
    const [opcode, result] = [OPCODES[next()], next()];
    at += 3;
    if (FREE.has(opcode)) return 0;
    if (opcode.startsWith("Reduce")) return elements.full - elements.row;
    return elements[extentOf(result)] * (opcode === "MulAdd" ? 2 : 1);
  }).reduce((a, b) => a + b, 0);
}
