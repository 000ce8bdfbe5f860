import { mkdtempSync, rmSync, truncateSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { compile, data, loadTree, nn, NumericError, optim, random, saveTree, tensor, type Tensor, tree, valueAndGrad } from "../../kernel/index";

const folder = mkdtempSync(join(tmpdir(), "isoflop-resume-"));
afterAll(() => rmSync(folder, { recursive: true }));

const text = data.text("the quick brown fox jumps over the lazy dog. ".repeat(40), { context: 16, batch: 4, seed: 3, validation: 0 });
const fresh = (): ReturnType<typeof nn.gpt> => nn.gpt({ vocab: text.vocab, depth: 1, width: 16, heads: 2, context: 16, key: random.key(1) });
const optimizer = optim.chain(optim.clipByGlobalNorm(1), optim.adamw({ lr: optim.warmupCosine({ peak: 1e-2, steps: 20 }) }));

type Model = ReturnType<typeof fresh>;
interface Run {
  readonly model: Model;
  readonly state: ReturnType<typeof optimizer.init>;
  readonly key: Tensor;
}
const start = (): Run => ({ model: fresh(), state: optimizer.init(fresh()), key: random.key(7) });

const step = compile(
  ({ model, state, key }: Run, batch: { x: Tensor; y: Tensor }) => {
    const [dropKey, nextKey] = random.split(key, 2);
    const loss = (m: Model): Tensor => nn.crossEntropy(nn.dropout(m.call(batch.x), { rate: 0.1, key: dropKey }), batch.y);
    const [value, gradients] = valueAndGrad(loss)(model);
    const [updates, next] = optimizer.update(gradients, state, model);
    return { run: { model: optim.applyUpdates(model, updates), state: next, key: nextKey }, loss: value };
  },
  { finite: ["loss"] },
);

async function train(run: Run, { stream, steps }: { readonly stream: typeof text.train; readonly steps: number }): Promise<{ readonly run: Run; readonly losses: number[] }> {
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const out = await step(run, stream.next());
    run = out.run;
    losses.push(await out.loss.item());
  }
  return { run, losses };
}

const another = (): typeof text.train => data.text("the quick brown fox jumps over the lazy dog. ".repeat(40), { context: 16, batch: 4, seed: 3, validation: 0 }).train;

describe("a run that is saved and loaded", () => {
  test("goes on bit for bit: weights, moments, step, random key and data order", async () => {
    const whole = await train(start(), { stream: another(), steps: 10 });
    const stream = another();
    const half = await train(start(), { stream, steps: 5 });
    const file = join(folder, "half.safetensors");
    await saveTree(file, half.run, { stream: { ...stream.state() } });
    const { tree: loaded, meta } = await loadTree(file, start());
    const later = another();
    const { stream: state }: { stream?: unknown } = Object(meta);
    // SAFETY: the meta is what was saved above.
    later.restore(state as ReturnType<typeof later.state>);
    const rest = await train(loaded, { stream: later, steps: 5 });
    expect([...half.losses, ...rest.losses]).toEqual(whole.losses);
    for (const [path, leaf] of tree.leaves(rest.run)) expect([path, ...(await leaf.numbers())]).toEqual([path, ...(await new Map(tree.leaves(whole.run)).get(path)!.numbers())]);
  });

  test("refuses a truncated file with three lines and leaves the model as it was", async () => {
    const file = join(folder, "cut.safetensors");
    await saveTree(file, start());
    truncateSync(file, statSync(file).size - 7);
    await expect(loadTree(file, start())).rejects.toThrow(/\n {2}at .*\n {2}help: /);
  });

  test("refuses a file of another model, naming what differs", async () => {
    const file = join(folder, "other.safetensors");
    await saveTree(file, { weight: tensor([1, 2, 3]) });
    await expect(loadTree(file, { weight: tensor([1, 2]), bias: tensor([0]) })).rejects.toThrow(/weight is float32 \[3\], expected float32 \[2\]; bias is missing/);
  });
});

test("a step whose loss is not finite fails, and the arguments stay as they were", async () => {
  const diverging = compile((model: { w: Tensor }, x: Tensor) => ({ model: { w: model.w.mul(x) }, loss: model.w.mul(x).sum() }), { donate: ["model"], finite: ["loss"], name: "diverging" });
  const model = { w: tensor([1, 2]) };
  await expect(diverging(model, tensor([Infinity]))).rejects.toThrow(NumericError);
  expect([...(await model.w.numbers())]).toEqual([1, 2]);
  expect(await (await diverging(model, tensor([2]))).loss.item()).toBe(6);
});
