/** @file Mutations of programs: one instruction, one of its fields, or one constant changes; and programs at random. */
import { ArgumentError } from "../../errors";
import type { HostRandom } from "../../random/hostRandom";
import { fingerprint, type Dna, type Instruction, type PrimitiveName, type Program } from "./program";

type Part = "activation" | "projection";

/** What a search may use. */
export interface Space {
  /** Primitives of each subprogram. */
  readonly primitives: Readonly<Record<Part, readonly PrimitiveName[]>>;
  /** Instructions of a subprogram at most. */
  readonly longest: number;
}

type Mutation = (dna: Dna, space: Space, random: HostRandom) => Dna;

const partOf = (random: HostRandom): Part => random.pick(["activation", "projection"] as const);
const withPart = (dna: Dna, part: Part, program: Program): Dna => ({ ...dna, [part]: program });

/** A random instruction that may read the input and the results before it. */
const drawn = (at: number, { bank }: Dna, { random, primitives }: { readonly random: HostRandom; readonly primitives: readonly PrimitiveName[] }): Instruction => ({
  op: random.pick(primitives),
  inputs: [random.int(at + 1), random.int(at + 1)],
  constant: random.int(Math.max(1, bank.length)),
});

/** The program with its references changed: `value` maps a value's old number to its new one. */
const renumbered = (program: Program, value: (old: number) => number): Program => program.map(({ inputs: [a, b], ...rest }) => ({ ...rest, inputs: [value(a), value(b)] }));

/** One of the instructions goes; who read its result reads its first input. */
function remove(program: Program, at: number): Program {
  const [instead] = program[at].inputs;
  const gone = at + 1;
  const rest = renumbered(program.slice(at + 1), (old) => (old === gone ? instead : old > gone ? old - 1 : old));
  // The result is the last instruction's: where that goes, it is what it read.
  return at === program.length - 1 ? program.slice(0, instead) : [...program.slice(0, at), ...rest];
}

/** A new one at `at`; the next one reads its result, or it is the program's. */
function insert(program: Program, at: number, made: Instruction, random: HostRandom): Program {
  const [next, ...rest] = renumbered(program.slice(at), (old) => (old > at ? old + 1 : old));
  if (next === undefined) return [...program, made];
  const [a, b] = next.inputs;
  return [...program.slice(0, at), made, { ...next, inputs: random.int(2) === 0 ? [at + 1, b] : [a, at + 1] }, ...rest];
}

/** By name, as the paper lists them. A mutation that finds nothing to change returns what it was given. */
export const mutations: Readonly<Record<"delete" | "insert" | "replace" | "field" | "swap" | "constant", Mutation>> = {
  delete: (dna, _, random) => {
    const part = partOf(random);
    return dna[part].length === 0 ? dna : withPart(dna, part, remove(dna[part], random.int(dna[part].length)));
  },
  insert: (dna, { primitives, longest }, random) => {
    const part = partOf(random);
    const program = dna[part];
    if (program.length >= longest) return dna;
    const at = random.int(program.length + 1);
    return withPart(dna, part, insert(program, at, drawn(at, dna, { random, primitives: primitives[part] }), random));
  },
  replace: (dna, { primitives }, random) => {
    const part = partOf(random);
    const program = dna[part];
    if (program.length === 0) return dna;
    const at = random.int(program.length);
    return withPart(dna, part, program.map((one, i) => (i === at ? drawn(at, dna, { random, primitives: primitives[part] }) : one)));
  },
  field: (dna, { primitives }, random) => {
    const part = partOf(random);
    const program = dna[part];
    if (program.length === 0) return dna;
    const at = random.int(program.length);
    const other = drawn(at, dna, { random, primitives: primitives[part] });
    const { op, inputs: [a, b], constant } = program[at];
    const changed = random.pick<Instruction>([{ ...program[at], op: other.op }, { op, inputs: [other.inputs[0], b], constant }, { op, inputs: [a, other.inputs[1]], constant }, { ...program[at], constant: other.constant }]);
    return withPart(dna, part, program.map((one, i) => (i === at ? changed : one)));
  },
  swap: (dna, _, random) => {
    const part = partOf(random);
    const program = dna[part];
    if (program.length < 2) return dna;
    const at = random.int(program.length - 1);
    const [first, second] = [program[at], program[at + 1]];
    // What the second read of the first is read by neither after they changed places.
    const inputs = second.inputs.map((value) => (value === at + 1 ? first.inputs[0] : value)) as [number, number]; // SAFETY: two of two.
    return withPart(dna, part, [...program.slice(0, at), { ...second, inputs }, { ...first, inputs: [at + 1, first.inputs[1]] }, ...program.slice(at + 2)]);
  },
  // c → c · 10^X + Y, X and Y normal.
  constant: (dna, _, random) => {
    const at = random.int(Math.max(1, dna.bank.length));
    return { ...dna, bank: dna.bank.map((c, i) => (i === at ? c * 10 ** random.normal() + random.normal() : c)) };
  },
};

const KINDS = Object.values(mutations);
/** A space in which nothing else can be reached ends with an error, not with a loop. */
const MOST_TRIES = 200;

/** A mutated copy that computes something else.
 * @throws {ArgumentError} when none is found. */
export async function child(parent: Dna, space: Space, random: HostRandom): Promise<Dna> {
  const before = await fingerprint(parent);
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const made = random.pick(KINDS)(parent, space, random);
    if (made !== parent && (await fingerprint(made)) !== before) return made;
  }
  throw new ArgumentError(`primer: no mutation in ${MOST_TRIES} tries changed the function`, { help: "allow more primitives, or longer programs" });
}

/** Subprograms of random length and instructions, with the seed's constants. */
export function randomDna({ bank }: Dna, { primitives, longest }: Space, random: HostRandom): Dna {
  const program = (part: Part): Program => {
    const empty: Dna = { activation: [], projection: [], bank };
    return Array.from({ length: random.int(longest + 1) }, (_, at) => drawn(at, empty, { random, primitives: primitives[part] }));
  };
  return { activation: program("activation"), projection: program("projection"), bank };
}
