/** @file DeepSpeed-MoE: gates and places, experts beside a fixed layer, staged distillation, all-to-all exchanges and what they cost. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError, NoEffectError, ShapeError } from "../../kernel/errors";
import { compile, einsum, methods, nn, oneHotOf, optim, random, tensor, tree, valueAndGrad, withTaps, type Tensor } from "../../kernel/index";
import { countingBatch, smallGpt } from "../contract/methodCases";

const { accountOf, allToAllCost, allToAllTraffic, coordinatedAllToAll, crossoverBytes, expertParallel, flatAllToAll, hierarchicalAllToAll, hasExperts, LINKS, mixtureOfExperts, moeTrainer, NoisyMoe, placeExperts, PositionMoe, ranksOfExpert, ResidualMoe, slicedExperts, VirtualCluster } = methods.deepspeedMoe;

const key = random.key(7);
const values = async (x: Tensor): Promise<number[]> => [...(await x.numbers())];
const expectClose = async (a: Tensor, b: Tensor, tolerance = 1e-6): Promise<void> => {
  const [left, right] = [await values(a), await values(b)];
  expect(left.length).toBe(right.length);
  left.forEach((value, i) => expect(Math.abs(value - right[i])).toBeLessThanOrEqual(tolerance * (1 + Math.abs(right[i]))));
};
const layerOf = (model: nn.Gpt, block: number): nn.AnyModule => model.blocks[block].mlp;
const only = <M extends nn.AnyModule>(layer: nn.AnyModule, kind: new (...args: never[]) => M): M => {
  if (!(layer instanceof kind)) throw new TypeError(`a ${layer.constructor.name}`);
  return layer;
};

describe("a gate", () => {
  const gated = (gates: readonly (readonly number[])[]): Tensor => nn.loadBalancingLoss(nn.route(tensor(gates).log()));

  it("has a balancing loss of 1.15 in the worked example, 1 when even, E when all go to one expert", async () => {
    expect(await gated([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.3, 0.7]]).item()).toBeCloseTo(1.15, 6);
    const even = [0, 1, 2, 3].map((i) => [0, 1, 2, 3].map((e) => (e === i ? 1 : 1 - 1e-7)));
    expect(await gated(even).item()).toBeCloseTo(1, 6);
    expect(await gated([0, 1, 2].map(() => [1, 1e-30, 1e-30, 1e-30])).item()).toBeCloseTo(4, 6);
  });

  it("has places for an even share times the factor, rounded up, and at least four", () => {
    const capacity = (n: number, e: number, capacityFactor: number): number => nn.route(tensor(new Float32Array(n * e)).reshape([n, e]), { capacityFactor }).capacity;
    expect([capacity(10, 4, 1), capacity(64, 8, 1.25)]).toEqual([4, 10]);
  });

  it("with two choices in training draws the second by its probability, and outside of it takes the second highest", async () => {
    const logits = tensor(Array.from({ length: 400 }, () => [3, Math.log(3), 0, -40]));
    const layer = new NoisyMoe(nn.moe({ width: 4, experts: 4, k: 2, capacityFactor: 4, key }));
    expect(new Set(await values(layer.route(logits).experts.slice({ axis: 1, start: 1 })))).toEqual(new Set([1]));
    const drawn = layer.withKey(random.key(1)).route(logits);
    const experts = await values(drawn.experts);
    const [first, second] = [experts.filter((_, i) => i % 2 === 0), experts.filter((_, i) => i % 2 === 1)];
    expect(new Set(first)).toEqual(new Set([0]));
    expect(new Set(second)).toEqual(new Set([1, 2]));
    // Three quarters, with a standard error of 0.022.
    expect(Math.abs(second.filter((e) => e === 1).length / 400 - 0.75)).toBeLessThan(0.1);
    await expectClose(drawn.gates.sum(1), tensor(new Float32Array(400).fill(1)));
    const other = layer.withKey(random.key(2)).route(logits);
    expect(await values(other.experts)).not.toEqual(experts);
  });

  it("that looks at positions alone sends every position to its expert, whatever the tokens are, as evenly as can be", async () => {
    const model = mixtureOfExperts(smallGpt(), { experts: [0, 4], chosenBy: "position", key });
    const chosen = async (seed: number): Promise<number[]> => {
      const x = random.int(random.key(seed), [3, 8], { high: 12 });
      const { taps } = withTaps((m: nn.Gpt) => m.call(x), /experts$/)(model);
      return values(taps["blocks.1.mlp.experts"]);
    };
    const [a, b] = [await chosen(1), await chosen(2)];
    expect(a).toEqual(b);
    const { table } = only(layerOf(model, 1), PositionMoe);
    expect(a).toEqual(table.flatMap((e) => [e, e, e]));
    expect([0, 1, 2, 3].map((e) => table.filter((one) => one === e).length)).toEqual([2, 2, 2, 2]);
    const gate = mixtureOfExperts(smallGpt(), { experts: [0, 4], key });
    expect(accountOf(gate)).toEqual(accountOf(model));
  });
});

describe("the table of places", () => {
  it("moves what masks of one-hot rows move, forward and backward, for a fraction of the FLOPs", async () => {
    const [n, e, d] = [48, 4, 8];
    const way = nn.route(random.normal(key, [n, e]), { k: 2, capacityFactor: 4 });
    // [N, k, E C]: 1 at the place of a choice.
    const mask = oneHotOf(way.experts.mul(way.capacity).add(way.slots), e * way.capacity, "float32");
    const byTable = (x: Tensor, gates: Tensor): Tensor => nn.combine(nn.dispatch(x, way).gelu(), { ...way, gates });
    const byMasks = (x: Tensor, gates: Tensor): Tensor => einsum("nkp,pd->nd", mask.mul(gates.reshape([n, 2, 1])), einsum("nkp,nd->pd", mask, x).gelu());
    const [x, seed] = [random.normal(random.key(1), [n, d]), random.normal(random.key(2), [n, d])];
    const both = (fn: typeof byTable) => (given: Tensor, gates: Tensor): Tensor[] => {
      const [, gradients] = valueAndGrad(([a, b]: readonly [Tensor, Tensor]) => fn(a, b).mul(seed).sum())([given, gates]);
      return [fn(given, gates), ...gradients];
    };
    const [table, masks] = [byTable, byMasks].map((fn) => compile(both(fn)));
    const [found, wanted] = [await table(x, way.gates), await masks(x, way.gates)];
    for (const i of [0, 1, 2]) await expectClose(found[i], wanted[i]);
    expect(masks.cost(x, way.gates).flops / table.cost(x, way.gates).flops).toBeGreaterThan(5);
  });
});

describe("experts beside a fixed layer", () => {
  const residual = (kind: "mix" | "sum"): methods.deepspeedMoe.ResidualMoe => only(layerOf(mixtureOfExperts(smallGpt(), { experts: [0, 4], residual: kind, key }), 1), ResidualMoe);
  const x = random.normal(random.key(4), [8, 2, 16]);

  it("are half of each where the coefficient is 0", async () => {
    const layer = residual("mix");
    const even = tree.map(layer, (leaf, path) => (path.startsWith("coefficient") ? leaf.mul(0) : leaf));
    await expectClose(even.call(x), layer.moe.call(x).mul(0.5).add(layer.mlp.call(x).mul(0.5)), 0);
  });

  it("are weighed by shares that sum to 1, or added", async () => {
    const layer = residual("mix");
    const same = tree.replace(tree.map(layer, (leaf) => leaf), { "coefficient.bias": tensor([30, -30]) });
    await expectClose(same.call(x), layer.moe.call(x));
    const sum = residual("sum");
    expect(sum.coefficient).toBeUndefined();
    await expectClose(sum.call(x), sum.moe.call(x).add(sum.mlp.call(x)), 0);
  });

  it("make a pyramid with fewer parameters than equal layers, one expert and one fixed layer for each token", () => {
    const wide = nn.gpt({ vocab: 96, depth: 4, width: 40, heads: 4, context: 8, key });
    const account = (experts: readonly number[], options: Partial<methods.deepspeedMoe.MixtureOptions> = {}): methods.deepspeedMoe.MixtureAccount => accountOf(mixtureOfExperts(wide, { experts, key, ...options }));
    const [dense, flat, pyramid] = [accountOf(wide), account([0, 8, 0, 8]), account([0, 2, 0, 6], { residual: "mix" })];
    const ffn = 2 * 40 * 160 + 160 + 40;
    expect(flat.blockParameters - dense.blockParameters).toBe(14 * ffn + 2 * 40 * 8);
    expect(pyramid.blockParameters - dense.blockParameters).toBe(8 * ffn + 40 * 8 + 2 * (2 * 40 + 2));
    expect(pyramid.blockParameters / flat.blockParameters).toBeLessThan(0.72);
    expect(flat.activatedParameters - dense.blockParameters).toBe(2 * 40 * 8);
    expect(pyramid.activatedParameters - dense.blockParameters).toBe(2 * ffn + 40 * 8 + 2 * (2 * 40 + 2));
    // There and back in two layers, 40 numbers of four bytes for each choice.
    expect([dense, flat, pyramid, account([0, 8, 0, 8], { k: 2 })].map(({ dispatchedBytes }) => dispatchedBytes)).toEqual([0, 640, 640, 1280]);
  });
});

describe("staged distillation", () => {
  const student = mixtureOfExperts(smallGpt(), { experts: [0, 4], residual: "mix", key });
  // Its opinions are strong, so that they can be seen in a loss.
  const teacher = tree.map(mixtureOfExperts(smallGpt("gelu"), { experts: [0, 4], key }), (leaf, path) => (path.startsWith("head") ? leaf.mul(20) : leaf));
  /** A training takes its model and its key over. */
  const trainingOf = async (model: nn.Gpt, distillation?: methods.deepspeedMoe.Distillation): Promise<ReturnType<typeof moeTrainer>> =>
    moeTrainer({ model: await tree.clone(model), optimizer: optim.adam({ lr: 1e-2 }), batch: countingBatch, key: random.key(8), distillation });
  const lossAt = async (training: ReturnType<typeof moeTrainer>, step: number): Promise<number> => (await training.step(await tree.clone(training.state), training.batch(step))).loss.item();

  it("is plain training, bit for bit and FLOP for FLOP, from the step at which it stops", async () => {
    const [plain, staged] = [await trainingOf(student), await trainingOf(student, { teacher, until: 2 })];
    const flopsAt = (training: typeof plain, step: number): number => training.step.cost(training.state, training.batch(step)).flops;
    expect(flopsAt(staged, 1)).toBeGreaterThan(flopsAt(plain, 1) * 1.2);
    expect(flopsAt(staged, 2)).toBe(flopsAt(plain, 2));
    expect(await lossAt(staged, 2)).toBe(await lossAt(plain, 2));
    expect(await lossAt(staged, 1)).toBeGreaterThan((await lossAt(plain, 1)) + 1e-3);
  });

  it("adds nothing when the student is the teacher, and β times the divergence otherwise", async () => {
    const calm = mixtureOfExperts(smallGpt(), { experts: [0, 4], capacityFactor: 4, randomSelection: false, key });
    const lossWith = async (distillation?: methods.deepspeedMoe.Distillation): Promise<number> => lossAt(await trainingOf(calm, distillation), 0);
    const alone = await lossWith();
    expect(await lossWith({ teacher: await tree.clone(calm), until: 1 })).toBeCloseTo(alone, 6);
    const [one, two] = [await lossWith({ teacher, until: 1 }), await lossWith({ teacher, until: 1, beta: 2 })];
    const { x } = countingBatch(0);
    const divergence = await nn.klDivergence(calm.call(x), teacher.call(x)).item();
    expect(divergence).toBeGreaterThan(1e-3);
    expect(one - alone).toBeCloseTo(divergence, 5);
    expect(two - alone).toBeCloseTo(2 * divergence, 5);
  });

  it("leaves the gate its gradient by the balancing loss where tokens are dropped", async () => {
    const layers = mixtureOfExperts(smallGpt(), { experts: [0, 4], capacityFactor: 1e-3, minCapacity: 1, key });
    const { x } = countingBatch(0);
    const [, gradients] = valueAndGrad((m: nn.Gpt) => nn.withBalanceLoss((one: nn.Gpt) => one.call(x))(nn.routedBy(m, key)).balanceLoss)(layers);
    const gate = tree.leaves(gradients).find(([path]) => path.endsWith("gate"));
    expect((await values(gate?.[1] ?? tensor(0))).some((value) => value !== 0)).toBe(true);
  });

  it("knows models without experts", async () => {
    expect([hasExperts(smallGpt()), hasExperts(student)]).toEqual([false, true]);
    const { x, y } = countingBatch(0);
    expect(await lossAt(await trainingOf(smallGpt()), 0)).toBeCloseTo(await nn.crossEntropy(smallGpt().call(x), y).item(), 6);
  });
});

