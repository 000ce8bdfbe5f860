/** @file Programs of primitives: what the search changes, how it runs in a graph, and when two of them are the same function. */
import { abs, add, cos, div, exp, greater, less, log, maximum, minimum, mul, scalar, sigmoid, sin, sqrt, sub, tanh, where } from "../../graph/ops/elementwise";
import { ones, zeros } from "../../graph/ops/movement";
import type { Tensor } from "../../graph/tensor";
import { normal } from "../../random/continuous";
import { fold, key as seedKey, type Key } from "../../random/key";
import { causalDepthwise, initialTaps } from "./ez";

interface Operands {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly constant: number;
  /** What is learnt, of the primitive's first values' shape. */
  readonly learnt: Tensor;
}

interface Primitive {
  readonly inputs: 1 | 2;
  readonly constant?: true;
  /** First values of what it learns, for C channels. */
  readonly learns?: (channels: number) => Tensor;
  readonly run: (operands: Operands) => Tensor;
}

const CONV_WIDTH = 3;

/** Of x [T, ..., C], time first. None mixes channels; the convolution reads earlier positions only. */
const TABLE = {
  ADD: { inputs: 2, run: ({ a, b }) => add(a, b) },
  DIFFERENCE: { inputs: 2, run: ({ a, b }) => sub(a, b) },
  MULTIPLY: { inputs: 2, run: ({ a, b }) => mul(a, b) },
  DIVIDE: { inputs: 2, run: ({ a, b }) => div(a, b) },
  ABS_ROOT: { inputs: 1, run: ({ a }) => sqrt(abs(a)) },
  SQUARE: { inputs: 1, run: ({ a }) => mul(a, a) },
  EXP: { inputs: 1, run: ({ a }) => exp(a) },
  LOG: { inputs: 1, run: ({ a }) => log(a) },
  ABS: { inputs: 1, run: ({ a }) => abs(a) },
  RECIP: { inputs: 1, run: ({ a }) => div(1, a) },
  SIGN: { inputs: 1, run: ({ a }) => sub(indicator(greater(a, 0), a), indicator(less(a, 0), a)) },
  COS: { inputs: 1, run: ({ a }) => cos(a) },
  SIN: { inputs: 1, run: ({ a }) => sin(a) },
  TANH: { inputs: 1, run: ({ a }) => tanh(a) },
  SIGMOID: { inputs: 1, run: ({ a }) => sigmoid(a) },
  MAX: { inputs: 1, constant: true, run: ({ a, constant }) => maximum(a, constant) },
  MIN: { inputs: 1, constant: true, run: ({ a, constant }) => minimum(a, constant) },
  C_MUL: { inputs: 1, constant: true, run: ({ a, constant }) => mul(a, constant) },
  SCALE: { inputs: 1, learns: (channels) => ones([channels]), run: ({ a, learnt }) => mul(a, learnt) },
  SHIFT: { inputs: 1, learns: (channels) => zeros([channels]), run: ({ a, learnt }) => add(a, learnt) },
  DCONV_3x1: { inputs: 1, learns: (channels) => initialTaps(CONV_WIDTH, channels), run: ({ a, learnt }) => causalDepthwise(a, learnt) },
} as const satisfies Readonly<Record<string, Primitive>>;

const indicator = (condition: Tensor, like: Tensor): Tensor => where(condition, scalar(1, like.dtype), scalar(0, like.dtype));

export type PrimitiveName = keyof typeof TABLE;
/** All primitives by name. */
export const PRIMITIVES: Readonly<Record<PrimitiveName, Primitive>> = TABLE;

export interface Instruction {
  readonly op: PrimitiveName;
  /** Which values it reads: 0 is the program's input, i the result of instruction i − 1. The second counts for primitives of two. */
  readonly inputs: readonly [number, number];
  /** Index into the bank of constants; counts for primitives that have one. */
  readonly constant: number;
}

/** Instructions, each reading earlier values. The last one's result is the program's; without any it is the input. */
export type Program = readonly Instruction[];

