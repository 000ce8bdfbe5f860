/** @file Calls of compiled functions that have begun and not ended: one that donates a tensor waits for those before it that read it. */
import type { Tensor } from "../graph/tensor";

interface Call {
  readonly reads: readonly Tensor[];
  readonly ended: Promise<void>;
}

const underWay = new Set<Call>();

export interface BegunCall {
  /** Resolves when no call that began earlier reads what this one donates; undefined where none does. */
  readonly free: Promise<unknown> | undefined;
  /** To be called when it has ended, well or not. */
  readonly end: () => void;
}

/** Begins a call, at once: calls are ordered by when they were made, whatever each has to compile or compute first. */
export function beginCall({ reads, donates }: { readonly reads: readonly Tensor[]; readonly donates: readonly Tensor[] }): BegunCall {
  const given = underWay.size === 0 || donates.length === 0 ? undefined : new Set(donates);
  const earlier = given === undefined ? [] : [...underWay].filter((call) => call.reads.some((tensor) => given.has(tensor))).map(({ ended }) => ended);
  const { promise: ended, resolve } = deferred();
  const call = { reads, ended };
  underWay.add(call);
  return {
    free: earlier.length === 0 ? undefined : Promise.all(earlier),
    end: () => {
      underWay.delete(call);
      resolve();
    },
  };
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
