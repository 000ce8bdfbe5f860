/** @file Multi-level training: the maps between two sizes, what they keep of a model, and the cycle that runs over them. */
import { describe, expect, it } from "vitest";
import { ArgumentError, methods, nn, random, singularValues, tensor, trainer, optim, tree, UnsupportedOpError, type Tensor } from "../../kernel/index";
import { countingBatch } from "../contract/methodCases";

const { multiLevel: ml } = methods;
const key = random.key(2);
const numbers = async (x: Tensor): Promise<number[]> => [...(await x.numbers())];
const largest = (values: readonly number[]): number => Math.max(...values.map(Math.abs));
const VOCAB = 12;
type Options = Partial<nn.GptOptions>;
const gpt = (options: Options = {}): nn.Gpt => nn.gpt({ vocab: VOCAB, depth: 4, width: 32, heads: 4, hidden: 64, context: 8, key, ...options });
/** A model of half the size, and the maps from `gpt()` to it. */
const half = (options: Options = {}): nn.Gpt => gpt({ depth: 2, width: 16, heads: 2, hidden: 32, key: random.key(9), ...options });
const tokens = tensor([[1, 5, 3, 0, 7, 2], [4, 4, 9, 11, 6, 8]], "int32");
const logits = async (model: nn.Gpt): Promise<number[]> => numbers(model.call(tokens));
const distance = async (a: nn.Gpt, b: nn.Gpt): Promise<number> => {
  const other = new Map(tree.leaves(b));
  const each = await Promise.all(tree.leaves(a).map(async ([path, leaf]) => {
    const twin = other.get(path);
    expect(twin?.shape, path).toEqual(leaf.shape);
    return twin === undefined ? Infinity : largest(await numbers(leaf.sub(twin)));
  }));
  expect(other.size).toBe(each.length);
  return Math.max(...each);
};

describe("the maps", () => {
  it.each(["stack", "adjacent"] as const)("of %s pairs have rows that add up to 1, and F T = I", async (pairing) => {
    const { average, copy, small, large } = ml.axisMap(ml.pairs("heads", { count: 4, pairing }), 3);
    expect([small, large]).toEqual([6, 12]);
    for (const sum of await numbers(average.sum(1))) expect(sum).toBe(1);
    for (const sum of await numbers(copy.sum(1))) expect(sum).toBe(1);
    expect(await numbers(average.matmul(copy))).toEqual(Array.from({ length: 36 }, (_, i) => (i % 7 === 0 ? 1 : 0)));
  });

  it("pair whole heads: i with i + n, or neighbours", () => {
    expect(ml.pairs("heads", { count: 4, pairing: "stack" })).toEqual([[0, 2], [1, 3]]);
    expect(ml.pairs("layers", { count: 4, pairing: "adjacent" })).toEqual([[0, 1], [2, 3]]);
    expect(() => ml.pairs("heads", { count: 3, pairing: "stack" })).toThrow(ArgumentError);
  });

  it("average outputs and sum inputs: [[1, 2], [3, 4]] becomes 5, and comes back as four times 2.5", async () => {
    const { average, copy } = ml.axisMap([[0, 1]]);
    const small = copy.transpose().matmul(tensor([[1, 2], [3, 4]])).matmul(average.transpose());
    expect(await numbers(small)).toEqual([5]);
    const large = average.transpose().matmul(small).matmul(copy.transpose());
    expect(await numbers(large)).toEqual([2.5, 2.5, 2.5, 2.5]);
  });
});

