/** @file Layers of experts: against a one-hot reference, dropped tokens, order of experts, what training adds, placement in a model. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { grad, valueAndGrad } from "../../kernel/autodiff/grad";
import { ArgumentError, NoEffectError, ShapeError } from "../../kernel/errors";
import "../../kernel/graph/methods";
import { add, mul, square } from "../../kernel/graph/ops/elementwise";
import { gather, oneHotOf } from "../../kernel/graph/ops/indexing";
import { einsum, matmul } from "../../kernel/graph/ops/linalg";
import { at, expandDims, ones, reshape } from "../../kernel/graph/ops/movement";
import { argMax, sum } from "../../kernel/graph/ops/reduction";
import { withTaps } from "../../kernel/graph/taps";
import { fromHost, realize, tensor, type Tensor } from "../../kernel/graph/tensor";
import * as tree from "../../kernel/graph/tree";
import * as nn from "../../kernel/nn/index";
import * as random from "../../kernel/random/index";
import "../../kernel/runtime/realize";
import { EXECUTORS, restoreExecutor, valuesOn } from "../executors";

await restoreExecutor();

const key = random.key(11);
const layer = (options: Partial<nn.MoeOptions> = {}): nn.Moe => nn.moe({ width: 6, hidden: 10, experts: 4, key, ...options });
const close = (got: ArrayLike<number>, want: ArrayLike<number>, tolerance = 1e-5): void => {
  expect(got.length).toBe(want.length);
  Array.from(want).forEach((value, i) => expect(Math.abs(got[i] - value)).toBeLessThan(tolerance * (1 + Math.abs(value))));
};

/** Every expert on every token, by masks of one-hot rows: top-1 without dropping. */
function oneHotReference(m: nn.Moe, x: Tensor): Tensor {
  const logits = matmul(x, m.gate);
  const p = logits.softmax();
  const mask = mul(oneHotOf(argMax(logits), m.count, "float32"), p);
  const every = m.down.call(m.up.call(einsum("nd,e->end", x, ones([m.count]))).gelu());
  return einsum("ne,end->nd", mask, every);
}

describe.each(EXECUTORS)("a layer of experts on the %s executor", (name) => {
  it("is the one-hot reference where nothing is dropped, forward and gradient", async () => {
    await fc.assert(
      fc.asyncProperty(fc.record({ n: fc.integer({ min: 1, max: 24 }), seed: fc.nat(1000) }), async ({ n, seed }) => {
        const m = layer({ capacityFactor: 4, key: random.key(seed) });
        const x = random.normal(random.key(seed + 1), [n, 6]);
        const both = (fn: (m: nn.Moe, x: Tensor) => Tensor): Tensor[] => {
          const [value, gradients] = valueAndGrad(([one, rows]: readonly [nn.Moe, Tensor]) => sum(square(fn(one, rows))))([m, x]);
          return [value, fn(m, x), ...tree.tensorsOf(gradients)];
        };
        const found = await valuesOn(name, () => both((one, rows) => one.call(rows)));
        const wanted = await valuesOn(name, () => both(oneHotReference));
        expect(found.length).toBe(wanted.length);
        found.forEach((values, i) => close(values, wanted[i], 1e-4));
      }),
      { numRuns: 5 },
    );
  });

  it("gives 0 for dropped tokens and no gradient to the experts; the gate still learns from the balancing loss", async () => {
    const m = layer({ experts: 2, capacityFactor: 0.5, minCapacity: 1 });
    // All tokens are one: they choose the same expert, which takes two of the eight.
    const x = einsum("n,d->nd", ones([8]), random.normal(key, [6]));
    const [y, kept, up, gate, gateOfBalance] = await valuesOn(name, () => {
      const { result, taps } = withTaps((rows: Tensor) => m.call(rows), /kept$/)(x);
      const dropped = grad((one: nn.Moe) => sum(one.call(x).slice({ axis: 0, start: 2 })))(m);
      const balance = grad((one: nn.Moe) => nn.withBalanceLoss(() => one.call(x))().balanceLoss)(m);
      return [result, taps.kept, dropped.up.weight, dropped.gate, balance.gate];
    });
    expect([...kept]).toEqual([1, 1, 0, 0, 0, 0, 0, 0]);
    expect(y.slice(0, 12).every((value) => value !== 0)).toBe(true);
    expect([...y.slice(12), ...up, ...gate].every((value) => value === 0)).toBe(true);
    expect(gateOfBalance.some((value) => Math.abs(value) > 1e-4)).toBe(true);
  });

  it("stays the same when experts and the columns of the gate are permuted together", async () => {
    const m = layer({ k: 2, capacityFactor: 4 });
    const order = tensor([2, 0, 3, 1], "int32");
    const permuted = tree.map(m, (leaf, path) => gather(leaf, order, path === "gate" ? 1 : 0));
    const x = random.normal(random.key(3), [12, 6]);
    const [a, b] = await valuesOn(name, () => [m.call(x), permuted.call(x)]);
    close(a, b);
  });
});

