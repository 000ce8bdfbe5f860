/** @file Muon: momentum whose matrices are orthogonalized (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks").
 *
 * m ← momentum · m + g,  u = orthogonalize(g + momentum · m),  p ← p − lr (size · u + weightDecay · p)
 * with size = √max(1, out / in) as published, or 0.2 √max(in, out), which gives the update the size of AdamW's
 * (Liu et al. 2025, "Muon is scalable for LLM training", eq. 4). Weights here are [in, out]. Ours computes in float32, the published code in bfloat16.
 */
import { add, mul } from "../graph/ops/elementwise";
import { reshape } from "../graph/ops/movement";
import type { Tensor } from "../graph/tensor";
import type { Tree } from "../graph/tree";
import { adamw, type AdamWOptions } from "./adam";
import { partition } from "./chain";
import type { ParameterFilter } from "./decay";
import { NEWTON_SCHULZ_STEPS, orthogonalize } from "./orthogonalize";
import { rateAt, type Rate } from "./schedule";
import { factor, transform, updateEach, zerosFor, zeroSteps, type Transform } from "./transform";

export interface MatrixMuonOptions {
  /** Default 0.02. */
  readonly lr?: Rate;
  /** Default 0.95. */
  readonly momentum?: number;
  /** Default true. */
  readonly nesterov?: boolean;
  /** Default 0. */
  readonly weightDecay?: number;
  /** Size of the update: "shape" √max(1, out / in), "adam" 0.2 √max(in, out) for AdamW's learning rates. Default "shape". */
  readonly size?: "shape" | "adam";
  /** Newton–Schulz steps, default 5. */
  readonly steps?: number;
}

export interface MuonOptions extends MatrixMuonOptions {
  /** AdamW for all other parameters. Its lr defaults to 0.0003. */
  readonly adam?: AdamWOptions;
  /** Parameters that Muon takes. Default: those with two axes, but for embeddings and heads. */
  readonly matrices?: ParameterFilter;
}

export interface MuonState {
  readonly step: Tensor;
  readonly velocity: Tree;
}

/** Names of embeddings and heads, here and in models from elsewhere. */
const TABLES = /(^|\.)(tokens?|positions?|class(es|Token)|\w*embed(ding|dings|s)?|\w*head|vocab\w*|wte|wpe)(\.|$)/i;

/** Whether a parameter is a hidden matrix: two axes, and no part of its path names an embedding or a head. */
export const isHiddenMatrix: ParameterFilter = (path, leaf) => leaf.rank === 2 && !TABLES.test(path);

/** Muon for the parameters that `matrices` names, AdamW for the rest. */
export function muon({ adam = {}, matrices = isHiddenMatrix, ...options }: MuonOptions = {}): Transform<Readonly<Record<"matrices" | "rest", unknown>>> {
  const parts = { matrices: matrixMuon(options), rest: adamw({ lr: 3e-4, ...adam }) };
  return { ...partition(parts, (path, leaf) => (matrices(path, leaf) ? "matrices" : "rest")), name: "muon" };
}

/** Muon alone: every parameter must have two axes or more. Kernels [O, C, ...] are taken as matrices [O, C · …]. */
export function matrixMuon(options: MatrixMuonOptions = {}): Transform<MuonState> {
  const { lr = 0.02, momentum = 0.95, nesterov = true, weightDecay = 0, size = "shape", steps = NEWTON_SCHULZ_STEPS } = options;
  return transform({
    name: "muon",
    init: (params) => ({ step: zeroSteps(), velocity: zerosFor(params) }),
    update: (grads, { step, velocity }, params) => {
      const rate = rateAt(lr, step);
      const loss = mul(rate, -weightDecay);
      const [updates, slots] = updateEach({ grads, params, slots: { velocity } }, ({ g, p, slots: { velocity: m } }) => {
        const next = add(mul(m, momentum), g);
        const direction = nesterov ? add(g, mul(next, momentum)) : next;
        const matrix = reshape(direction, [g.shape[0], -1]);
        const [rows, columns] = matrix.shape;
        // Dense weights are [in, out], kernels [O, C, ...]: the other way round.
        const [fanIn, fanOut] = g.rank === 2 ? [rows, columns] : [columns, rows];
        const gain = size === "adam" ? 0.2 * Math.sqrt(Math.max(fanIn, fanOut)) : Math.sqrt(Math.max(1, fanOut / fanIn));
        const descent = mul(reshape(orthogonalize(matrix, { steps }), g.shape), factor(mul(rate, -gain), g));
        return { update: weightDecay === 0 ? descent : add(mul(p, factor(loss, g)), descent), slots: { velocity: next } };
      });
      return [updates, { step: add(step, 1), ...slots }];
    },
  });
}