/** What the search changes in a block. */
export interface Dna {
  /** In the place of the feed-forward layer's activation. */
  readonly activation: Program;
  /** After the projections of queries, keys and values. */
  readonly projection: Program;
  /** Constants that both share: a change of one changes all that read it. */
  readonly bank: readonly number[];
}

/** The Transformer's: ReLU, which is the larger of u and 0, and nothing after the projections. */
export const transformerDna = (): Dna => ({ activation: [{ op: "MAX", inputs: [0, 0], constant: 0 }], projection: [], bank: [0, 1, 0.5, 2] });

/** Indices of the instructions that the result depends on, ascending. */
export function live(program: Program): readonly number[] {
  const needed = new Set<number>();
  const visit = (value: number): void => {
    if (value === 0 || needed.has(value - 1)) return;
    needed.add(value - 1);
    const { op, inputs } = program[value - 1];
    inputs.slice(0, PRIMITIVES[op].inputs).forEach(visit);
  };
  visit(program.length);
  return [...needed].sort((a, b) => a - b);
}

/** First values of what a program's live instructions learn, by their index. */
export const learntBy = (program: Program, channels: number): Readonly<Record<string, Tensor>> =>
  Object.fromEntries(live(program).flatMap((i) => {
    const { learns } = PRIMITIVES[program[i].op];
    return learns === undefined ? [] : [[String(i), learns(channels)]];
  }));

/** The program on x [T, ..., C]. @param learnt - as `learntBy` gives it, trained or not. */
export function runProgram(program: Program, x: Tensor, { bank, learnt }: { readonly bank: readonly number[]; readonly learnt: Readonly<Record<string, Tensor>> }): Tensor {
  const values = new Map<number, Tensor>([[0, x]]);
  const value = (i: number): Tensor => values.get(i) ?? x;
  for (const i of live(program)) {
    const { op, inputs: [a, b], constant } = program[i];
    values.set(i + 1, PRIMITIVES[op].run({ a: value(a), b: value(b), constant: bank[constant] ?? 0, learnt: learnt[String(i)] ?? x }));
  }
  return value(program.length);
}

/** As text, one line for each live instruction. */
export function describeDna({ activation, projection, bank }: Dna): string {
  const lines = (name: string, program: Program): string[] => {
    const names = new Map<number, string>([[0, "x"], ...live(program).map((i, n) => [i + 1, `v${n + 1}`] as const)]);
    const said = live(program).map((i) => {
      const { op, inputs, constant } = program[i];
      const operands = [...inputs.slice(0, PRIMITIVES[op].inputs).map((input) => names.get(input) ?? "x"), ...(PRIMITIVES[op].constant === true ? [Number((bank[constant] ?? 0).toPrecision(3))] : [])];
      return `  ${names.get(i + 1)} = ${op}(${operands.join(", ")})`;
    });
    return [`${name}:`, ...(said.length === 0 ? ["  x"] : said)];
  };
  return [...lines("activation(x)", activation), ...lines("after a projection x", projection)].join("\n");
}

const HASH_KEY = seedKey("program");
const HASH_SHAPE = [6, 2, 4] as const;
const HASH_DIGITS = 3;

/** A text that two DNAs share when they compute the same on random inputs, with random values of what they learn: then they are taken for the same function. */
export async function fingerprint({ activation, projection, bank }: Dna): Promise<string> {
  const of = async (program: Program, key: Key): Promise<string> => {
    const learnt = Object.fromEntries(Object.entries(learntBy(program, HASH_SHAPE[2])).map(([name, { shape }], n) => [name, normal(fold(key, `learnt ${n}`), shape)]));
    const x = normal(fold(key, "x"), HASH_SHAPE);
    const values = await runProgram(program, x, { bank, learnt }).numbers();
    return [...values].map((value) => (Number.isFinite(value) ? (Math.abs(value) < 1e-9 ? "0" : value.toPrecision(HASH_DIGITS)) : "none")).join(",");
  };
  return `${await of(activation, fold(HASH_KEY, "activation"))};${await of(projection, fold(HASH_KEY, "projection"))}`;
}