describe("a gate", () => {
  it("of gates [[.9, .1], [.8, .2], [.6, .4], [.3, .7]] has a balancing loss of 1.15", async () => {
    const logits = tensor([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.3, 0.7]]).log();
    expect(await nn.loadBalancingLoss(nn.route(logits)).item()).toBeCloseTo(1.15, 5);
  });

  it("is in float32 in a model of float16", async () => {
    const half = tree.map(layer(), (leaf) => leaf.cast("float16"));
    expect(half.logits(ones([3, 6], "float16")).dtype).toBe("float32");
    expect(half.call(ones([3, 6], "float16")).dtype).toBe("float16");
  });

  it("takes choices that were made elsewhere", async () => {
    const logits = random.normal(key, [5, 3]);
    const experts = fromHost({ dtype: "int64", shape: [5, 1], data: BigInt64Array.of(2n, 2n, 0n, 1n, 2n) });
    const way = nn.route(logits, { experts });
    const [gates, p] = [[...(await way.gates.numbers())], await logits.softmax().numbers()];
    close(gates, [p[2], p[5], p[6], p[10], p[14]]);
    expect([...(await way.slots.numbers())]).toEqual([0, 1, 0, 0, 2]);
  });
});

describe("training", () => {
  it("has a capacity and a chance of its own, new for every key and layer", async () => {
    const model = nn.withMixtures(nn.gpt({ vocab: 8, depth: 2, width: 8, heads: 2, context: 8, key }), { experts: [4, 4], key, settings: { capacityFactor: 0.5, evaluationFactor: 4, minCapacity: 1 } });
    const x = tensor([[1, 2, 3, 4, 5, 6, 7, 0], [3, 3, 3, 3, 1, 1, 1, 1]], "int32");
    const keptBy = async (m: nn.Gpt): Promise<string[]> => {
      const { taps } = withTaps((tokens: Tensor) => m.call(tokens), /kept$/)(x);
      await realize(Object.values(taps));
      return Promise.all(Object.values(taps).map(async (kept) => [...(await kept.numbers())].join("")));
    };
    const [calm, first, again, other] = [await keptBy(model), await keptBy(nn.routedBy(model, random.key(1))), await keptBy(nn.routedBy(model, random.key(1))), await keptBy(nn.routedBy(model, random.key(2)))];
    expect(calm).toEqual(["1".repeat(16), "1".repeat(16)]);
    expect(first).toEqual(again);
    expect(first).not.toEqual(other);
    expect(first.every((kept) => kept.includes("0"))).toBe(true);
  });

  it("collects the balancing loss of all layers, with gradients to their gates", async () => {
    const model = nn.withMixtures(nn.gpt({ vocab: 8, depth: 3, width: 8, heads: 2, context: 4, key }), { experts: [0, 2, 4], key });
    const x = tensor([[1, 2, 3, 4]], "int32");
    const { taps } = withTaps((m: nn.Gpt) => m.call(x), /balanceLoss$/)(model);
    expect(Object.keys(taps)).toEqual(["blocks.1.mlp.balanceLoss", "blocks.2.mlp.balanceLoss"]);
    const [total, gradients] = valueAndGrad((m: nn.Gpt) => nn.withBalanceLoss(() => m.call(x))().balanceLoss)(model);
    const parts = await Promise.all(Object.values(taps).map((loss) => loss.item()));
    expect(await total.item()).toBeCloseTo(parts[0] + parts[1], 5);
    const gates = tree.leaves(gradients).filter(([path]) => path.endsWith(".gate"));
    expect(gates.map(([, leaf]) => leaf.shape)).toEqual([[8, 2], [8, 4]]);
    for (const [, leaf] of gates) expect((await leaf.numbers()).some((value) => value !== 0)).toBe(true);
  });

  it("a subclass can change what happens between dispatch and experts", async () => {
    class Silent extends nn.Moe {
      override experts(x: Tensor): Tensor {
        expect(x.shape).toEqual([4, 4, 6]);
        return mul(super.experts(x), 0);
      }
    }
    const silent = new Silent(layer());
    expect([...(await silent.withKey(key).call(ones([16, 6])).numbers())].every((value) => value === 0)).toBe(true);
  });
});

