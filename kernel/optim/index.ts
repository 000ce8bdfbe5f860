/** @file The `optim` namespace: optimizers as pure transforms of gradients, and what is built of them. */
export { factor, mapUpdates, transform, updateEach, zerosFor, zeroSteps, type Parameter, type Transform, type Updated } from "./transform";
export { applyUpdates, freeze, scale, type Counted } from "./apply";
export { chain, partition, type States } from "./chain";
export { clipByGlobalNorm, clipByValue, globalNorm } from "./clip";
export { decaysByDefault, weightDecay, type ParameterFilter, type WeightDecayOptions } from "./decay";
export { constant, exponential, linear, piecewise, rateAt, warmup, warmupCosine, wsd, type Rate, type Schedule } from "./schedule";
export { type ExponentialOptions, type LinearScheduleOptions, type WarmupCosineOptions, type WsdOptions } from "./schedule";
export { momentum, sgd, type MomentumOptions, type SgdOptions } from "./sgd";
export { adam, adamw, type AdamOptions, type AdamState, type AdamWOptions } from "./adam";
export { adagrad, rmsprop, type AdagradOptions, type RmspropOptions, type SquaresState } from "./rmsprop";
export { lion, type LionOptions, type LionState } from "./lion";
export { isHiddenMatrix, matrixMuon, muon, type MatrixMuonOptions, type MuonOptions, type MuonState } from "./muon";
export { orthogonalize } from "./orthogonalize";
export { accumulate, type AccumulatedState } from "./accumulate";
export { ema, type Ema, type EmaOptions, type EmaState } from "./ema";
