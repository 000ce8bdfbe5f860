/** @file Activation functions. */
import { geluTanh, gelu, logSoftmax, silu, softmax, softplus } from "../../graph/composites/activations";
import {
  abs,
  add,
  cast,
  clip,
  div,
  equal,
  exp,
  less,
  greater,
  minimum,
  mul,
  relu,
  scalar,
  sigmoid,
  sub,
  tanh,
  where,
  type TensorLike,
} from "../../graph/ops/elementwise";
import { iota, reshape } from "../../graph/ops/movement";
import { argMax } from "../../graph/ops/reduction";
import { normalizeAxis, sizeOf } from "../../graph/shape";
import type { Tensor } from "../../graph/tensor";
import type { NodeCall, OperatorRule, OperatorTable } from "./nodeCall";

/** e^x − 1 where x is negative, 0 elsewhere: its gradient is finite for large x. */
const negativeExp = (x: Tensor): Tensor => sub(exp(minimum(x, 0)), 1);

const elu = (x: Tensor, alpha: number): Tensor => add(relu(x), mul(negativeExp(x), alpha));
const hardSigmoid = (x: Tensor, alpha: number, beta: number): Tensor => clip(add(mul(x, alpha), beta), 0, 1);
const leakyRelu = (x: Tensor, slope: TensorLike): Tensor => where(less(x, 0), mul(x, slope), x);

/** Before version 13 an operator along an axis joined all later axes into one. */
const alongAxis =
  (fn: (x: Tensor, axis: number) => Tensor): OperatorRule =>
  (call) => {
    const x = call.x();
    if (call.opset >= 13) return fn(x, normalizeAxis(call.int("axis", -1), x.rank, call.node.opType));
    const axis = normalizeAxis(call.int("axis", 1), x.rank, call.node.opType);
    return reshape(fn(reshape(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]), 1), x.shape);
  };

/** 1 at the first largest element along the axis, 0 elsewhere. */
function hardmax(x: Tensor, axis: number): Tensor {
  const column = (shape: readonly number[], length: number): number[] => shape.map((_, i) => (i === axis ? length : 1));
  const positions = reshape(iota(x.shape[axis], "int64"), column(x.shape, x.shape[axis]));
  return cast(equal(positions, reshape(argMax(x, axis), x.shape.with(axis, 1))), x.dtype);
}

function shrink(call: NodeCall): Tensor {
  const x = call.x();
  const [lambda, bias] = [call.float("lambd", 0.5), call.float("bias", 0)];
  return where(less(x, -lambda), add(x, bias), where(greater(x, lambda), sub(x, bias), scalar(0, x.dtype)));
}

/** A slope of fewer axes is aligned with the last ones, as in broadcasting. */
const prelu: OperatorRule = (call) => leakyRelu(call.x(0), call.x(1));

export const activation: OperatorTable = {
  Celu: (call) => {
    const alpha = call.float("alpha", 1);
    return add(relu(call.x()), mul(sub(exp(minimum(mul(call.x(), 1 / alpha), 0)), 1), alpha));
  },
  Elu: (call) => elu(call.x(), call.float("alpha", 1)),
  Gelu: (call) => (call.string("approximate", "none") === "tanh" ? geluTanh : gelu)(call.x()),
  HardSigmoid: (call) => hardSigmoid(call.x(), call.float("alpha", 0.2), call.float("beta", 0.5)),
  HardSwish: (call) => mul(call.x(), hardSigmoid(call.x(), 1 / 6, 0.5)),
  Hardmax: alongAxis(hardmax),
  LeakyRelu: (call) => leakyRelu(call.x(), call.float("alpha", 0.01)),
  LogSoftmax: alongAxis(logSoftmax),
  Mish: (call) => mul(call.x(), tanh(softplus(call.x()))),
  PRelu: prelu,
  Relu: (call) => relu(call.x()),
  Selu: (call) => mul(elu(call.x(), call.float("alpha", 1.67326319217681884765625)), call.float("gamma", 1.05070102214813232421875)),
  Shrink: shrink,
  Sigmoid: (call) => sigmoid(call.x()),
  Softmax: alongAxis(softmax),
  Softplus: (call) => softplus(call.x()),
  Softsign: (call) => div(call.x(), add(abs(call.x()), 1)),
  Swish: (call) => (call.float("alpha", 1) === 1 ? silu(call.x()) : mul(call.x(), sigmoid(mul(call.x(), call.float("alpha", 1))))),
  ThresholdedRelu: (call) => where(greater(call.x(), call.float("alpha", 1)), call.x(), scalar(0, call.x().dtype)),
};

/** Activations that recurrent operators name, with their parameters' defaults. */
export const NAMED_ACTIVATIONS: Readonly<Record<string, (x: Tensor, alpha: number | undefined, beta: number | undefined) => Tensor>> = {
  Affine: (x, alpha = 1, beta = 0) => add(mul(x, alpha), beta),
  Elu: (x, alpha = 1) => elu(x, alpha),
  HardSigmoid: (x, alpha = 0.2, beta = 0.5) => hardSigmoid(x, alpha, beta),
  LeakyRelu: (x, alpha = 0.01) => leakyRelu(x, alpha),
  Relu: (x) => relu(x),
  ScaledTanh: (x, alpha = 1, beta = 1) => mul(tanh(mul(x, beta)), alpha),
  Sigmoid: (x) => sigmoid(x),
  Softplus: (x) => softplus(x),
  Softsign: (x) => div(x, add(abs(x), 1)),
  Tanh: (x) => tanh(x),
  ThresholdedRelu: (x, alpha = 1) => where(greater(x, alpha), x, mul(x, 0)),
};
