/**
 * @file Moe: a feed-forward layer of E experts of which each token uses k (Shazeer et al. 2017; Fedus et al. 2022), with a capacity, as DeepSpeed-MoE
 * has it (Rajbhandari et al. 2022): a gate in float32, and random choice of who is dropped in training.
 *
 *   p = softmax(x W_g),  y = Σ_{e of the k highest} gate_e · (f(x U_e + a_e) V_e + b_e)
 */
import { ArgumentError } from "../errors";
import { add, cast } from "../graph/ops/elementwise";
import { matmul } from "../graph/ops/linalg";
import { tap, withTaps } from "../graph/taps";
import type { Tensor } from "../graph/tensor";
import { fold, split, type Key } from "../random/key";
import { activate, type Activation } from "./activation";
import { fanInInit, filled, type Initializer } from "./initializers";
import { onRows } from "./linear";
import { Mlp } from "./mlp";
import { Module } from "./module";
import { combine, dispatch, loadBalancingLoss, route, type Route, type RouteOptions } from "./routing";
import { modulesOf, replaceModules, type AnyModule } from "./surgery";

/** E linear layers side by side, each with rows of its own: [E, C, in] → [E, C, out]. */
export class StackedLinear extends Module<readonly [x: Tensor], Tensor> {
  /** @param weight - [E, in, out]. @param bias - [E, 1, out]. */
  constructor(
    readonly weight: Tensor,
    readonly bias: Tensor | undefined,
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    const product = matmul(x, this.weight);
    return this.bias === undefined ? product : add(product, this.bias);
  }
}

/** How tokens are routed: see `RouteOptions`. */
export interface MoeSettings {
  readonly k: number;
  readonly activation: Activation;
  /** In training, that is, in a model that `routedBy` gave a key. */
  readonly capacityFactor: number;
  /** Otherwise. */
  readonly evaluationFactor: number;
  readonly minCapacity: number;
  /** Whether chance decides in training who is dropped. */
  readonly randomSelection: boolean;
}

/**
 * [..., D] → [..., D], with all leading axes as one batch of N tokens that share the experts' places. Dropped tokens give 0.
 * Taps: "balanceLoss" (scalar), "experts" [N, k] int64 and "kept" [N, k] bool. A subclass may change what happens between: `logits`, `route`, and
 * `experts`, which gets the dispatched tokens [E, C, D].
 */
export class Moe extends Module<readonly [x: Tensor], Tensor> {
  /** [D, E]. */
  readonly gate: Tensor;
  readonly up: StackedLinear;
  readonly down: StackedLinear;
  readonly settings: MoeSettings;
  /** Of this step's routing; undefined outside of training. */
  readonly key: Key | undefined;

  constructor(parts: Pick<Moe, "gate" | "up" | "down" | "settings" | "key">) {
    super();
    this.gate = parts.gate;
    this.up = parts.up;
    this.down = parts.down;
    this.settings = parts.settings;
    this.key = parts.key;
  }

  /** E. */
  get count(): number {
    return this.gate.shape[1];
  }

  forward(x: Tensor): Tensor {
    return onRows(x, (rows) => {
      const way = this.way(rows);
      return combine(this.experts(dispatch(rows, way)), way);
    });
  }

  /** The way of tokens x [N, D], tapped. */
  protected way(x: Tensor): Route {
    const way = this.route(this.logits(x));
    tap("balanceLoss", loadBalancingLoss(way));
    tap("experts", way.experts);
    tap("kept", way.kept);
    return way;
  }

  /** Scores of tokens x [N, D]: [N, E] in float32, whatever x is. */
  logits(x: Tensor): Tensor {
    return matmul(cast(x, "float32"), cast(this.gate, "float32"));
  }

  /** The way of N tokens by their logits [N, E]. */
  route(logits: Tensor): Route {
    return route(logits, this.places());
  }

  /** Choices and places that the settings give in training, or outside of it. */
  protected places(): RouteOptions {
    const { k, capacityFactor, evaluationFactor, minCapacity, randomSelection } = this.settings;
    return { k, capacityFactor: this.key === undefined ? evaluationFactor : capacityFactor, minCapacity, key: randomSelection ? this.key : undefined };
  }

  /** Each expert on its own rows: [E, C, D] → [E, C, D]. */
  experts(x: Tensor): Tensor {
    return this.down.call(activate(this.settings.activation, this.up.call(x)));
  }

  /** This layer with the key of a step. */
  withKey(key: Key): this {
    // SAFETY: prototype and fields are those of this layer.
    return Object.assign(Object.create(Object.getPrototypeOf(this)), this, { key }) as this;
  }
}

export interface MoeOptions extends Partial<MoeSettings> {
  readonly width: number;
  /** Width inside each expert. Default 4 · width. */
  readonly hidden?: number;
  /** E. */
  readonly experts: number;
  /** Default true. */
  readonly bias?: boolean;
  readonly key: Key;
  /** Of the experts' first matrices, and of the gate. Default normal with deviation 1/√in. */
  readonly init?: Initializer;
  /** Of the experts' second matrices. Default `init`. */
  readonly outInit?: Initializer;
}

