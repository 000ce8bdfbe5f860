/** @file `isoflop bench ops`: each operator of our own against its decomposition, on the same executor in alternating turns. */
import { assignColumns, compile, conv, fromHost, linearAttention, nn, numerics, optim, random, realize, scaledDotProductAttention, softmaxCrossEntropy, vjp, type Tensor } from "../index";
import { expand, isComposite } from "../graph/composite";
import { rewriteGraph } from "../graph/rewrite";
import { bucketIds, crossPolytopeCode } from "../graph/composites/hashing";
import { median } from "../fit/statistics";

export interface OperatorTime {
  readonly name: string;
  /** Median milliseconds of the operator. */
  readonly operatorMs: number;
  /** Median milliseconds of the same function in primitives. */
  readonly decomposedMs: number;
}

const floats = (...shape: readonly number[]): Tensor => random.normal(random.key(shape.join()), shape);
const integers = (shape: readonly number[], high: number): Tensor => random.int(random.key(high), shape, { high, dtype: "int64" });
const COUNT = 2 ** 20;

interface Case {
  readonly name: string;
  readonly inputs: () => readonly Tensor[];
  readonly fn: (...xs: readonly Tensor[]) => Tensor | readonly Tensor[];
}

/** Keys are arguments, so that nothing is drawn beforehand. */
const cases: readonly Case[] = [
  { name: "Philox bits, 2^20", inputs: () => [random.key(1)], fn: (key) => random.bits(key, [COUNT]) },
  { name: "Philox uniform, 2^20", inputs: () => [random.key(1)], fn: (key) => random.uniform(key, [COUNT]) },
  { name: "Philox normal, 2^20", inputs: () => [random.key(1)], fn: (key) => random.normal(key, [COUNT]) },
  { name: "nearest of 8 normals, 64 × 3072", inputs: () => [random.key(1), floats(64, 3072)], fn: (key, x) => random.nearestNormal(key, x, { candidates: 8 }) },
  { name: "MXFP4 nearest, 1024 × 1024", inputs: () => [floats(1024, 1024)], fn: (x) => numerics.quantize(x, "mxfp4") },
  { name: "MXFP4 stochastic, 1024 × 1024", inputs: () => [random.key(1), floats(1024, 1024)], fn: (key, x) => numerics.quantize(x, "mxfp4", { rounding: "stochastic", key }) },
  { name: "MXFP8 E4M3 nearest, 1024 × 1024", inputs: () => [floats(1024, 1024)], fn: (x) => numerics.quantize(x, "mxfp8e4m3") },
  { name: "NVFP4 nearest, 1024 × 1024", inputs: () => [floats(1024, 1024)], fn: (x) => numerics.quantize(x, "nvfp4") },
  { name: "Hadamard 32, 1024 × 1024", inputs: () => [floats(1024, 1024)], fn: (x) => numerics.hadamard(x) },
  { name: "route, dispatch, combine: 4096 × 256, 8 experts, top 2", inputs: () => [floats(4096, 256), floats(4096, 8)], fn: routeThereAndBack },
  { name: "the same with gradients", inputs: () => [floats(4096, 256), floats(4096, 8)], fn: (x, logits) => vjp([routeThereAndBack(x, logits)], { seeds: [x], wrt: [x, logits] }) },
  { name: "cross-polytope codes, 4096 × 6 of 16", inputs: () => [floats(4096, 6, 16)], fn: crossPolytopeCode },
  { name: "optimal assignment, 256 × 256", inputs: () => [floats(256, 256)], fn: assignColumns },
  { name: "buckets of 8192 keys", inputs: () => [integers([8192], 2000)], fn: bucketIds },
  kernelGradient(8, [32, 32], { size: 32 }),
  kernelGradient(8, [64, 64], { size: 16 }),
  kernelGradient(16, [256, 256], { size: 4 }),
  kernelGradient(8, [32, 64], { size: 32, stride: 2 }),
  attention(512, false),
  attention(512, true),
  attention(2048, true),
  { name: "softmax cross-entropy with gradient, 1024 × 8192", inputs: () => [floats(1024, 8192), integers([1024], 8192), floats(1024)], fn: (logits, y, g) => vjp([softmaxCrossEntropy(logits, y)], { seeds: [g], wrt: [logits] }) },
  { name: "linear attention, 8 × 1024 × 64", inputs: () => [1, 2, 3].map((i) => floats(8, 1024, 64).mul(i)), fn: (q, k, v) => linearAttention({ q, k, v }) },
  { name: "the same with gradients", inputs: () => [1, 2, 3].map((i) => floats(8, 1024, 64).mul(i)), fn: (q, k, v) => vjp([linearAttention({ q, k, v })], { seeds: [v], wrt: [q, k, v] }) },
];

/** Gradient of a 3 × 3 kernel, from an image and the gradient of the result. */
function kernelGradient(images: number, [from, to]: readonly [number, number], { size, stride = 1 }: { readonly size: number; readonly stride?: number }): Case {
  return {
    name: `kernel gradient 3 × 3, ${images} × ${from} → ${to}, ${size}²${stride === 1 ? "" : `, stride ${stride}`}`,
    inputs: () => [floats(images, from, size, size), floats(images, to, size / stride, size / stride), floats(to, from, 3, 3)],
    fn: (x, g, w) => vjp([conv(x, w, { stride, padding: 1 })], { seeds: [g], wrt: [w] }),
  };
}

