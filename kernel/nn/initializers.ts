/** @file Initial values of parameters, each drawn from a key. */
import { sizeOf, type Shape } from "../graph/shape";
import { fromHost, type Tensor } from "../graph/tensor";
import { normal as randomNormal, uniform as randomUniform } from "../random/continuous";
import type { Key } from "../random/key";

/** A parameter to be made. */
export interface ParameterShape {
  readonly shape: Shape;
  /** Inputs that add up into one output. */
  readonly fanIn: number;
  /** Outputs that one input adds to. */
  readonly fanOut: number;
}
/** Makes the first values of a parameter from its shape and a key of its own. */
export type Initializer = (parameter: ParameterShape, key: Key) => Tensor;

/** All elements equal, in float32. */
export function filled(shape: Shape, value: number): Tensor {
  return fromHost({ dtype: "float32", shape, data: new Float32Array(sizeOf(shape)).fill(value) });
}

/** Initializer: all zero. Last layers of residual branches that shall begin as the identity. */
export const zeroInit: Initializer = ({ shape }) => filled(shape, 0);
/** Initializer: normal with a fixed standard deviation. */
export const normalInit =
  (std: number): Initializer =>
  ({ shape }, key) =>
    randomNormal(key, shape, { std });
/** Initializer: uniform in ±limit. */
export const uniformInit =
  (limit: number): Initializer =>
  ({ shape }, key) =>
    randomUniform(key, shape, { low: -limit, high: limit });
/** Initializer: normal with deviation gain / √fanIn, which keeps the scale of activations (LeCun et al. 1998). @param gain - √2 before ReLU. */
export const fanInInit =
  (gain = 1): Initializer =>
  ({ shape, fanIn }, key) =>
    randomNormal(key, shape, { std: gain / Math.sqrt(fanIn) });
/** Initializer: normal with deviation √(2 / fanIn), for layers followed by ReLU (He et al. 2015). */
export const heInit: Initializer = fanInInit(Math.SQRT2);
/** Initializer: uniform in ±√(6 / (fanIn + fanOut)) (Glorot & Bengio 2010). */
export const glorotInit: Initializer = ({ shape, fanIn, fanOut }, key) => uniformInit(Math.sqrt(6 / (fanIn + fanOut)))({ shape, fanIn, fanOut }, key);
