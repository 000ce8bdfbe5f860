/** @file Coalescing, de-coalescing and interpolation of GPTs: the three operators between two levels. */
import { ArgumentError, ShapeError, UnsupportedOpError } from "../../errors";
import { add, mul } from "../../graph/ops/elementwise";
import { matmul } from "../../graph/ops/linalg";
import { zip } from "../../graph/tree";
import { sameShape, showShape } from "../../graph/shape";
import type { Tensor } from "../../graph/tensor";
import { Attention } from "../../nn/attention";
import { Block } from "../../nn/block";
import { Embedding } from "../../nn/embedding";
import { Gpt } from "../../nn/gpt";
import { Linear } from "../../nn/linear";
import { Mlp } from "../../nn/mlp";
import { withPaths } from "../../nn/module";
import { LayerNorm, RmsNorm, type Norm } from "../../nn/normalization";
import { axisMap, pairs, type AxisMap, type Groups, type Pairing } from "./maps";

/** Between a model and one of half its width and depth. */
export interface LevelMaps {
  /** Channels of the stream, in as many groups as there are heads. */
  readonly stream: AxisMap;
  /** Channels of all heads: whole heads, so that 1/√(head width) stays. */
  readonly heads: AxisMap;
  readonly hidden: AxisMap;
  /** R and G: layers. */
  readonly layers: Groups;
}

export interface MapOptions {
  /** Default "stack": i with i + n. */
  readonly width?: Pairing;
  /** Default "adjacent". */
  readonly depth?: Pairing;
}

/** The maps between `model` and one of half its heads, width, feed-forward width and layers.
 * @throws {ArgumentError} when one of them is odd. @throws {UnsupportedOpError} for a tied head, or heads that share keys and values. */
export function coalesceMaps(model: Gpt, { width = "stack", depth = "adjacent" }: MapOptions = {}): LevelMaps {
  const [{ attention, mlp }] = model.blocks;
  const { heads, kvHeads } = attention.settings;
  if (model.head === undefined) throw new UnsupportedOpError("multi-level: a tied head sums over channels that are there twice", { help: "build the GPT with tie: false" });
  if (kvHeads !== heads) throw new UnsupportedOpError(`multi-level: ${heads} heads that share ${kvHeads} heads of keys and values`, { help: "use as many heads of keys and values as of queries" });
  const units = pairs("heads", { count: heads, pairing: width });
  const of = (what: string, size: number): AxisMap => {
    if (size % heads !== 0) throw new ArgumentError(`multi-level: ${what} of ${size} for ${heads} heads`, { help: "use widths that the heads divide" });
    return axisMap(units, size / heads);
  };
  return { stream: of("a width", attention.q.inputs), heads: of("head channels", attention.q.outputs), hidden: of("a feed-forward width", mlp.up.outputs), layers: pairs("layers", { count: model.blocks.length, pairing: depth }) };
}

/** What is done along an axis of a weight. Coalescing averages outputs and sums inputs; de-coalescing copies outputs and splits inputs. */
type Side = "inputs" | "outputs";
type Direction = "coalesce" | "decoalesce";

/** The matrix that the axis is multiplied by, [new, old] of `average` and `copy`, which is a transpose for inputs. */
function along(x: Tensor, { axis, map: { average, copy }, side, direction }: { readonly axis: number; readonly map: AxisMap; readonly side: Side; readonly direction: Direction }): Tensor {
  const matrix = (direction === "coalesce") === (side === "outputs") ? average : copy;
  const transposed = side === "inputs";
  return axis === 0 ? matmul(matrix, x, { transA: transposed }) : matmul(x, matrix, { transB: !transposed });
}

class Transfer {
  constructor(
    private readonly maps: LevelMaps,
    private readonly direction: Direction,
  ) {}

  model(model: Gpt): Gpt {
    const { stream } = this.maps;
    const { head, positions } = model;
    return withPaths(
      new Gpt({
        tokens: this.table(model.tokens),
        positions: positions === undefined ? undefined : this.table(positions),
        blocks: this.depth(model.blocks.map((block) => this.block(block))),
        norm: this.norm(model.norm),
        head: head === undefined ? undefined : this.linear(head, { inputs: stream }),
        context: model.context,
      }),
    );
  }

