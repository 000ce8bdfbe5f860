/** @file Run in a process of its own: what its argument asks for. Says what it computed. */
import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import * as ort from "onnxruntime-node";
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
else {
  await longRun(40); // its end is waited for: a worker that is terminated runs no more code
  parentPort?.postMessage("running");
}