const shapes = fc.record({ perNode: fc.integer({ min: 1, max: 5 }), nodes: fc.integer({ min: 1, max: 4 }), size: fc.integer({ min: 1, max: 7 }), seed: fc.nat(1000) });
const payloads = ({ rows, columns, size, seed }: { readonly rows: number; readonly columns: number; readonly size: number; readonly seed: number }): Float32Array[][] => {
  const draw = random.HostRandom.seeded(seed);
  return Array.from({ length: rows }, () => Array.from({ length: columns }, () => Float32Array.from({ length: size }, () => draw.normal())));
};

describe("an all-to-all exchange", () => {
  it("delivers the same buffers flat and by way of the node", () => {
    const check = ({ perNode, nodes, size, seed }: { readonly perNode: number; readonly nodes: number; readonly size: number; readonly seed: number }): void => {
      const shape = { ranks: perNode * nodes, perNode };
      const send = payloads({ rows: shape.ranks, columns: shape.ranks, size, seed });
      const transposed = send.map((_, to) => send.map((row) => row[to]));
      const clusters = [new VirtualCluster(shape), new VirtualCluster(shape)];
      expect(flatAllToAll(clusters[0], send)).toEqual(transposed);
      expect(hierarchicalAllToAll(clusters[1], send)).toEqual(transposed);
      const options = { ...shape, bytesPerRank: 4 * size * shape.ranks };
      for (const rank of [0, shape.ranks - 1]) {
        expect(clusters[0].sentBy(rank)).toEqual(allToAllTraffic(options, "flat"));
        expect(clusters[1].sentBy(rank)).toEqual(allToAllTraffic(options, "hierarchical"));
      }
    };
    check({ perNode: 4, nodes: 2, size: 5, seed: 1 });
    fc.assert(fc.property(shapes, check), { numRuns: 30 });
  });

  it("between ranks of one tensor slice delivers what all ranks would, in fewer messages", () => {
    fc.assert(
      fc.property(fc.record({ slices: fc.integer({ min: 1, max: 3 }), pairs: fc.integer({ min: 1, max: 2 }), nodes: fc.integer({ min: 1, max: 3 }), size: fc.integer({ min: 1, max: 3 }), seed: fc.nat(1000) }), ({ slices, pairs, nodes, size, seed }) => {
        const shape = { ranks: slices * pairs * nodes, perNode: slices * pairs };
        const groups = shape.ranks / slices;
        const ofGroups = payloads({ rows: groups, columns: groups, size: size * slices, seed });
        const cluster = new VirtualCluster(shape);
        const send = Array.from({ length: shape.ranks }, (_, rank) => ofGroups[Math.floor(rank / slices)]);
        const received = coordinatedAllToAll(cluster, send, { tensorParallel: slices });
        received.forEach((chunks, rank) => expect(chunks).toEqual(ofGroups.map((row) => row[Math.floor(rank / slices)])));
        // All ranks with all others: each has a part of its group's chunk for every rank, and puts them together.
        const flat = new VirtualCluster(shape);
        const parts = send.map((row, rank) => Array.from({ length: shape.ranks }, (_, to) => row[Math.floor(to / slices)].subarray((rank % slices) * size, (rank % slices + 1) * size)));
        flatAllToAll(flat, parts).forEach((chunks, rank) => {
          const joined = Array.from({ length: groups }, (_, group) => Float32Array.from(chunks.slice(group * slices, (group + 1) * slices).flatMap((part) => [...part])));
          expect(joined).toEqual(received[rank]);
        });
        const options = { ...shape, bytesPerRank: 4 * size * slices * groups, tensorParallel: slices };
        expect(cluster.sentBy(0)).toEqual(allToAllTraffic(options, "coordinated"));
        expect(flat.sentBy(0)).toEqual(allToAllTraffic(options, "flat"));
      }),
      { numRuns: 30 },
    );
  });

  it("of 128 ranks, eight in a node, takes 127 messages flat and 22 by way of the node, 7 of them inside, at exactly twice the bytes", () => {
    const shape = { ranks: 128, perNode: 8 };
    const cluster = new VirtualCluster(shape);
    hierarchicalAllToAll(cluster, payloads({ rows: 128, columns: 128, size: 1, seed: 0 }));
    const sent = cluster.sentBy(77);
    expect([sent.own.messages, sent.node.messages, sent.network.messages]).toEqual([0, 7, 15]);
    const cost = (kind: methods.deepspeedMoe.Exchange): methods.deepspeedMoe.ExchangeCost => allToAllCost({ ...shape, bytesPerRank: 512, tensorParallel: 8 }, kind);
    expect([cost("flat").messages, cost("hierarchical").messages, cost("coordinated").messages]).toEqual([127, 22, 22]);
    expect(cost("hierarchical").bytes).toBe(2 * cost("flat").bytes);
    expect(cost("flat").bytes).toBe(512);
  });

  it("by way of the node is cheaper for small messages and dearer for large ones, and the same at the crossover", () => {
    const shape = { ranks: 128, perNode: 8 };
    const at = crossoverBytes(shape, { small: "hierarchical", large: "flat" }) ?? NaN;
    const seconds = (bytesPerRank: number, kind: "flat" | "hierarchical"): number => allToAllCost({ ...shape, bytesPerRank }, kind).seconds;
    expect(seconds(at, "flat")).toBeCloseTo(seconds(at, "hierarchical"), 9);
    expect(seconds(at / 2, "hierarchical")).toBeLessThan(seconds(at / 2, "flat"));
    expect(seconds(at * 2, "hierarchical")).toBeGreaterThan(seconds(at * 2, "flat"));
    // Where own copies are free, a chunk of α of the network ÷ β of the node: 4.5 MB.
    const free = { ...LINKS, own: { alphaSeconds: 0, betaSecondsPerByte: 0 } };
    expect((crossoverBytes({ ...shape, links: free }, { small: "hierarchical", large: "flat" }) ?? NaN) / 128 / 4.5e6).toBeCloseTo(1, 6);
    expect(crossoverBytes(shape, { small: "flat", large: "hierarchical" })).toBeUndefined();
    expect(crossoverBytes({ ranks: 8, perNode: 8 }, { small: "hierarchical", large: "flat" })).toBeUndefined();
  });
});

