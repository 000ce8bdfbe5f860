/** @file The V-cycle: down to a small model, and up again. */
import { ArgumentError } from "../../errors";
import type { Gpt } from "../../nn/gpt";
import { coalesce, coalesceMaps, decoalesce, interpolate, type MapOptions } from "./transfer";

/** One training of the cycle. */
export interface Phase {
  /** 1 is the full model. */
  readonly level: number;
  /** Before going down, at the bottom, or after coming up. */
  readonly part: "start" | "bottom" | "finish";
}

export interface VCycleOptions extends MapOptions {
  /** Default 2. */
  readonly levels?: number;
  /** Share of the grown model in the interpolation. Default 0.5. */
  readonly alpha?: number;
  /** Trains a model for one phase, with an optimizer and schedule of its own: moments do not carry over between models. */
  readonly train: (model: Gpt, phase: Phase) => Promise<Gpt>;
}

/** `model` after one V-cycle: start (1), …, bottom (levels), …, finish (1).
 * @throws {ArgumentError} for fewer than 2 levels, or a model that does not halve so often. */
export async function vCycle(model: Gpt, { levels = 2, alpha = 0.5, train, ...options }: VCycleOptions): Promise<Gpt> {
  if (!Number.isInteger(levels) || levels < 2) throw new ArgumentError(`multi-level: ${levels} levels`, { help: "give 2 or more: the full model is the first" });
  const cycle = async (at: Gpt, level: number): Promise<Gpt> => {
    if (level === levels) return train(at, { level, part: "bottom" });
    const maps = coalesceMaps(at, options);
    const begun = await train(at, { level, part: "start" });
    const grown = decoalesce(await cycle(coalesce(begun, maps), level + 1), maps);
    return train(interpolate(begun, grown, alpha), { level, part: "finish" });
  };
  return cycle(model, 1);
}