describe("placement", () => {
  const base = nn.gpt({ vocab: 8, depth: 2, width: 8, heads: 2, context: 4, mlp: "relu", key });

  it("shares everything else and takes width and activation from the layer it replaces", () => {
    const model = nn.withMixtures(base, { experts: [0, 3], key });
    const [first, second]: readonly nn.AnyModule[] = model.blocks.map(({ mlp }) => mlp);
    expect(first).toBeInstanceOf(nn.Mlp);
    expect(model.tokens.weight).toBe(base.tokens.weight);
    expect(second instanceof nn.Moe && [second.count, second.settings.activation, ...second.up.weight.shape]).toEqual([3, "relu", 3, 8, 32]);
    expect(tree.countParameters(model) - tree.countParameters(base)).toBe(8 * 3 + 2 * (8 * 32 + 32 + 32 * 8 + 8));
  });

  it("starts experts as a layer of its own starts, each different", async () => {
    const { up } = nn.moe({ width: 64, experts: 4, key });
    const deviation = async (e: number): Promise<number> => Math.sqrt((await square(at(up.weight, e)).mean().item()));
    for (const e of [0, 3]) expect(Math.abs((await deviation(e)) * 8 - 1)).toBeLessThan(0.05);
    expect(await add(at(up.weight, 0), at(up.weight, 1).neg()).abs().max().item()).toBeGreaterThan(0.1);
  });

  it.each<readonly [string, new (...args: never[]) => Error, () => unknown]>([
    ["counts for another depth", ArgumentError, () => nn.withMixtures(base, { experts: [1], key })],
    ["no experts anywhere", NoEffectError, () => nn.withMixtures(base, { experts: [0, 0], key })],
    ["half an expert", ArgumentError, () => layer({ experts: 0.5 })],
    ["more choices than experts", ArgumentError, () => layer({ k: 5 }).call(ones([2, 6]))],
    ["tokens of another width", ShapeError, () => layer().call(ones([2, 5]))],
    ["keys for a model without experts", NoEffectError, () => nn.routedBy(base, key)],
    ["a balancing loss without experts", NoEffectError, () => nn.withBalanceLoss(() => ones([1]))()],
    ["choices of another shape", ShapeError, () => nn.route(ones([4, 2]), { experts: expandDims(reshape(argMax(ones([4, 2])), [4]), 0) })],
  ])("refuses %s", (_, kind, call) => {
    expect(call).toThrow(kind);
    expect(call).toThrow(/^[^\n]+\n( {2}at [^\n]+\n)? {2}help: [^\n]+$/);
  });
});