describe("experts on several ranks", () => {
  const tokens = (rank: number): Tensor => random.normal(random.key(100 + rank), [16, 6]);
  const ranks = 4;
  const run = async (layer: nn.Moe, compute: (rank: number, x: Tensor) => Tensor): Promise<Tensor[]> => {
    const ways = Array.from({ length: ranks }, (_, rank) => layer.route(layer.logits(tokens(rank))));
    const sent = ways.map((way, rank) => nn.dispatch(tokens(rank), way));
    const chunk = [layer.count / ranks, ways[0].capacity, 6];
    const flat = async (x: Tensor): Promise<Float32Array> => Float32Array.from(await x.numbers());
    const back = await expertParallel({
      cluster: new VirtualCluster({ ranks, perNode: 2 }),
      buffers: await Promise.all(sent.map(flat)),
      compute: (rank, received) => Promise.all(received.map((one) => flat(compute(rank, tensor(one).reshape(chunk))))),
      allToAll: hierarchicalAllToAll,
    });
    return back.map((buffer, rank) => nn.combine(tensor(buffer).reshape(sent[rank].shape), ways[rank]));
  };

  it("give what they give on one", async () => {
    const layer = nn.moe({ width: 6, hidden: 5, experts: 8, k: 2, key });
    const own = (rank: number): nn.Moe => tree.map(layer, (leaf, path) => (path === "gate" ? leaf : leaf.slice({ axis: 0, start: rank * 2, end: rank * 2 + 2 })));
    const found = await run(layer, (rank, x) => own(rank).experts(x));
    for (let rank = 0; rank < ranks; rank++) await expectClose(found[rank], layer.call(tokens(rank)), 1e-5);
  });

  it("bring tokens back as they were when experts are the identity and gates are 1", async () => {
    class Certain extends nn.Moe {
      override route(logits: Tensor): nn.Route {
        return nn.route(logits, { normalize: true, capacityFactor: 4 });
      }
    }
    const found = await run(new Certain(nn.moe({ width: 6, experts: 4, key })), (_, x) => x);
    for (let rank = 0; rank < ranks; rank++) await expectClose(found[rank], tokens(rank), 0);
  });

  it("in slices sum up to the whole expert", async () => {
    const base = nn.moe({ width: 6, hidden: 12, experts: 3, key });
    const layer = tree.map(base, (leaf, path) => (path.endsWith("bias") ? random.normal(random.fold(key, path), leaf.shape) : leaf));
    const x = random.normal(key, [3, 4, 6]);
    await expectClose(slicedExperts(layer, 3).map((part) => part.experts(x)).reduce((sum, part) => sum.add(part)), layer.experts(x), 1e-5);
  });
});

