/** @file Group normalization of images (Wu & He 2018). */
import { ArgumentError } from "../errors";
import { composite } from "../graph/composite";
import { add, mul, reciprocal, sqrt, square, sub } from "../graph/ops/elementwise";
import { reshape } from "../graph/ops/movement";
import { mean, sum } from "../graph/ops/reduction";
import type { Tensor } from "../graph/tensor";
import { filled } from "./initializers";
import { Module } from "./module";

interface Settings extends Record<string, number> {
  readonly groups: number;
  readonly epsilon: number;
}

/** [N, C, ...] as [N, C, positions]: a weight [C, 1] then broadcasts. */
const flat = (x: Tensor): Tensor => reshape(x, [x.shape[0], x.shape[1], -1]);
/** Rows over which statistics run: [N · groups, C / groups · positions]. */
const byGroup = (x: Tensor, groups: number): Tensor => reshape(x, [x.shape[0] * groups, -1]);
const column = (w: Tensor): Tensor => reshape(w, [w.size, 1]);

function standardized(x: Tensor, { groups, epsilon }: Settings): { readonly normal: Tensor; readonly rho: Tensor } {
  const rows = byGroup(x, groups);
  const centred = sub(rows, mean(rows, 1, { keep: true }));
  const rho = reciprocal(sqrt(add(mean(square(centred), 1, { keep: true }), epsilon)));
  return { normal: mul(centred, rho), rho };
}

const groupNormOf = composite<Settings>({
  name: "GroupNorm",
  decompose([x, w, b], settings) {
    const normal = reshape(standardized(x, settings).normal, flat(x).shape);
    return reshape(add(mul(normal, column(w)), column(b)), x.shape);
  },
  // With x̂ = (x − μ) ρ and u = g w: dx = ρ (u − mean(u) − x̂ mean(u x̂)), as in layer normalization.
  vjp({ inputs: [x, w], g, options }) {
    const { normal, rho } = standardized(x, options);
    const gFlat = flat(g);
    const gNormal = mul(gFlat, reshape(normal, gFlat.shape));
    const u = byGroup(mul(gFlat, column(w)), options.groups);
    const dx = mul(sub(sub(u, mean(u, 1, { keep: true })), mul(normal, mean(mul(u, normal), 1, { keep: true }))), rho);
    return [reshape(dx, x.shape), sum(gNormal, [0, 2]), sum(gFlat, [0, 2])];
  },
});

/** Images x [N, C, ...] standardized over each group of channels and all positions, then scaled and shifted by channel. */
export class GroupNorm extends Module<readonly [x: Tensor], Tensor> {
  /** @param weight - [C]. @param bias - [C]. */
  constructor(
    readonly weight: Tensor,
    readonly bias: Tensor,
    readonly settings: Settings,
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    return groupNormOf([x, this.weight, this.bias], this.settings);
  }
}

export interface GroupNormOptions {
  readonly channels: number;
  /**
   * A divisor of the channels: 1 normalizes over all of them, `channels` over each alone (instance normalization).
   * Default the largest divisor up to 8.
   */
  readonly groups?: number;
  /** Default 1e-5. */
  readonly epsilon?: number;
}

const DEFAULT_GROUPS = 8;

/** Group normalization. @throws {ArgumentError} when groups do not divide the channels. */
export function groupNorm({ channels, groups = largestDivisor(channels, DEFAULT_GROUPS), epsilon = 1e-5 }: GroupNormOptions): GroupNorm {
  if (channels % groups !== 0)
    throw new ArgumentError(`groupNorm: ${channels} channels do not part into ${groups} groups`, {
      help: "groups must divide the channels",
    });
  return new GroupNorm(filled([channels], 1), filled([channels], 0), { groups, epsilon });
}

function largestDivisor(n: number, limit: number): number {
  let divisor = Math.min(n, limit);
  while (n % divisor !== 0) divisor--;
  return divisor;
}
