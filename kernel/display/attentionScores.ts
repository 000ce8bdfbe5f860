/** @file Where the heads of an attention layer look: at the previous token, at itself, at the first, at repeats, or everywhere. */
import type { HeadScores } from "./schema";
import { jsonNumber, type NumberArray } from "./values";

/** Weights of one head: [queries, keys]; query i stands at key i + keys − queries, as with a KV cache. */
export interface HeadWeights {
  readonly weights: NumberArray;
  readonly causal: boolean;
  /** For each key, the last earlier position with the same token, or −1. Left out where tokens are not known. */
  readonly earlier?: readonly number[];
}

/** Whether no query attends beyond its own position (less than 1e-4 of all weight). */
export function isCausal(heads: readonly NumberArray[]): boolean {
  let future = 0;
  let total = 0;
  for (const { shape, data } of heads) {
    const [queries, keys] = shape;
    for (let i = 0; i < queries; i++)
      for (let j = 0; j < keys; j++) {
        const weight = data[i * keys + j];
        if (!(weight > 0)) continue;
        total += weight;
        if (j > i + keys - queries) future += weight;
      }
  }
  return total > 0 && future < 1e-4 * total && heads.some(({ shape }) => shape[1] > 1);
}

/** The last earlier position of the same token, for each position; −1 where there is none. */
export function earlierOccurrences(tokens: readonly string[]): number[] {
  const last = new Map<string, number>();
  return tokens.map((token, position) => {
    const found = last.get(token) ?? -1;
    last.set(token, position);
    return found;
  });
}

/** Mean that leaves out what is not finite; NaN of nothing. */
class Mean {
  private sum = 0;
  private count = 0;

  add(value: number): void {
    if (!Number.isFinite(value)) return;
    this.sum += value;
    this.count++;
  }
  get value(): number {
    return this.count === 0 ? NaN : this.sum / this.count;
  }
}

/** Scores of one head, each a mean over the queries for which it means something; null where there are none. */
export function headScores({ weights, causal, earlier }: HeadWeights): HeadScores {
  const [queries, keys] = weights.shape;
  const [previous, self, first, induction, entropy] = [new Mean(), new Mean(), new Mean(), new Mean(), new Mean()];
  for (let i = 0; i < queries; i++) {
    const position = i + keys - queries;
    const row = weights.data.subarray(i * keys, (i + 1) * keys);
    if (position > 0) {
      previous.add(row[position - 1]);
      first.add(row[0]);
    }
    if (position >= 0) self.add(row[position]);
    const seen = earlier?.[position] ?? -1;
    // Attending to the token right before the query by this rule would be no evidence of induction.
    if (seen >= 0 && seen + 1 < position) induction.add(row[seen + 1]);
    const allowed = causal ? position + 1 : keys;
    if (allowed > 1) entropy.add(entropyOf(row) / Math.log(allowed));
  }
  return {
    previous: jsonNumber(previous.value, 4),
    self: jsonNumber(self.value, 4),
    first: jsonNumber(first.value, 4),
    induction: jsonNumber(induction.value, 4),
    entropy: jsonNumber(entropy.value, 4),
  };
}

/** Entropy in nats of a row scaled to sum to 1; NaN when it has no weight. */
function entropyOf(row: Float64Array): number {
  let sum = 0;
  let weighted = 0;
  for (const weight of row) {
    if (!(weight > 0)) continue;
    sum += weight;
    weighted += weight * Math.log(weight);
  }
  return sum > 0 && Number.isFinite(sum) ? Math.log(sum) - weighted / sum : NaN;
}
