/** @file The order in which onnxruntime executes the nodes of a model. */

interface Step<V> {
  readonly reads: readonly V[];
  readonly writes: readonly V[];
}

/**
 * Indices into `steps` in the order of execution. onnxruntime walks back from the nodes whose results nothing reads,
 * depth first, last node first, and executes on the way out (its default execution order).
 * @param steps - as they stand in the model.
 */
export function executionOrder<V>(steps: readonly Step<V>[]): number[] {
  const producers = new Map<V, number>(steps.flatMap(({ writes }, i) => writes.map((value) => [value, i] as const)));
  const before = steps.map(({ reads }) => [...new Set(reads.flatMap((value) => producers.get(value) ?? []))].sort((a, b) => a - b));
  const read = new Set(before.flat());
  const stack = steps.flatMap((_, index) => (read.has(index) ? [] : [{ index, leaving: false }]));
  const seen = new Set<number>();
  const order: number[] = [];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { index, leaving } = top;
    if (leaving) order.push(index);
    else if (!seen.has(index)) {
      seen.add(index);
      stack.push({ index, leaving: true });
      for (const producer of before[index]) if (!seen.has(producer)) stack.push({ index: producer, leaving: false });
    }
  }
  return order;
}
