/** @file Reads the torch fixtures and compares tensors with them. */
import { expect } from "vitest";
import { readSafetensors } from "../../kernel/io/safetensors";
import { toNumbers } from "../../kernel/graph/dtype";
import { fromHost, realize, type Tensor } from "../../kernel/graph/tensor";
import "../../kernel/runtime/realize";

/** Tensors of one fixture whose names begin with `prefix`, by the rest of the name. */
export type Fixture = (prefix: string) => Readonly<Record<string, Tensor>>;

export async function fixture(name: string): Promise<Fixture> {
  const { tensors } = await readSafetensors(new URL(`../fixtures/nn/${name}.safetensors`, import.meta.url).pathname);
  const all = Object.entries(tensors).map(([path, host]) => [path, fromHost(host)] as const);
  return (prefix) => Object.fromEntries(all.flatMap(([path, tensor]) => (path.startsWith(prefix) ? [[path.slice(prefix.length), tensor]] : [])));
}

/** Largest difference that counts as equal, relative to the largest element. */
export const RELATIVE = 1e-4;

/** Compares tensors by name. `floor` is the smallest scale that differences are measured by: where torch's value is zero but for rounding. */
export async function expectClose(actual: Readonly<Record<string, Tensor>>, expected: Readonly<Record<string, Tensor>>, floor = 1e-6): Promise<void> {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  await realize(Object.values(actual));
  for (const [name, tensor] of Object.entries(actual)) {
    expect(tensor.shape, `shape of ${name}`).toEqual(expected[name].shape);
    const [a, b] = [await tensor.numbers(), toNumbers(await expected[name].host())];
    const scale = b.reduce((most, x) => Math.max(most, Math.abs(x)), floor);
    const worst = a.reduce((most, x, i) => Math.max(most, Number.isNaN(x) ? Infinity : Math.abs(x - b[i])), 0);
    expect(worst / scale, `${name}: largest difference ${worst} at scale ${scale}`).toBeLessThanOrEqual(RELATIVE);
  }
}
