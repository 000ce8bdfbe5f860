/** @file Run in a process of its own, whose operator library is checked by sanitizers: programs that are right, and damaged ones. Says what it did. */
import { fromHost, realize, softmax, tensor, where, type Tensor } from "../../kernel/index";
import { encodeModel } from "../../kernel/onnx/protobuf";
import type { OnnxModel } from "../../kernel/onnx/model";
import { nativeExecutor } from "../../kernel/runtime/native/native";
import { kernels, lowered, modelOf } from "../../kernel/runtime/session";
import type { Storage } from "../../kernel/graph/tensor";

const data = (shape: readonly number[]): Tensor => fromHost({ dtype: "float32", shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i)) });
const x = data([37, 65]);
const build = (): Tensor => where(x.less(0.5), softmax(x.mul(data([65])).add(data([37, 1])).tanh()), tensor(2)).sum(-1);

let seed = Number(process.argv[2]);
const random = (below: number): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};

/** A program with some of its numbers changed, dropped, or repeated. */
function damaged(program: string): string {
  const numbers = program.split(" ");
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(numbers.length);
    const what = random(4);
    if (what === 0) numbers[at] = String(random(64));
    else if (what === 1) numbers[at] = ["-1", "4294967295", "9223372036854775807", "99999999999", "x", ""][random(6)];
    else numbers.splice(at, what === 2 ? 1 : 0, ...(what === 3 ? [numbers[at]] : []));
  }
  return numbers.join(" ");
}

const sources = lowered([build()], { inputs: [x], kernels: kernels(), fold: false });
const model = modelOf(sources);
const engine = nativeExecutor();
const storage = (like: Tensor): Storage => ({ data: new Float32Array(new ArrayBuffer(4 * like.size)) });
const inputs = sources.inputs.map((input) => input.storage ?? storage(input));

async function attempt(bytes: Uint8Array): Promise<"ran" | "refused"> {
  const ports = { inputs: sources.inputs.map(({ dtype, shape }, i) => ({ name: `i${i}`, dtype, shape })), outputs: sources.outputs.map(({ dtype, shape }, i) => ({ name: `o${i}`, dtype, shape })) };
  try {
    const program = await engine.load({ model: bytes, ...ports });
    try {
      await program.run(inputs, sources.outputs.map(storage));
      return "ran";
    } finally {
      await program.release();
    }
  } catch {
    return "refused";
  }
}

const withPrograms = (change: (program: string) => string): OnnxModel => ({
  ...model,
  graph: {
    ...model.graph,
    nodes: model.graph.nodes.map((node) => {
      const { program } = node.attributes;
      return program?.type === "string" ? { ...node, attributes: { program: { type: "string", value: change(program.value) } } } : node;
    }),
  },
});

const value = build();
await realize([value]);
const counts = { ran: 0, refused: 0 };
for (let i = 0; i < 300; i++) counts[await attempt(encodeModel(withPrograms(damaged)))]++;
const whole = await attempt(encodeModel(withPrograms((program) => program)));
process.stdout.write(`${engine.description}; whole ${whole}; damaged ${JSON.stringify(counts)}; values ${[...(await value.numbers())].slice(0, 3).map((number) => number.toFixed(3)).join()}\n`);
