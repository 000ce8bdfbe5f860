/**
 * @file Run in a process of its own, whose operator library, or provider for devices, is checked by sanitizers: models with our operators as they are, and with
 * damaged programs, attributes and operands. Says what it did.
 */
import { conv, fromHost, gather, matmul, nn, optim, realize, scaledDotProductAttention, softmax, softmaxCrossEntropy, tensor, vjp, where, type Tensor } from "../../kernel/index";
import { encodeModel } from "../../kernel/onnx/protobuf";
import type { OnnxAttribute, OnnxModel, OnnxNode } from "../../kernel/onnx/model";
import type { Port } from "../../kernel/runtime/executor";
import { executor, kernels, lowered, modelOf } from "../../kernel/runtime/session";
import { sizeOf, type Shape } from "../../kernel/graph/shape";
import type { Storage } from "../../kernel/graph/tensor";
import { hostArray } from "../../kernel/graph/dtype";

const data = (...shape: readonly number[]): Tensor => fromHost({ dtype: "float32", shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i)) });
const classes = (count: number): Tensor => fromHost({ dtype: "int32", shape: [count], data: Int32Array.from({ length: count }, (_, i) => i % 3) });

/** A result and its gradients of the operands. */
const withGradients = (out: Tensor, wrt: readonly Tensor[]): Tensor[] => [out, ...vjp([out], { seeds: [data(...out.shape)], wrt })];

interface Case {
  readonly operands: readonly Tensor[];
  readonly results: (operands: readonly Tensor[]) => readonly Tensor[];
}
const attends = (timeFirst: boolean, ...operands: readonly Tensor[]): Case => ({
  operands,
  results: ([q, k, v, bias]) => withGradients(scaledDotProductAttention({ q, k, v }, { causal: !timeFirst, timeFirst, bias }), [q, k, v]),
});
const CASES: readonly Case[] = [
  { operands: [data(37, 65)], results: ([x]) => [where(x.less(0.5), softmax(x.mul(data(65)).add(data(37, 1)).tanh()), tensor(2)).sum(-1)] },
  { operands: [data(19, 33), classes(19)], results: ([logits, targets]) => withGradients(softmaxCrossEntropy(logits, targets), [logits]) },
  attends(false, data(2, 70, 9), data(2, 75, 9), data(2, 75, 5)),
  { operands: [data(3, 4, 9, 7), data(6, 2, 3, 2)], results: ([x, w]) => withGradients(conv(x, w, { stride: [2, 1], padding: [1, 0], groups: 2 }), [w]) },
  { operands: [data(3, 5, 9, 7), data(6, 5, 3, 2)], results: ([x, w]) => withGradients(conv(x, w, { padding: [1, 0] }), [x, w]) },
  { operands: [data(3, 17, 9, 7), data(35, 17, 3, 3)], results: ([x, w]) => withGradients(conv(x, w, { padding: [1, 0] }), [x, w]) },
  { operands: [data(2, 3, 8, 12)], results: ([x]) => [...withGradients(nn.maxPool(x, { size: 2 }), [x]), ...withGradients(nn.maxPool(x, { size: 4 }), [x])] },
  { operands: [data(3, 70), data(), data(0), data(40_000)], results: (tensors) => [optim.globalNorm(tensors)] },
  { operands: [data(9, 20), classes(35)], results: ([table, indices]) => withGradients(gather(table, indices), [table]) },
  { operands: [data(50, 70), data(50, 33)], results: ([a, b]) => [matmul(a, b, { transA: true, alpha: 0.5 })] },
  attends(true, data(70, 4, 9), data(75, 2, 9), data(75, 2, 5), data(2, 1, 70, 1)),
];

let seed = Number(process.argv[2]);
const random = (below: number): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};
const oneOf = <T>(items: readonly T[]): T => items[random(items.length)];

