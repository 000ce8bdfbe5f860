/** @file Taps: reading or replacing named inner values of a function ("blocks.2.attention.weights"). */
import { NoEffectError } from "../errors";
import type { Tensor } from "./tensor";
import { currentScope } from "./trace";

type Handler = (name: string, value: Tensor) => Tensor;
const handlers: { readonly pattern: RegExp; readonly handle: Handler; uses: number }[] = [];

/** Marks an inner value. Its full name is the layer path and `name`. Returns the value, or what an override put in its place. */
export function tap(name: string, value: Tensor): Tensor {
  const scope = currentScope();
  const full = scope === "" ? name : `${scope}.${name}`;
  return handlers.reduceRight((current, handler) => {
    if (!handler.pattern.test(full)) return current;
    handler.uses++;
    return handler.handle(full, current);
  }, value);
}

/** Whether a value of that name would be read: layers then compute it apart instead of inside a fused kernel. */
export function tapsActive(name: string): boolean {
  const scope = currentScope();
  const full = scope === "" ? name : `${scope}.${name}`;
  return handlers.some(({ pattern }) => pattern.test(full));
}

function using<R>(pattern: RegExp, handle: Handler, body: () => R): R {
  const entry = { pattern, handle, uses: 0 };
  handlers.push(entry);
  try {
    const result = body();
    if (entry.uses === 0) throw new NoEffectError(`no inner value matches ${String(pattern)}`, { help: "list the names with withTaps(fn, /./)" });
    return result;
  } finally {
    handlers.pop();
  }
}

/**
 * `fn` that also returns the inner values whose names match, by name.
 * @throws {NoEffectError} when none does.
 */
export function withTaps<Args extends readonly unknown[], R>(fn: (...args: Args) => R, pattern: RegExp): (...args: Args) => { readonly result: R; readonly taps: Readonly<Record<string, Tensor>> } {
  return (...args) => {
    const taps: Record<string, Tensor> = {};
    const record: Handler = (name, value) => {
      taps[name] = value;
      return value;
    };
    return { result: using(pattern, record, () => fn(...args)), taps };
  };
}

/** `fn` with inner values replaced: `replacement` gets each value whose name matches. Gradients flow through the replacement.
 * @throws {NoEffectError} when none matches. */
export function override<Args extends readonly unknown[], R>(fn: (...args: Args) => R, pattern: RegExp, replacement: (value: Tensor, name: string) => Tensor): (...args: Args) => R {
  return (...args) => using(pattern, (name, value) => replacement(value, name), () => fn(...args));
}
