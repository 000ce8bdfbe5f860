/** @file Methods that act on different places, two at a time: both are in the model that trains, whichever the pair. */
import { describe, expect, it } from "vitest";
import { methods, nn, optim, random, trainer, type Tensor } from "../../kernel/index";
import { countingBatch, smallGpt } from "../contract/methodCases";

const { lost, primer, quartet, slmHelp } = methods;
type Batch = ReturnType<typeof countingBatch>;
type Name = "primer" | "lost" | "quartet" | "salt";

/** In the order in which they are applied: what changes linear layers comes after what puts others in their place. */
const ORDER = ["primer", "lost", "quartet", "salt"] as const;
const PAIRS = ORDER.flatMap((a, i) => ORDER.slice(i + 1).map((b) => [a, b] as const));

async function modelOf(names: readonly Name[]): Promise<nn.Gpt> {
  let model = smallGpt();
  if (names.includes("primer")) model = primer.primerEz(model);
  if (names.includes("lost")) model = await lost.lost(model, { rank: 4, density: 0.2 });
  if (names.includes("quartet")) model = quartet.quartet(model);
  return model;
}

const lossWith = (names: readonly Name[]) => (m: nn.Gpt, { x, y }: Batch, key: random.Key): Tensor => {
  const logits = (names.includes("quartet") ? quartet.keyed(m, key) : m).call(x);
  return names.includes("salt") ? slmHelp.distillLoss(logits, y, () => smallGpt("gelu").call(x)) : nn.crossEntropy(logits, y);
};

/** Whether a method is there to be seen in a model. */
const inEffect: Readonly<Record<Exclude<Name, "salt">, (model: nn.Gpt) => boolean>> = {
  primer: ({ blocks }) => blocks.every(({ attention, mlp }) => attention instanceof primer.DepthwiseAttention && mlp.activation === "squaredRelu"),
  lost: (model) => nn.modulesOf(model).filter(([, layer]) => layer instanceof lost.LostLinear).length === 12,
  quartet: (model) => nn.modulesOf(model).every(([path, layer]) => !(layer instanceof nn.Linear) || path === "head" || layer instanceof quartet.QuartetLinear),
};

describe.each(PAIRS)("%s and %s", (...names) => {
  const training = async (uses: readonly Name[]) => trainer({ model: await modelOf(names), optimizer: optim.adam({ lr: 1e-2 }), loss: lossWith(uses), batch: countingBatch, key: random.key(3) });
  const firstLoss = async (uses: readonly Name[]): Promise<number> => {
    const { step, state, batch } = await training(uses);
    return (await step(state, batch(0))).loss.item();
  };

  it("are both in the training, and it learns", async () => {
    const { step, batch, ...begin } = await training(names);
    for (const name of names) {
      if (name !== "salt") expect(inEffect[name](begin.state.model), name).toBe(true);
      else expect(await firstLoss(names)).not.toBe(await firstLoss(names.filter((one) => one !== "salt")));
    }
    const losses: number[] = [];
    let { state } = begin;
    for (let i = 0; i < 30; i++) {
      const out = await step(state, batch(i));
      ({ state } = out);
      losses.push(await out.loss.item());
    }
    expect(losses[29]).toBeLessThan(0.9 * losses[0]);
  });
});

it("LOST refuses layers that are more than a matrix, and says what comes first", async () => {
  await expect(lost.lost(quartet.quartet(smallGpt()), { rank: 4, density: 0.2 })).rejects.toThrow(/QuartetLinear, which is more than a matrix[\s\S]*help: apply LOST first/);
});
