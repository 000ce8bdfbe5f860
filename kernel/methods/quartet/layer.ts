/** @file Linear layers whose three products, one forward and two backward, are all of 4-bit numbers. */
import { ArgumentError } from "../../errors";
import { composite } from "../../graph/composite";
import { add } from "../../graph/ops/elementwise";
import { matmul } from "../../graph/ops/linalg";
import { transpose } from "../../graph/ops/movement";
import { tap } from "../../graph/taps";
import type { Tensor } from "../../graph/tensor";
import { here } from "../../graph/trace";
import { Linear, onRows } from "../../nn/linear";
import { inBlocks, modulesOf, replaceModules } from "../../nn/surgery";
import { split, type Key } from "../../random/key";
import { forwardOperand, gradientOperand, grouped, randomHadamard, type ForwardOptions, type GradientRounding } from "./quantizers";

export interface BackwardOptions {
  /** How the operands of the backward products are rounded; "exact": they are not, so that only the forward pass has 4 bits. Default "sr". */
  readonly rounding?: GradientRounding | "exact";
  /** Whether the operands are rotated by a random Hadamard transform, new in every step. Default true. */
  readonly rotate?: boolean;
}

/** What a product is told: part of its identity. */
type ProductOptions = { readonly rounding: GradientRounding | "exact"; readonly rotate: boolean };

/** x wᵀ of x [N, I] and w [O, I], quantized already: [N, O]. A third operand is the key of the backward products. */
const quantizedProduct = composite<ProductOptions>({
  name: "QuartetProduct",
  decompose: ([x, w]) => matmul(x, w, { transB: true }),
  vjp: ({ inputs: [x, w, ...given], g, options }) => {
    // All keys of a layer at once: a draw of keys is a graph of ten rounds, whatever their number.
    const keys = given.flatMap((key) => split(key, 2 * KEYS));
    const inputs = product(g, transpose(w), { ...options, keys: keys.slice(0, KEYS) });
    const weights = product(transpose(g), transpose(x), { ...options, keys: keys.slice(KEYS) });
    return [inputs, weights, ...given.map(() => null)];
  },
});

/** Keys of a backward product: of signs, and of the rounding of either operand. */
const KEYS = 3;

/**
 * a bᵀ of a [M, K] and b [N, K] as the backward pass computes it: [M, N]. Both operands are rotated by the same random signs and the Hadamard transform,
 * which cancel in the product, and quantized along K.
 * @throws {ArgumentError} without a key where signs or roundings are random.
 */
export const backwardProduct = (a: Tensor, b: Tensor, { rounding = "sr", rotate = true, key }: BackwardOptions & { readonly key?: Key }): Tensor =>
  product(a, b, { rounding, rotate, keys: key === undefined ? [] : split(key, KEYS) });

function product(a: Tensor, b: Tensor, { rounding, rotate, keys }: ProductOptions & { readonly keys: readonly Key[] }): Tensor {
  if (rounding === "exact") return matmul(a, b, { transB: true });
  if (keys.length === 0 && (rotate || rounding === "sr"))
    throw new ArgumentError(`quartet: a backward pass with random ${rotate ? "signs" : "rounding"}, without a key`, { where: here(), help: "train with the loss (model, batch, key) => lossOf(quartet.keyed(model, key), batch), and give the trainer a key" });
  const [signs, ...roundings] = keys;
  const [left, right] = [a, b].map((v, i) => gradientOperand(rotate ? randomHadamard(v, signs) : grouped(v), { rounding, key: roundings[i] }));
  return matmul(left.values, right.values, { transB: true, alpha: left.factor * right.factor });
}

export interface QuartetOptions {
  readonly forward?: ForwardOptions;
  readonly backward?: BackwardOptions;
}

/** x W + b with 4-bit products: [..., in] → [..., out]. Weight and bias stay as precise as they were; the quantized input [N, in] is tapped as "fourBitInput". */
export class QuartetLinear extends Linear {
  readonly options: QuartetOptions;
  /** Of the backward pass of this step; undefined until `keyed` gives one. */
  readonly key: Key | undefined;

  /** @param layer - whose weight [in, out] and bias it takes. */
  constructor({ weight, bias }: Linear, { key, ...options }: QuartetOptions & { readonly key?: Key }) {
    super(weight, bias);
    this.options = options;
    this.key = key;
  }

  override forward(x: Tensor): Tensor {
    const { weight, bias, key, options: { forward, backward: { rounding = "sr", rotate = true } = {} } } = this;
    return onRows(x, (rows) => {
      const operands = [tap("fourBitInput", forwardOperand(rows, forward)), forwardOperand(transpose(weight), forward)];
      const product = quantizedProduct(key === undefined ? operands : [...operands, key], { rounding, rotate });
      return bias === undefined ? product : add(product, bias);
    });
  }
}

/**
 * `model` with 4-bit products in the place of those of its linear layers. Weights are shared with `model`.
 * @param where - which layers, by path. Default all but embeddings and heads.
 * @throws {NoEffectError} when there is no linear layer.
 */
export const quartet = <M extends object>(model: M, options: QuartetOptions = {}, where: (path: string) => boolean = inBlocks): M =>
  replaceModules(model, (layer, path) => (layer instanceof Linear && !(layer instanceof QuartetLinear) && where(path) ? new QuartetLinear(layer, options) : layer));

/** `model` with random numbers for the backward pass of one step: a key of its own for every layer. Call it inside the loss.
 * @throws {NoEffectError} when no layer has 4-bit products. */
export function keyed<M extends object>(model: M, key: Key): M {
  const layers = modulesOf(model).filter(([, layer]) => layer instanceof QuartetLinear);
  const keys = new Map(split(key, Math.max(1, layers.length)).map((own, i) => [layers[i]?.[0], own] as const));
  return replaceModules(model, (layer, path) => (layer instanceof QuartetLinear ? new QuartetLinear(layer, { ...layer.options, key: keys.get(path) }) : layer));
}
