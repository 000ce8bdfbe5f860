/** @file The public API: what `import { … } from "isoflop"` gives. */
import "./graph/methods";
import "./runtime/realize";

export * from "./errors";
export { DTYPES, type Dtype, type HostArray, type HostTensor } from "./graph/dtype";
export { type Shape } from "./graph/shape";
export { fromHost, realize, Tensor, tensor } from "./graph/tensor";
export * from "./graph/ops/elementwise";
export * from "./graph/ops/indexing";
export * from "./graph/ops/linalg";
export * from "./graph/ops/movement";
export * from "./graph/ops/reduction";
export * from "./graph/composites/activations";
export { scaledDotProductAttention } from "./graph/composites/attention";
export { softmaxCrossEntropy } from "./graph/composites/crossEntropy";
export { layerNorm, rmsNorm } from "./graph/composites/normalization";
export { composite, type CompositeDefinition } from "./graph/composite";
export { override, tap, withTaps } from "./graph/taps";
export * as tree from "./graph/tree";
export { grad, valueAndGrad, valueAndGradWithAux, vjp } from "./autodiff/grad";
export { checkpoint } from "./autodiff/checkpoint";
export { compile, type Compiled, type CompileOptions } from "./runtime/compile";
export { exportOnnx, type ExportOptions } from "./onnx/export";
export { loadTree, saveTree } from "./io/treeFile";
export * as nn from "./nn/index";
export * as optim from "./optim/index";
export * as random from "./random/index";
export * as data from "./data/index";
