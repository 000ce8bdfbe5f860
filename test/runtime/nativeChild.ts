/** @file Run in a process of its own: what its argument asks for. Says what it computed. */
import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import * as ort from "onnxruntime-node";
import { placeholder } from "../../kernel/graph/tensor";
import { encodeModel } from "../../kernel/onnx/protobuf";
import { OperatorLibrary } from "../../kernel/runtime/native/operatorLibrary";
import { Runtime } from "../../kernel/runtime/native/runtime";
import { modelOf } from "../../kernel/runtime/session";
import { compile, exportOnnx, matmul, ones, realize, tensor, type Tensor } from "../../kernel/index";

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const twice = (x: Tensor): Tensor => x.mul(2).add(1);

async function native(): Promise<void> {
  say(`native ${(await twice(tensor([1, 2])).data()).join()}`);
}

/** Without tensors that the native executor would have to compute first. */
async function stock(): Promise<void> {
  const session = await ort.InferenceSession.create(await exportOnnx((x: Tensor) => twice(x), [tensor([1, 2])]));
  const { output } = await session.run({ x: new ort.Tensor("float32", Float32Array.of(1, 2), [2]) });
  say(`stock ${[...(output.data as Float32Array)].join()}`); // SAFETY: float32, as it was traced
}

async function train(who: string): Promise<void> {
  const step = compile((state: Tensor, batch: Tensor) => state.add(batch), { donate: ["state"] });
  let state: Tensor = tensor([0]);
  for (let i = 0; i < 4000; i++) state = await step(state, tensor([1]));
  say(`${who} ${await state.item()}`);
}

/** A run of `links` products, each of some ten milliseconds. */
async function longRun(links: number): Promise<void> {
  const chain = compile((x: Tensor, w: Tensor) => Array.from({ length: links }).reduce<Tensor>((h) => matmul(h, w).mul(0.001), x));
  const [x, w] = [ones([1024, 1024]), ones([1024, 1024])];
  await realize([x, w]);
  await chain.prepare(x, w);
  void chain(x, w).then(() => say("finished"), () => undefined);
}

async function workers(): Promise<void> {
  const start = (work: string): Worker => new Worker(process.argv[1], { workerData: work });
  const training = [start("train"), start("train")];
  await Promise.all([train("main"), ...training.map((worker) => once(worker, "exit"))]);
  const long = start("long");
  await once(long, "message");
  await long.terminate();
  say("terminated");
  process.exit(0);
}

const LOADERS = 4;

/** Threads whose first programs are loaded at the same moment, as far as threads go. */
async function firstLoads(): Promise<void> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const loaders = Array.from({ length: LOADERS }, () => new Worker(process.argv[1], { workerData: gate }));
  const results = await Promise.all(loaders.map(async (worker): Promise<unknown> => ((await once(worker, "message")) as unknown[])[0])); // SAFETY: what a worker says is an event of one argument
  say(results.join());
}

/** Makes all ready, waits at the gate until all have come, then loads. */
function firstLoad(gate: Int32Array): void {
  const runtime = Runtime.get();
  const { api, environment } = runtime;
  const x = placeholder("x", { shape: [1], dtype: "float32" });
  const model = encodeModel(modelOf({ inputs: [x], outputs: [x.add(1)] }));
  const options = api.make("CreateSessionOptions");
  runtime.configure(options, "shared");
  const operators = OperatorLibrary.get(api);
  Atomics.add(gate, 0, 1);
  while (Atomics.load(gate, 0) < LOADERS);
  let said = "loaded";
  try {
    operators?.register(options);
    api.make("CreateSessionFromArray", environment, model, model.byteLength, options); // on this thread: at once with the others
  } catch (error) {
    said = String(error);
  }
  parentPort?.postMessage(said);
}

const TASKS: Readonly<Record<string, () => Promise<unknown>>> = {
  "stock first": async () => {
    await stock();
    await native();
    await stock();
    await native();
  },
  "native first": async () => {
    await native();
    await stock();
    await native();
    await stock();
  },
  "both at once": () => Promise.all([stock(), native(), native(), stock()]),
  "many loads": async () => {
    const sums = await Promise.all(Array.from({ length: 16 }, (_, i) => twice(ones([i + 1])).sum().item()));
    say(sums.join());
  },
  workers,
  "first loads": firstLoads,
  exit: async () => {
    await longRun(500);
    say("running");
    setTimeout(() => process.exit(7), 100);
  },
  throw: async () => {
    await longRun(500);
    say("running");
    setTimeout(() => {
      throw new Error("on purpose");
    }, 100);
  },
};

if (isMainThread) await TASKS[process.argv[2]]();
else if (workerData === "train") await train("worker");
else if (workerData instanceof Int32Array) firstLoad(workerData);
else {
  await longRun(40); // its end is waited for: a worker that is terminated runs no more code
  parentPort?.postMessage("running");
}