describe("coalescing and de-coalescing", () => {
  it.each<readonly [string, Options, methods.multiLevel.MapOptions]>([
    ["the usual GPT", {}, {}],
    ["RMS norms, rotary positions, gates and normalized queries", { norm: "rms", position: "rotary", mlp: "swiglu", qkNorm: true }, {}],
    ["neighbouring heads and layers half a model apart", {}, { width: "adjacent", depth: "stack" }],
  ])("give a small model back as it was: %s", async (_, options, how) => {
    const [small, maps] = [half(options), ml.coalesceMaps(gpt(options), how)];
    const grown = ml.decoalesce(small, maps);
    expect(tree.leaves(grown).map(([path, { shape }]) => `${path} ${shape.join("×")}`)).toEqual(tree.leaves(gpt(options)).map(([path, { shape }]) => `${path} ${shape.join("×")}`));
    expect(await distance(ml.coalesce(grown, maps), small)).toBeLessThan(1e-6);
    const large = gpt(options);
    expect(await distance(ml.decoalesce(ml.coalesce(large, maps), maps), large)).toBeGreaterThan(0.01);
  });

  it.each<readonly [string, Options]>([["learned positions and layer norms", {}], ["rotary positions, RMS norms and gates", { position: "rotary", norm: "rms", mlp: "swiglu" }]])("keep the function in width: %s", async (_, options) => {
    // Maps of width alone: each layer stands for itself.
    const maps = { ...ml.coalesceMaps(gpt(options)), layers: [[0], [1]] };
    const small = half(options);
    const [before, after] = [await logits(small), await logits(ml.decoalesce(small, maps))];
    expect(largest(before.map((value, i) => value - after[i])) / largest(before)).toBeLessThan(1e-5);
  });

  it("do not when the stream begins at half its scale, nor when the pairs lie inside of heads with rotary positions", async () => {
    const options: Options = { position: "rotary" };
    const maps = { ...ml.coalesceMaps(gpt(options)), layers: [[0], [1]] };
    const small = half(options);
    const before = await logits(small);
    const off = async (model: nn.Gpt): Promise<number> => {
      const after = await logits(model);
      return largest(before.map((value, i) => value - after[i])) / largest(before);
    };
    const grown = ml.decoalesce(small, maps);
    expect(await off(tree.map(grown, (leaf, path) => (path === "tokens.weight" ? leaf.mul(0.5) : leaf)))).toBeGreaterThan(0.01);
    const inside = ml.axisMap(ml.pairs("channels", { count: 32, pairing: "adjacent" }));
    expect(await off(ml.decoalesce(small, { ...maps, heads: inside }))).toBeGreaterThan(0.01);
  });

  it("change the function in depth: layers that are copied act twice", async () => {
    const small = half();
    const [before, after] = [await logits(small), await logits(ml.decoalesce(small, ml.coalesceMaps(gpt())))];
    expect(largest(before.map((value, i) => value - after[i])) / largest(before)).toBeGreaterThan(0.01);
  });

  it("halve heads and widths, and cost an eighth in blocks", () => {
    const small = ml.coalesce(gpt(), ml.coalesceMaps(gpt()));
    expect(small.blocks.map(({ attention }) => [attention.settings.heads, attention.q.inputs, attention.q.outputs])).toEqual([[2, 16, 16], [2, 16, 16]]);
    const weights = (model: nn.Gpt): number => nn.modulesOf(model).reduce((sum, [path, layer]) => (layer instanceof nn.Linear && path.startsWith("blocks.") ? sum + layer.weight.size : sum), 0);
    expect(weights(small) / weights(gpt())).toBe(1 / 8);
    // With the head, for 4 layers of width 64 over 96 tokens: (2 (4·32² + 2·32·128) + 32·96) / (4 (4·64² + 2·64·256) + 64·96).
    const sized = (depth: number, width: number): number => nn.modulesOf(gpt({ vocab: 96, depth, width, hidden: 4 * width })).reduce((sum, [, layer]) => (layer instanceof nn.Linear ? sum + layer.weight.size : sum), 0);
    expect(sized(2, 32) / sized(4, 64)).toBeCloseTo(0.136, 3);
  });

  it.each<readonly [string, () => unknown, new (...args: never[]) => Error]>([
    ["a tied head", () => ml.coalesceMaps(gpt({ tie: true })), UnsupportedOpError],
    ["shared keys and values", () => ml.coalesceMaps(gpt({ kvHeads: 2 })), UnsupportedOpError],
    ["an odd number of layers", () => ml.coalesceMaps(gpt({ depth: 3 })), ArgumentError],
    ["a width that the heads do not divide", () => ml.coalesceMaps(gpt({ hidden: 66 })), ArgumentError],
    ["alpha above 1", () => ml.interpolate(gpt(), gpt(), 1.5), ArgumentError],
    ["models of different form", () => ml.interpolate(gpt(), half(), 0.5), Error],
  ])("refuse %s with an error of three lines", (_, call, kind) => {
    expect(call).toThrow(kind);
    expect(call).toThrow(/^[^\n]+\n( {2}at [^\n]+\n)? {2}help: [^\n]+$/);
  });
});