/** A program with some of its numbers changed, dropped, or repeated. */
function damagedProgram(program: string): string {
  const numbers = program.split(" ");
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(numbers.length);
    const what = random(4);
    if (what === 0) numbers[at] = String(random(64));
    else if (what === 1) numbers[at] = oneOf(["-1", "4294967295", "9223372036854775807", "99999999999", "x", ""]);
    else numbers.splice(at, what === 2 ? 1 : 0, ...(what === 3 ? [numbers[at]] : []));
  }
  return numbers.join(" ");
}

function damagedAttribute(attribute: OnnxAttribute): OnnxAttribute {
  if (attribute.type === "string") return { type: "string", value: damagedProgram(attribute.value) };
  if (attribute.type === "int") return { type: "int", value: oneOf([-1, 0, 1, 2, 3, 2 ** 31, 2 ** 53 - 1]) };
  return attribute.type === "float" ? { type: "float", value: oneOf([0, NaN, Infinity, -1e38]) } : attribute;
}

const damagedNode = (node: OnnxNode): OnnxNode => {
  const inputs = [...node.inputs];
  if (random(3) === 0) inputs.splice(random(inputs.length), 1, ...oneOf([[], [""], [oneOf(inputs)], [oneOf(inputs), oneOf(inputs)]]));
  return { ...node, inputs, attributes: Object.fromEntries(Object.entries(node.attributes).map(([name, value]) => [name, random(2) === 0 ? damagedAttribute(value) : value])) };
};

const damagedShape = (shape: Shape): Shape => (shape.length === 0 || random(3) > 0 ? shape : shape.with(random(shape.length), oneOf([0, 1, 2, 5, 33, 64, 71])));

const engine = await executor();
const storage = ({ dtype, shape }: Port): Storage => ({ data: hostArray(dtype, sizeOf(shape)) });

interface Attempt {
  readonly model: OnnxModel;
  readonly inputs: readonly (Port & { readonly storage?: Storage })[];
  readonly outputs: readonly Port[];
}

async function attempt({ model, inputs, outputs }: Attempt): Promise<"ran" | "refused"> {
  try {
    const program = await engine.load({ model: encodeModel(model), inputs, outputs });
    try {
      await program.run(inputs.map((input) => input.storage ?? storage(input)), outputs.map(storage));
      return "ran";
    } finally {
      await program.release();
    }
  } catch {
    return "refused";
  }
}

const counts = { whole: 0, ran: 0, refused: 0 };
const DAMAGED = 100;

for (const { operands, results } of CASES) {
  const graph = lowered(results(operands), { inputs: operands, kernels: kernels(), fold: false });
  const model = modelOf(graph, kernels());
  const inputs = graph.inputs.map(({ dtype, shape, storage: filled }, i) => ({ name: `i${i}`, dtype, shape, ...(filled === undefined ? {} : { storage: filled }) }));
  const outputs = graph.outputs.map(({ dtype, shape }, i) => ({ name: `o${i}`, dtype, shape }));
  if ((await attempt({ model, inputs, outputs })) === "ran") counts.whole++;
  for (let i = 0; i < DAMAGED; i++) {
    const nodes = model.graph.nodes.map((node) => (node.domain === "isoflop" && random(2) === 0 ? damagedNode(node) : node));
    const bent = inputs.map(({ name, dtype, shape }) => ({ name, dtype, shape: random(2) === 0 ? shape : damagedShape(shape) }));
    // Shapes of results are not declared: a damaged model has others.
    const values = random(2) === 0 ? model.graph.values : [];
    counts[await attempt({ model: { ...model, graph: { ...model.graph, nodes, inputs: bent, values } }, inputs: random(2) === 0 ? inputs : bent, outputs })]++;
  }
}

const value = CASES[0].results(CASES[0].operands)[0];
await realize([value]);
process.stdout.write(`${engine.description}; whole ${counts.whole} of ${CASES.length}; ran ${counts.ran}, refused ${counts.refused}; values ${[...(await value.numbers())].slice(0, 3).map((number) => number.toFixed(3)).join()}\n`);
