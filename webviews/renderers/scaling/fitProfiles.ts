/** @file Fits iso-FLOP profiles again to fewer runs, with the code that the kernel fits with. Loaded when the first run is taken out. */
import type { IsoFlopCurve } from "../../../kernel/display/schema";
import { fitIsoflop } from "../../../kernel/fit/isoflop";
import { type Profile, type Profiles, runKey, runsOf } from "./profiles";

const CURVE_POINTS = 40;

/** Without the runs whose keys are removed. A budget with too few runs left, or without a minimum, has no curve. @throws {ArgumentError} when fewer than two budgets are left. */
export function fitProfiles(curves: readonly IsoFlopCurve[], removed: ReadonlySet<string>): Profiles {
  const groups = curves.map((curve, c) => runsOf(curve).filter(({ index }) => !removed.has(runKey(c, index))));
  const enough = (runs: readonly { readonly size: number }[]): boolean => runs.length >= 4 && new Set(runs.map(({ size }) => size)).size >= 3;
  const fit = fitIsoflop(
    groups.flatMap((runs, c) => (enough(runs) ? runs.map(({ size, loss }) => ({ flops: curves[c].flops, params: size, loss })) : [])),
  );
  return {
    curves: curves.map(({ flops, fitSize }, c): Profile => {
      const profile = fit.profiles.find((found) => Math.abs(found.flops / flops - 1) < 1e-6);
      if (profile === undefined) return { flops, x: [], y: [], optimum: null };
      const sizes = [...groups[c].map(({ size }) => size), ...fitSize.filter((size) => size !== null), profile.params];
      const [low, high] = [Math.min(...sizes), Math.max(...sizes)];
      const x = Array.from({ length: CURVE_POINTS }, (_, i) => low * (high / low) ** (i / (CURVE_POINTS - 1)));
      return { flops, x, y: x.map((size) => profile.predict(size)), optimum: { size: profile.params, loss: profile.loss } };
    }),
    best: { exponent: fit.params.exponent, ...pickBounds(fit.params.exponentInterval), predict: (flops) => fit.params.predict(flops) },
  };
}

const pickBounds = ({ low, high }: { readonly low: number; readonly high: number }): { readonly low: number; readonly high: number } => ({
  low,
  high,
});
