/** @file Other ways to choose experts: a second choice drawn with noise, and one that does not look at the token. */
import { ShapeError } from "../../errors";
import { add, stopGradient, where } from "../../graph/ops/elementwise";
import { oneHotOf } from "../../graph/ops/indexing";
import { concat, expandDims } from "../../graph/ops/movement";
import { argMax, topK } from "../../graph/ops/reduction";
import { fromHost, type Tensor } from "../../graph/tensor";
import { here } from "../../graph/trace";
import { Moe } from "../../nn/moe";
import { route, type Route } from "../../nn/routing";
import { gumbel } from "../../random/continuous";
import { HostRandom } from "../../random/hostRandom";
import { split } from "../../random/key";

/** Below all logits. */
const NEVER = -1e30;

/**
 * In training, the choices after the first are the highest of logits + Gumbel noise, that is, drawn without replacement by their probabilities.
 * Outside of training, and for one choice, a plain `Moe`.
 */
export class NoisyMoe extends Moe {
  override route(logits: Tensor): Route {
    const { k } = this.settings;
    if (this.key === undefined || k === 1) return super.route(logits);
    const [chance, noise] = split(this.key);
    const fixed = stopGradient(logits);
    const first = argMax(fixed);
    const taken = oneHotOf(first, this.count, "bool");
    const others = topK(where(taken, NEVER, add(fixed, gumbel(noise, fixed.shape))), k - 1).indices;
    const places = this.withKey(chance).places();
    return route(logits, { ...places, experts: concat([expandDims(first, 1), others], 1) });
  }
}

/** The negative control: the expert of a token is decided by its position alone, at random and once for all. Parameters and FLOPs are those of a `Moe`, and so is the gate's factor on the result. */
export class PositionMoe extends Moe {
  /** The expert of each position. */
  readonly table: readonly number[];

  /** @param context - of the model: how many positions its sequences have, here always all of them. */
  constructor(base: Moe, { context, seed }: { readonly context: number; readonly seed: number | string }) {
    super(base);
    const even = Int32Array.from({ length: context }, (_, t) => t % base.count);
    this.table = [...HostRandom.seeded(seed).split("positions").shuffle(even)];
  }

  override route(logits: Tensor): Route {
    const [n] = logits.shape;
    const time = this.table.length;
    if (n % time !== 0) throw new ShapeError(`PositionMoe: ${n} tokens for sequences of ${time}`, { where: here(), help: "call the model with whole sequences" });
    const sequences = n / time;
    // Rows are [T, B], time first.
    const experts = fromHost({ dtype: "int64", shape: [n, 1], data: BigInt64Array.from({ length: n }, (_, row) => BigInt(this.table[Math.floor(row / sequences)])) });
    return route(logits, { ...this.places(), k: 1, experts });
  }
}