  private block({ norm1, attention, norm2, mlp }: Block): Block {
    const { stream, heads, hidden } = this.maps;
    const scale = this.direction === "coalesce" ? heads.small / heads.large : heads.large / heads.small;
    const count = attention.settings.heads * scale;
    const into = (layer: Linear): Linear => this.linear(layer, { inputs: stream, outputs: heads });
    return new Block({
      norm1: this.norm(norm1),
      attention: new Attention({
        ...attention,
        q: into(attention.q),
        k: into(attention.k),
        v: into(attention.v),
        out: this.linear(attention.out, { inputs: heads, outputs: stream }),
        settings: { ...attention.settings, heads: count, kvHeads: count },
      }),
      norm2: this.norm(norm2),
      mlp: new Mlp({
        ...mlp,
        up: this.linear(mlp.up, { inputs: stream, outputs: hidden }),
        gate: mlp.gate === undefined ? undefined : this.linear(mlp.gate, { inputs: stream, outputs: hidden }),
        down: this.linear(mlp.down, { inputs: hidden, outputs: stream }),
      }),
    });
  }

  private linear({ weight, bias }: Linear, { inputs, outputs }: Partial<Record<Side, AxisMap>>): Linear {
    const { direction } = this;
    const read = inputs === undefined ? weight : along(weight, { axis: 0, map: inputs, side: "inputs", direction });
    const written = outputs === undefined ? read : along(read, { axis: 1, map: outputs, side: "outputs", direction });
    return new Linear(written, bias === undefined || outputs === undefined ? bias : this.vector(bias, outputs));
  }

  private vector(x: Tensor, map: AxisMap): Tensor {
    return along(x, { axis: 0, map, side: "outputs", direction: this.direction });
  }

  private table({ weight }: Embedding): Embedding {
    return new Embedding(along(weight, { axis: 1, map: this.maps.stream, side: "outputs", direction: this.direction }));
  }

  private norm(norm: Norm): Norm {
    const mapped = (x: Tensor): Tensor => this.vector(x, this.maps.stream);
    if (norm instanceof RmsNorm) return new RmsNorm(mapped(norm.weight), norm.epsilon);
    return new LayerNorm(norm.weight === undefined ? undefined : mapped(norm.weight), norm.bias === undefined ? undefined : mapped(norm.bias), norm.epsilon);
  }

  /** R: the mean of the layers of a group, all parameters alike. G: a copy for each. */
  private depth(blocks: readonly Block[]): readonly Block[] {
    const { layers } = this.maps;
    if (this.direction === "coalesce") return layers.map((group) => mix(group.map((i) => ({ part: blocks[i], share: 1 / group.length }))));
    const whole: Block[] = [];
    layers.forEach((group, i) => group.forEach((layer) => (whole[layer] = mix([{ part: blocks[i], share: 1 }]))));
    return whole;
  }
}

/** The weighted sum of trees of one form. */
function mix<T extends object>(parts: readonly { readonly part: T; readonly share: number }[]): T {
  const [first, ...rest] = parts.map(({ part, share }) => (share === 1 ? zip(part, part, (x) => x) : zip(part, part, (x) => mul(x, share))));
  return rest.reduce((sum, part) => zip(sum, part, (a, b) => add(a, b)), first);
}

/** The model of the next level: half the width and depth. Weights are new tensors. */
export const coalesce = (model: Gpt, maps: LevelMaps): Gpt => new Transfer(maps, "coalesce").model(model);

/** A model of this level from one of the next: in width the same function, with every channel there twice. */
export const decoalesce = (model: Gpt, maps: LevelMaps): Gpt => new Transfer(maps, "decoalesce").model(model);

/** (1 − α) model + α grown, weight by weight: what keeps twins from staying equal.
 * @throws {ArgumentError} unless 0 ≤ α ≤ 1. @throws {ShapeError} for models of different form. */
export function interpolate<M extends object>(model: M, grown: M, alpha: number): M {
  if (!(alpha >= 0 && alpha <= 1)) throw new ArgumentError(`multi-level: alpha ${alpha}`, { help: "give a number from 0 (the model before) to 1 (the grown one)" });
  return zip(model, grown, (a, b, path) => {
    if (!sameShape(a.shape, b.shape)) throw new ShapeError(`multi-level: ${path} is ${showShape(a.shape)} and ${showShape(b.shape)}`, { help: "interpolate a model with the one grown from its own coalescing" });
    return add(mul(a, 1 - alpha), mul(b, alpha));
  });
}