/** A layer of experts. Defaults: k 1, activation "gelu", capacity factor 1, the same for evaluation, at least 4 places, random selection in training. */
export function moe({ width, hidden = 4 * width, experts, bias = true, key, init = fanInInit(), outInit = init, ...given }: MoeOptions): Moe {
  const { k = 1, activation = "gelu", capacityFactor = 1, evaluationFactor = capacityFactor, minCapacity = 4, randomSelection = true } = given;
  if (!Number.isInteger(experts) || experts < 1) throw new ArgumentError(`moe: ${experts} experts`, { help: "give a whole number from 1" });
  const stacked = (fanIn: number, fanOut: number, { label, draw }: { readonly label: string; readonly draw: Initializer }): StackedLinear =>
    new StackedLinear(draw({ shape: [experts, fanIn, fanOut], fanIn, fanOut }, fold(key, label)), bias ? filled([experts, 1, fanOut], 0) : undefined);
  return new Moe({
    gate: init({ shape: [width, experts], fanIn: width, fanOut: experts }, fold(key, "gate")),
    up: stacked(width, hidden, { label: "up", draw: init }),
    down: stacked(hidden, width, { label: "down", draw: outInit }),
    settings: { k, activation, capacityFactor, evaluationFactor, minCapacity, randomSelection },
    key: undefined,
  });
}

/** A feed-forward layer that experts take the place of. */
export interface MixtureSite {
  readonly mlp: Mlp;
  readonly path: string;
  /** E. */
  readonly experts: number;
  /** Of this place. */
  readonly key: Key;
  /** For what is added to the stream: smaller by √(2 · depth), as in `block()`. */
  readonly outInit: Initializer;
}

export interface MixturesOptions {
  /** Experts in each block's feed-forward layer, the first block first; 0: it stays as it is. */
  readonly experts: readonly number[];
  readonly key: Key;
  /** What takes a layer's place. Default a `Moe` of its width, hidden width and activation, with `settings`. */
  readonly make?: (site: MixtureSite) => AnyModule;
  readonly settings?: Partial<MoeSettings>;
}

/** Options of a layer of experts, each as wide as the feed-forward layer of the site. */
export const siteOptions = ({ mlp, experts, key, outInit }: MixtureSite): MoeOptions => ({ width: mlp.up.inputs, hidden: mlp.up.outputs, activation: mlp.activation, bias: mlp.up.bias !== undefined, experts, key, outInit });

/**
 * `model` with experts in the place of its feed-forward layers. All other tensors are shared with `model`.
 * @throws {ArgumentError} when it has another number of feed-forward layers. @throws {NoEffectError} when none is replaced.
 */
export function withMixtures<M extends object>(model: M, { experts, key, settings, make = (site) => moe({ ...siteOptions(site), ...settings }) }: MixturesOptions): M {
  const paths = modulesOf(model).flatMap(([path, layer]) => (layer instanceof Mlp ? [path] : []));
  if (paths.length !== experts.length) throw new ArgumentError(`withMixtures: experts for ${experts.length} blocks in a model of ${paths.length} feed-forward layers`, { help: "give a number for each block, 0 for none: [0, 8, 0, 8]" });
  const outInit = fanInInit(1 / Math.sqrt(2 * experts.length));
  return replaceModules(model, (layer, path) => {
    const count = layer instanceof Mlp ? experts[paths.indexOf(path)] : 0;
    return layer instanceof Mlp && count > 0 ? make({ mlp: layer, path, experts: count, key: fold(key, path), outInit }) : layer;
  });
}

/** `model` in training: a key of its own for the routing of each layer of experts. Call it inside the loss. @throws {NoEffectError} when it has none. */
export function routedBy<M extends object>(model: M, key: Key): M {
  const layers = modulesOf(model).flatMap(([path, layer]) => (layer instanceof Moe ? [path] : []));
  // All keys at once: a draw of keys is a graph of ten rounds, whatever their number.
  const keys = new Map(split(key, Math.max(1, layers.length)).map((own, i) => [layers[i], own] as const));
  return replaceModules(model, (layer, path) => {
    const own = layer instanceof Moe ? keys.get(path) : undefined;
    return layer instanceof Moe && own !== undefined ? layer.withKey(own) : layer;
  });
}

/** `fn` that also returns Σ over layers of experts of their balancing loss, which a training adds with a small factor (0.01).
 * @throws {NoEffectError} when `fn` calls none. */
export function withBalanceLoss<Args extends readonly unknown[], R>(fn: (...args: Args) => R): (...args: Args) => { readonly result: R; readonly balanceLoss: Tensor } {
  return (...args) => {
    const { result, taps } = withTaps(fn, /(^|\.)balanceLoss$/)(...args);
    const losses = Object.values(taps);
    return { result, balanceLoss: losses.reduce((sum, loss) => add(sum, loss)) };
  };
}
