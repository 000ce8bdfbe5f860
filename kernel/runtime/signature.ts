/** @file Signatures: what must be equal for a traced graph to be used again. */
import { ArgumentError } from "../errors";
import { Tensor } from "../graph/tensor";
import { type Tree } from "../graph/tree";

/** Path → shape and dtype of each tensor, or the value of each other leaf. */
export type Signature = ReadonlyMap<string, string>;

/** The signature of call arguments, named as the function names them. */
export function signatureOf(args: readonly Tree[], names: readonly string[]): Signature {
  const out = new Map<string, string>();
  const visit = (value: unknown, path: string): void => {
    if (value instanceof Tensor) out.set(path, `${value.dtype}[${value.shape.join()}]`);
    else if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value)) {
      out.set(`${path}:`, Object.getPrototypeOf(value)?.constructor?.name ?? "");
      for (const key of Object.keys(value)) visit(Reflect.get(value, key), `${path}.${key}`);
    } else out.set(path, typeof value === "function" ? `function ${functionId(value)}` : String(value));
  };
  args.forEach((arg, i) => visit(arg, names[i] ?? `argument ${i}`));
  return out;
}

const functionIds = new WeakMap<object, number>();
let nextFunction = 0;
function functionId(fn: object): number {
  const known = functionIds.get(fn) ?? nextFunction++;
  functionIds.set(fn, known);
  return known;
}

export const keyOf = (signature: Signature): string => [...signature].map(([path, value]) => `${path}=${value}`).join(";");

/** What differs between two signatures, as text. */
export function differences(before: Signature, after: Signature): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].flatMap((path) => (before.get(path) === after.get(path) ? [] : [`${path}: ${before.get(path) ?? "absent"} → ${after.get(path) ?? "absent"}`]));
}

/** Names of a function's parameters, as written; destructured ones are called "argument i". */
export function parameterNames(fn: (...args: never[]) => unknown): string[] {
  const text = fn.toString();
  const open = text.indexOf("(");
  const arrow = text.indexOf("=>");
  if (arrow >= 0 && (open < 0 || arrow < open)) return [text.slice(0, arrow).replace(/^async\s+/, "").trim()];
  const names: string[] = [];
  let depth = 0;
  let start = open + 1;
  for (let i = open; i < text.length; i++) {
    const c = text[i];
    if ("([{".includes(c)) depth++;
    else if (")]}".includes(c)) depth--;
    if ((c === "," && depth === 1) || depth === 0) {
      const part = text.slice(start, i).trim();
      if (part !== "") names.push(/^[\w$]+/.exec(part)?.[0] ?? `argument ${names.length}`);
      start = i + 1;
    }
    if (depth === 0) break;
  }
  return names;
}

/** @throws {ArgumentError} when `donate` names no parameter. */
export function donatedIndices(donate: readonly string[], names: readonly string[]): Set<number> {
  return new Set(
    donate.map((name) => {
      const index = names.indexOf(name);
      if (index < 0) throw new ArgumentError(`compile: donate names ${JSON.stringify(name)}, which is no parameter`, { help: `the parameters are ${names.join(", ")}` });
      return index;
    }),
  );
}