describe("placement on 16 ranks", () => {
  const layers = [{ experts: 4, parametersPerExpert: 100 }, { experts: 8, parametersPerExpert: 100 }, { experts: 32, parametersPerExpert: 100 }];

  it("spreads each layer over as many ranks as it has experts, with copies on the others", () => {
    expect(placeExperts(layers, { ranks: 16 }).map(({ expertParallel: degree, copies, expertsPerRank, parametersPerRank }) => [degree, copies, expertsPerRank, parametersPerRank])).toEqual([[4, 4, 1, 100], [8, 2, 1, 100], [16, 1, 2, 200]]);
    // One degree for all layers: more on every rank.
    expect(placeExperts(layers, { ranks: 16, expertParallel: 4 }).map(({ parametersPerRank }) => parametersPerRank)).toEqual([100, 200, 800]);
  });

  it("or with slices of an expert", () => {
    expect(placeExperts(layers, { ranks: 16, beyond: "slices" }).map(({ slices, copies, parametersPerRank }) => [slices, copies, parametersPerRank])).toEqual([[4, 1, 25], [2, 1, 50], [1, 1, 200]]);
  });

  it("puts every expert on as many ranks as there are copies and slices, and every rank to use", () => {
    fc.assert(
      fc.property(fc.record({ experts: fc.integer({ min: 1, max: 4 }).map((e) => 2 ** e), ranks: fc.integer({ min: 1, max: 5 }).map((r) => 2 ** r), beyond: fc.constantFrom("copies" as const, "slices" as const) }), ({ experts, ranks, beyond }) => {
        const [placed] = placeExperts([{ experts, parametersPerExpert: 64 }], { ranks, beyond });
        const held = Array.from({ length: experts }, (_, expert) => ranksOfExpert(placed, expert));
        for (const one of held) expect(new Set(one).size).toBe(placed.copies * placed.slices);
        const loads = Array.from({ length: ranks }, (_, rank) => held.filter((one) => one.includes(rank)).length);
        expect(new Set(loads)).toEqual(new Set([placed.expertsPerRank]));
        expect(placed.parametersPerRank * ranks).toBe(experts * 64 * placed.copies);
      }),
    );
  });
});

