/** @file Checks a spectrum payload at the border. */
import type { SpectrumLayer, SpectrumPayload } from "../../../kernel/display/schema";
import { BASE, type Check, finite, list, maybe, record, sameLength, text, whole } from "../../shared/validate";

const MAX_STEPS = 2000;
const MAX_RANKS = 20_000;
const MAX_LAYERS = 500;

const numbers = list(maybe, MAX_STEPS);
const layer: Check<SpectrumLayer> = (value, path) => {
  const found = record<SpectrumLayer>({
    name: text(1000),
    steps: list(finite, MAX_STEPS),
    singularValues: list(list(maybe, MAX_RANKS), MAX_STEPS),
    ranks: list(finite, MAX_RANKS),
    fullRank: whole(0, 1_000_000_000),
    effectiveRank: numbers,
    stableRank: numbers,
    tailExponent: numbers,
  })(value, path);
  const { steps, singularValues, effectiveRank, stableRank, tailExponent, ranks } = found;
  sameLength({ steps, singularValues, effectiveRank, stableRank, tailExponent }, path);
  singularValues.forEach((values, i) => sameLength({ values, ranks }, `${path}.singularValues[${i}]`));
  return found;
};

export const parse = (payload: unknown): SpectrumPayload => record<SpectrumPayload>({ ...BASE, layers: list(layer, MAX_LAYERS) })(payload, "");
