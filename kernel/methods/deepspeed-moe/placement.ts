/**
 * @file Which rank has which experts. Layers of a pyramid differ in their number of experts, so each has its own degree of expert parallelism, and the ranks that
 * are left over have copies (multi-expert multi-data parallelism), or slices of an expert. DeepSpeed-MoE, sections 4.1.3 and 5.2.
 */
import { ArgumentError } from "../../errors";
import { slice } from "../../graph/ops/movement";
import type { Tensor } from "../../graph/tensor";
import { Moe, StackedLinear } from "../../nn/moe";

export interface ExpertLayer {
  readonly experts: number;
  readonly parametersPerExpert: number;
}

export interface PlacementOptions {
  readonly ranks: number;
  /** What ranks beyond one for each expert do: hold copies and average gradients (training), or a part of an expert each (inference). Default "copies". */
  readonly beyond?: "copies" | "slices";
  /** The same number of ranks over which experts are spread, for all layers. Default: of each layer its own, as many as there are experts. */
  readonly expertParallel?: number;
}

export interface LayerPlacement {
  readonly experts: number;
  readonly ranks: number;
  /** Ranks over which the experts are spread. */
  readonly expertParallel: number;
  readonly expertsPerRank: number;
  /** Ranks that hold the same experts, and average their gradients. */
  readonly copies: number;
  /** Ranks that hold one expert together. */
  readonly slices: number;
  readonly parametersPerRank: number;
}

/** The placement of each layer. @throws {ArgumentError} where experts and ranks do not divide. */
export const placeExperts = (layers: readonly ExpertLayer[], options: PlacementOptions): LayerPlacement[] => layers.map((layer) => placeLayer(layer, options));

function placeLayer({ experts, parametersPerExpert }: ExpertLayer, { ranks, beyond = "copies", expertParallel = Math.min(ranks, experts) }: PlacementOptions): LayerPlacement {
  if (![experts, ranks, expertParallel].every((count) => Number.isInteger(count) && count >= 1) || ranks % expertParallel !== 0 || experts % expertParallel !== 0)
    throw new ArgumentError(`placeExperts: ${experts} experts spread over ${expertParallel} of ${ranks} ranks`, { help: "give a number of ranks that divides both the experts and all ranks" });
  const expertsPerRank = experts / expertParallel;
  const rest = ranks / expertParallel;
  const [copies, slices] = beyond === "copies" ? [rest, 1] : [1, rest];
  return { experts, ranks, expertParallel, expertsPerRank, copies, slices, parametersPerRank: (expertsPerRank * parametersPerExpert) / slices };
}

/** The ranks that have an expert, or a slice of it: groups of `expertParallel · slices` ranks follow one another, and slices of one expert stand together. */
export function ranksOfExpert({ experts, expertParallel, expertsPerRank, copies, slices }: LayerPlacement, expert: number): number[] {
  if (!Number.isInteger(expert) || expert < 0 || expert >= experts) throw new ArgumentError(`ranksOfExpert: expert ${expert} of ${experts}`, { help: `give a number from 0 to ${experts - 1}` });
  const first = Math.floor(expert / expertsPerRank) * slices;
  return Array.from({ length: copies * slices }, (_, i) => Math.floor(i / slices) * expertParallel * slices + first + (i % slices));
}

/** `moe` in parts along the hidden width, one for each of `count` ranks: what their experts give sums up to what its experts give. @throws {ArgumentError} unless `count` divides the width. */
export function slicedExperts(moe: Moe, count: number): Moe[] {
  const hidden = moe.up.weight.shape[2];
  if (!Number.isInteger(count) || count < 1 || hidden % count !== 0) throw new ArgumentError(`slicedExperts: ${count} slices of a hidden width of ${hidden}`, { help: "give a divisor of the hidden width" });
  return Array.from({ length: count }, (_, i) => {
    const part = (x: Tensor, axis: number): Tensor => slice(x, { axis, start: (i * hidden) / count, end: ((i + 1) * hidden) / count });
    const { up, down } = moe;
    // The bias of the result is added once.
    return new Moe({ ...moe, up: new StackedLinear(part(up.weight, 2), up.bias && part(up.bias, 2)), down: new StackedLinear(part(down.weight, 1), i === 0 ? down.bias : undefined) });
  });
}
