/** @file A model with a DNA's subprograms in its blocks. */
import { UnsupportedOpError } from "../../errors";
import { tap } from "../../graph/taps";
import type { Tensor } from "../../graph/tensor";
import { Attention, type Projections } from "../../nn/attention";
import { Mlp } from "../../nn/mlp";
import { replaceModules } from "../../nn/surgery";
import { learntBy, runProgram, type Dna, type Program } from "./program";

type Learnt = Readonly<Record<string, Tensor>>;
interface Parts {
  readonly program: Program;
  readonly bank: readonly number[];
}

/** down(program(up(x))). */
class ProgramMlp extends Mlp {
  constructor(
    base: Mlp,
    readonly parts: Parts,
    readonly learnt: Learnt,
  ) {
    super(base);
  }

  override forward(x: Tensor): Tensor {
    return this.down.call(tap("hidden", runProgram(this.parts.program, this.up.call(x), { bank: this.parts.bank, learnt: this.learnt })));
  }
}

const NAMES = ["q", "k", "v"] as const;
const each = <T>(value: (name: (typeof NAMES)[number]) => T): { readonly q: T; readonly k: T; readonly v: T } => ({ q: value("q"), k: value("k"), v: value("v") });

/** Attention with a program after each projection. */
class ProgramAttention extends Attention {
  constructor(
    base: Attention,
    readonly parts: Parts,
    readonly learnt: { readonly q: Learnt; readonly k: Learnt; readonly v: Learnt },
  ) {
    super(base);
  }

  override step(): never {
    throw new UnsupportedOpError("decoding with a cache, for programs that may read earlier positions", { help: "decode with whole windows" });
  }

  protected override project(x: Tensor, memory: Tensor): Projections {
    const plain = super.project(x, memory);
    return each((name) => runProgram(this.parts.program, plain[name], { bank: this.parts.bank, learnt: this.learnt[name] }));
  }
}

/** `model` with the subprograms in every feed-forward layer that is not gated and every attention layer. Weights are shared with `model`.
 * @throws {NoEffectError} when it has neither. */
export function withDna<M extends object>(model: M, { activation, projection, bank }: Dna): M {
  return replaceModules(model, (layer) => {
    if (layer instanceof Mlp && layer.gate === undefined) return new ProgramMlp(layer, { program: activation, bank }, learntBy(activation, layer.up.outputs));
    if (layer instanceof Attention && projection.length > 0) return new ProgramAttention(layer, { program: projection, bank }, each((name) => learntBy(projection, layer[name].outputs)));
    return layer;
  });
}