/** Causal, of 32 heads of 64. */
function attention(length: number, gradients: boolean): Case {
  const mixed = (q: Tensor, k: Tensor, v: Tensor): Tensor => scaledDotProductAttention({ q, k, v }, { causal: true });
  return {
    name: `causal attention, 32 × ${length} × 64${gradients ? ", with gradients" : ""}`,
    inputs: () => [1, 2, 3].map((i) => floats(32, length, 64).mul(i / 2)),
    fn: gradients ? (q, k, v) => vjp([mixed(q, k, v)], { seeds: [v], wrt: [q, k, v] }) : mixed,
  };
}

function routeThereAndBack(x: Tensor, logits: Tensor): Tensor {
  const way = nn.route(logits, { k: 2, capacityFactor: 1.25 });
  return nn.combine(nn.dispatch(x, way), way);
}

/** Composites in primitives. */
const decomposed = (outputs: readonly Tensor[]): Tensor[] => rewriteGraph(outputs, (x) => (x.storage === undefined && isComposite(x) ? decomposed([expand(x)])[0] : x));

interface Arm {
  readonly run: (xs: readonly Tensor[], spent: readonly Tensor[]) => Promise<readonly Tensor[]>;
  spent: readonly Tensor[];
  readonly taken: number[];
}

const TURNS = 11;
const WARM_UP = 3;

/** Times every operator; `onCase` hears of each. */
export async function operatorTimes(onCase: (time: OperatorTime) => void = () => undefined): Promise<OperatorTime[]> {
  const times: OperatorTime[] = [];
  for (const { name, inputs, fn } of cases) {
    const xs = inputs().map((x) => x.add(fromHost({ dtype: x.dtype, shape: [], data: x.dtype === "int64" ? BigInt64Array.of(0n) : Float32Array.of(0) })));
    await realize(xs);
    // Results of the last turn are given away: those of the next one lie in the same memory, as in a training step.
    const arm = (result: (outputs: readonly Tensor[]) => readonly Tensor[]): Arm => ({ run: compile((args: readonly Tensor[], _spent: readonly Tensor[]) => result([fn(...args)].flat()), { donate: ["_spent"], name }), spent: [], taken: [] });
    const arms = [arm((outputs) => outputs), arm(decomposed)];
    for (let turn = 0; turn < TURNS + WARM_UP; turn++)
      for (const each of arms) {
        const start = performance.now();
        each.spent = await each.run(xs, each.spent);
        if (turn >= WARM_UP) each.taken.push(performance.now() - start);
      }
    const taken = arms.map((each) => each.taken);
    const time = { name, operatorMs: median(taken[0]), decomposedMs: median(taken[1]) };
    times.push(time);
    onCase(time);
  }
  return times;
}

export interface Bandwidth {
  /** Of AdamW over one array: it reads parameter, gradient and both moments and writes parameter and moments. */
  readonly adamwGBs: number;
  /** Of adding an array to another in place. */
  readonly addGBs: number;
}

const PARAMETERS = 2 ** 24;

/** How near AdamW comes to the bandwidth of memory: gigabytes a second, medians of alternating turns. */
export async function adamwBandwidth(): Promise<Bandwidth> {
  const adamw = optim.adamw({ lr: 1e-3 });
  const update = compile((w: Tensor, state: ReturnType<typeof adamw.init>, g: Tensor) => {
    const [updates, next] = adamw.update(g, state, w);
    return { w: optim.applyUpdates(w, updates), state: next };
  }, { donate: ["w", "state"], name: "adamw" });
  const add = compile((x: Tensor, y: Tensor) => x.add(y), { donate: ["x"], name: "add" });
  const [g, y] = [floats(PARAMETERS), floats(PARAMETERS)];
  let [w, x] = [floats(PARAMETERS), floats(PARAMETERS)];
  let state = adamw.init(w);
  await realize([g, y, w, x]);
  const taken: [number[], number[]] = [[], []];
  for (let turn = 0; turn < TURNS + WARM_UP; turn++) {
    const start = performance.now();
    ({ w, state } = await update(w, state, g));
    const middle = performance.now();
    x = await add(x, y);
    if (turn < WARM_UP) continue;
    taken[0].push(middle - start);
    taken[1].push(performance.now() - middle);
  }
  const gigabytes = (arrays: number): number => (arrays * 4 * PARAMETERS) / 1e9;
  return { adamwGBs: gigabytes(7) / (median(taken[0]) / 1000), addGBs: gigabytes(3) / (median(taken[1]) / 1000) };
}

export const showBandwidth = ({ adamwGBs, addGBs }: Bandwidth): string => `AdamW, 2^24 parameters: ${adamwGBs.toFixed(1)} GB/s; adding two arrays of that size: ${addGBs.toFixed(1)} GB/s`;

/** One line of the table. */
export const showOperatorTime = ({ name, operatorMs, decomposedMs }: OperatorTime): string => `${name.padEnd(58)} ${operatorMs.toFixed(2).padStart(9)} ms ${decomposedMs.toFixed(2).padStart(9)} ms ${(decomposedMs / operatorMs).toFixed(1).padStart(7)}×`;