describe("interpolation", () => {
  it("has its ends at 0 and 1 and the midpoint between", async () => {
    const [a, b] = [gpt(), gpt({ key: random.key(4) })];
    expect(await distance(ml.interpolate(a, b, 0), a)).toBe(0);
    expect(await distance(ml.interpolate(a, b, 1), b)).toBe(0);
    expect(await distance(ml.interpolate(a, b, 0.5), tree.zip(a, b, (x, y) => x.add(y).mul(0.5)))).toBeLessThan(1e-7);
  });

  it("gives back the rank that de-coalescing halves", async () => {
    const large = gpt();
    const grown = ml.decoalesce(half(), ml.coalesceMaps(large));
    const rank = async (model: nn.Gpt): Promise<number> => {
      const values = [...(await singularValues(model.blocks[0].attention.q.weight))];
      return values.filter((value) => value > 1e-5 * values[0]).length;
    };
    expect(await rank(grown)).toBe(16);
    expect(await rank(ml.interpolate(large, grown, 0.5))).toBe(32);
  });
});

describe("the cycle", () => {
  const trained = async (model: nn.Gpt, steps: number): Promise<nn.Gpt> => {
    const { step, batch, ...start } = trainer({ model, optimizer: optim.adam({ lr: 1e-2 }), loss: (m: nn.Gpt, { x, y }: ReturnType<typeof countingBatch>) => nn.crossEntropy(m.call(x), y), batch: countingBatch });
    let { state } = start;
    for (let i = 0; i < steps; i++) ({ state } = await step(state, batch(i)));
    return state.model;
  };

  it("goes down and up: start, bottom, finish, with models of each level", async () => {
    const phases: string[] = [];
    await ml.vCycle(gpt(), {
      levels: 3,
      train: async (model, { level, part }) => {
        phases.push(`${level} ${part} ${model.blocks.length}×${model.tokens.weight.shape[1]}`);
        return Promise.resolve(model);
      },
    });
    expect(phases).toEqual(["1 start 4×32", "2 start 2×16", "3 bottom 1×8", "2 finish 2×16", "1 finish 4×32"]);
    await expect(ml.vCycle(gpt(), { levels: 1, train: async (model) => Promise.resolve(model) })).rejects.toThrow(ArgumentError);
  });

  it("with α = 1 leaves twins that stay equal in training; with α = 0.5 they part", async () => {
    const apart = async (alpha: number): Promise<number> => {
      const model = await ml.vCycle(gpt({ depth: 2, width: 32 }), { alpha, train: async (at, { part }) => trained(at, part === "finish" ? 10 : 3) });
      const up = model.blocks[0].mlp.up.weight;
      const [left, right] = [up.slice({ axis: 1, end: 32 }), up.slice({ axis: 1, start: 32 })];
      return largest(await numbers(left.sub(right))) / largest(await numbers(up));
    };
    expect(await apart(1)).toBeLessThan(0.01);
    expect(await apart(0.5)).toBeGreaterThan(0.1);
  });
});
