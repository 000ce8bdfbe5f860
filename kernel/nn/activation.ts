/** @file Activation functions by name. */
import { gelu, geluTanh, silu } from "../graph/composites/activations";
import { relu, sigmoid, square, tanh } from "../graph/ops/elementwise";
import type { Tensor } from "../graph/tensor";

/** Elementwise functions by the names that layers take. */
export const ACTIVATIONS = {
  /** x Φ(x), exact. */
  gelu,
  /** GELU by its tanh approximation (GPT-2). */
  geluTanh,
  /** x σ(x). */
  silu,
  relu,
  /** max(x, 0)² (So et al. 2021, Primer). */
  squaredRelu: (x: Tensor): Tensor => square(relu(x)),
  /** x². */
  square: (x: Tensor): Tensor => square(x),
  tanh,
  sigmoid,
  identity: (x: Tensor): Tensor => x,
} satisfies Record<string, (x: Tensor) => Tensor>;

export type Activation = keyof typeof ACTIVATIONS;

/** The named function applied to `x`. */
export const activate = (name: Activation, x: Tensor): Tensor => ACTIVATIONS[name](x);
