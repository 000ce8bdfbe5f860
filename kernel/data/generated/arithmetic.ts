/** @file Sums, differences and products of small whole numbers as text, one to a line. */
import { HostRandom } from "../../random/hostRandom";
import { corpusOf, type Corpus } from "../corpus";
import { checkCount } from "./generate";

export interface ArithmeticOptions {
  /** Default 10 000. */
  readonly lines?: number;
  /** Operands are drawn from 0 to `below` − 1. Default 100. */
  readonly below?: number;
  /** Default 0. */
  readonly seed?: number | string;
}

const OPERATIONS = [
  { sign: "+", apply: (a: number, b: number): number => a + b },
  { sign: "-", apply: (a: number, b: number): number => a - b },
  { sign: "*", apply: (a: number, b: number): number => a * b },
] as const;

/** Lines such as `17+5=22`, `3-41=-38` and `12*9=108`: operands and operation uniform, drawn with replacement.
 * @throws {ArgumentError} unless `lines` and `below` are integers from 1. */
export function arithmetic({ lines = 10_000, below = 100, seed = 0 }: ArithmeticOptions = {}): Corpus {
  checkCount("arithmetic(): lines", lines);
  checkCount("arithmetic(): below", below);
  const random = HostRandom.seeded(seed).split("arithmetic");
  const line = (): string => {
    const { sign, apply } = OPERATIONS[random.int(OPERATIONS.length)];
    const [a, b] = [random.int(below), random.int(below)];
    return `${a}${sign}${b}=${apply(a, b)}\n`;
  };
  return corpusOf([{ name: "arithmetic", text: Array.from({ length: lines }, line).join("") }]);
}
