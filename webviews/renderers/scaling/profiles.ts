/** @file Iso-FLOP profiles as a payload gives them. */
import type { IsoFlopCurve, ScalingPayload } from "../../../kernel/display/schema";

export interface Profile {
  readonly flops: number;
  /** Fitted curve. */
  readonly x: readonly (number | null)[];
  readonly y: readonly (number | null)[];
  readonly optimum: { readonly size: number; readonly loss: number } | null;
}
export interface Profiles {
  /** One for each curve of the payload. */
  readonly curves: readonly Profile[];
  /** Best size against FLOPs. */
  readonly best: { readonly exponent: number; readonly low: number; readonly high: number; predict(flops: number): number } | undefined;
}

/** As the payload says. */
export function ownProfiles({ isoFlop, optimum }: ScalingPayload): Profiles {
  const exponent = optimum?.exponent ?? null;
  const flops = optimum?.flops[0] ?? null;
  const size = optimum?.size[0] ?? null;
  return {
    curves: isoFlop.map(({ flops: budget, fitSize, fitLoss, optimum: best }) => ({ flops: budget, x: fitSize, y: fitLoss, optimum: best })),
    best:
      exponent === null || flops === null || size === null
        ? undefined
        : { exponent, low: NaN, high: NaN, predict: (at) => size * (at / flops) ** exponent },
  };
}

export const runKey = (curve: number, index: number): string => `${curve}:${index}`;

export const runsOf = ({ size, loss }: IsoFlopCurve): readonly { readonly size: number; readonly loss: number; readonly index: number }[] =>
  size.flatMap((value, index) => {
    const y = loss[index];
    return value !== null && y !== null && value > 0 ? [{ size: value, loss: y, index }] : [];
  });
