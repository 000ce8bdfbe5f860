/** @file Medians of alternating measurements. */
import { median } from "../fit/statistics";

/** A measured arm: a process that answers "run n steps" with the milliseconds of each. */
export interface Arm {
  readonly label: string;
  /** Of its model; undefined where it does not say. */
  readonly parameters?: number;
  /** Milliseconds of each of `steps` steps. */
  measure(steps: number): Promise<readonly number[]>;
  close(): void;
}

export interface Measured {
  readonly label: string;
  /** Median milliseconds a step. */
  readonly ms: number;
  /** Lowest milliseconds seen. */
  readonly best: number;
  readonly samples: number;
}

/** Between two turns: threads of the last arm stop spinning. */
const REST_MS = 400;

/** Measures all arms in turns, so that what else the machine does meets each alike. */
export async function alternate(arms: readonly Arm[], { rounds, steps, onRound }: { readonly rounds: number; readonly steps: number; readonly onRound?: (round: number) => void }): Promise<Measured[]> {
  const samples = new Map<Arm, number[]>(arms.map((arm) => [arm, []]));
  for (const arm of arms) await arm.measure(2);
  for (let round = 0; round < rounds; round++) {
    onRound?.(round + 1);
    for (const arm of arms) {
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
      samples.get(arm)?.push(...(await arm.measure(steps)));
    }
  }
  return arms.map((arm) => {
    const all = samples.get(arm) ?? [];
    return { label: arm.label, ms: median(all), best: Math.min(...all), samples: all.length };
  });
}

/** Median milliseconds of `fn` over `repeats` calls after `warmUp` more. */
export async function medianMs(fn: () => Promise<unknown> | void, { repeats = 15, warmUp = 3 } = {}): Promise<number> {
  for (let i = 0; i < warmUp; i++) await fn();
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    await fn();
    times.push(performance.now() - start);
  }
  return median(times);
}
