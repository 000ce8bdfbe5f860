/** @file Run in a process of its own, whose provider for the simulated device is checked by sanitizers. Says what it did. */
import koffi from "koffi";
import { compile, fromHost, gather, softmax, tensor, topK, type Tensor, where } from "../../../kernel/index";
import type { OnnxModel } from "../../../kernel/onnx/model";
import { encodeModel } from "../../../kernel/onnx/protobuf";
import { formOf } from "../../../kernel/runtime/buffers";
import { deviceExecutor } from "../../../kernel/runtime/native/device/deviceExecutor";
import { providerPath } from "../../../kernel/runtime/native/device/deviceLibrary";
import { kernels, lowered, modelOf } from "../../../kernel/runtime/session";
import { batchOf, training } from "./training";

const engine = deviceExecutor("simulated");
const { step } = training();
for (let i = 0; i < 7; i++) await (await step(batchOf(i))).item();
const { replays } = engine.statistics();

const largest = await compile((x: Tensor) => topK(x.mul(2), 2).values.add(1))(tensor([3, 9, 1, 7]));
const index = await compile((table: Tensor, at: Tensor) => gather(table, at))(tensor([1, 2]), fromHost({ dtype: "int32", shape: [1], data: Int32Array.of(1 << 20) }))
  .then((result) => result.numbers())
  .then(
    () => "read",
    () => "refused",
  );

/** Fused programs with some numbers changed or dropped: what a hostile model file may hold. */
let seed = 17;
const below = (limit: number): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * limit);
};
function damaged(program: string): string {
  const numbers = program.split(" ");
  for (let times = 1 + below(3); times > 0; times--) {
    const at = below(numbers.length);
    if (below(3) === 0) numbers.splice(at, 1);
    else numbers[at] = [String(below(64)), "-1", "4294967295", "99999999999", "x"][below(5)];
  }
  return numbers.join(" ");
}

const data = (shape: readonly number[]): Tensor => fromHost({ dtype: "float32", shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i)) });
const x = data([37, 65]);
const graph = lowered([where(x.less(0.5), softmax(x.mul(data([65])).add(data([37, 1])).tanh()), tensor(2)).sum(-1)], { inputs: [x], kernels: kernels(), fold: false });
const model = modelOf(graph);
const withPrograms = (): OnnxModel => ({
  ...model,
  graph: { ...model.graph, nodes: model.graph.nodes.map((node) => (node.attributes.program?.type === "string" ? { ...node, attributes: { program: { type: "string", value: damaged(node.attributes.program.value) } } } : node)) },
});
const ports = { inputs: graph.inputs.map(({ dtype, shape }, i) => ({ name: `i${i}`, dtype, shape })), outputs: graph.outputs.map(({ dtype, shape }, i) => ({ name: `o${i}`, dtype, shape })) };

async function attempt(bytes: Uint8Array): Promise<"ran" | "refused"> {
  try {
    const program = await engine.load({ model: bytes, ...ports });
    try {
      const [result] = graph.outputs.map((output) => program.buffers?.make(formOf(output)) ?? { data: undefined });
      await program.run(
        graph.inputs.map((input) => input.storage ?? { data: undefined }),
        [result],
      );
      return "ran";
    } finally {
      await program.release();
    }
  } catch {
    return "refused";
  }
}

const counts = { ran: 0, refused: 0 };
for (let i = 0; i < 150; i++) counts[await attempt(encodeModel(withPrograms()))]++;

// What would be compiled of such programs is text, or a refusal.
const sourceOf = koffi.load(providerPath("simulated") ?? "").func("str IsoflopFusedSource(str program, int language)");
const programs = model.graph.nodes.flatMap(({ attributes: { program } }) => (program?.type === "string" ? [program.value] : []));
const sources = Array.from({ length: 300 }, (_, i) => String(sourceOf(damaged(programs[i % programs.length]), i % 2)));
if (!sources.every((source) => /^#(define|error) /.test(source))) throw new Error("a source is neither a program nor a refusal");
process.stdout.write(`trained with ${replays} replays; TopK [${[...(await largest.numbers())].join()}]; index ${index}; damaged ${JSON.stringify(counts)}\n`);