describe("refusals", () => {
  const shape = { ranks: 4, perNode: 2 };
  const cluster = new VirtualCluster(shape);
  const [placed] = placeExperts([{ experts: 2, parametersPerExpert: 1 }], { ranks: 2 });
  const bad = payloads({ rows: 4, columns: 4, size: 2, seed: 0 });
  bad[2][1] = new Float32Array(3);
  const unequal = payloads({ rows: 4, columns: 2, size: 2, seed: 0 });
  it.each<readonly [string, new (...args: never[]) => Error, () => unknown]>([
    ["no experts", NoEffectError, () => mixtureOfExperts(smallGpt(), { experts: [0, 0], key })],
    ["experts for another depth", ArgumentError, () => mixtureOfExperts(smallGpt(), { experts: [0, 2, 0], key })],
    ["a negative β", ArgumentError, () => moeTrainer({ model: smallGpt(), optimizer: optim.adam({ lr: 1e-2 }), batch: countingBatch, key, distillation: { teacher: smallGpt(), until: 1, beta: -1 } })],
    ["parts of sequences, where positions decide", ShapeError, () => new PositionMoe(nn.moe({ width: 4, experts: 2, key }), { context: 8, seed: 0 }).call(random.normal(key, [5, 1, 4]))],
    ["nodes that are not full", ArgumentError, () => new VirtualCluster({ ranks: 6, perNode: 4 })],
    ["a letter to nobody", ArgumentError, () => cluster.exchange([new Map([[4, new Float32Array(1)]]), new Map(), new Map(), new Map()])],
    ["too few outboxes", ArgumentError, () => cluster.exchange([])],
    ["the account of a rank that is not there", ArgumentError, () => cluster.sentBy(4)],
    ["chunks of different lengths, flat", ArgumentError, () => flatAllToAll(cluster, bad)],
    ["chunks of different lengths, by way of the node", ArgumentError, () => hierarchicalAllToAll(cluster, bad)],
    ["different activations in a tensor group", ArgumentError, () => coordinatedAllToAll(cluster, unequal, { tensorParallel: 2 })],
    ["slices that do not divide the ranks", ArgumentError, () => coordinatedAllToAll(cluster, unequal, { tensorParallel: 3 })],
    ["a tensor group across nodes", ArgumentError, () => allToAllTraffic({ ...shape, bytesPerRank: 8, tensorParallel: 4 }, "coordinated")],
    ["bytes that are no number", ArgumentError, () => allToAllCost({ ...shape, bytesPerRank: NaN }, "flat")],
    ["experts that ranks do not divide", ArgumentError, () => placeExperts([{ experts: 6, parametersPerExpert: 1 }], { ranks: 4 })],
    ["an expert that is not there", ArgumentError, () => ranksOfExpert(placed, 2)],
    ["slices that do not divide the width", ArgumentError, () => slicedExperts(nn.moe({ width: 4, experts: 2, key }), 3)],
  ])("%s: an error of three lines", (_, kind, call) => {
    expect(call).toThrow(kind);
    expect(call).toThrow(/^[^\n]+\n( {2}at [^\n]+\n)? {2}help: [^\n]+$/);
  });

  it("experts that cannot be shared evenly by the ranks", async () => {
    await expect(expertParallel({ cluster, buffers: [0, 1, 2, 3].map(() => new Float32Array(6)), compute: (_, received) => received })).rejects.toThrow(/6 numbers on 4 ranks[\s\S]*help:/);
  });
});
