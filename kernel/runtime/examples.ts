/** @file Compiled functions with the shapes they were last traced for: to see their cost and to export them without arguments at hand. */
import { placeholder } from "../graph/tensor";
import { map, type Tree } from "../graph/tree";

export interface Example {
  /** What was compiled. */
  readonly fn: (...args: never[]) => unknown;
  /** As it was called, with placeholders in the place of tensors. */
  readonly args: readonly Tree[];
}

const examples = new WeakMap<object, Example>();

/** Remembers how `compiled` was called. No data is kept. */
export function rememberExample(compiled: object, { fn, args }: Example): void {
  examples.set(compiled, { fn, args: args.map((arg) => map(arg, (leaf) => placeholder("example", leaf))) });
}

/** How a compiled function was last traced; undefined for other functions, and before the first call. */
export const exampleOf = (compiled: object): Example | undefined => examples.get(compiled);
