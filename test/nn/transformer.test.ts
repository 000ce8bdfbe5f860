/** @file Transformers: causality, decoding with a cache, sizes, layer paths, inner values, errors. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError, NoEffectError, ShapeError } from "../../kernel/errors";
import { full, slice, transpose } from "../../kernel/graph/ops/movement";
import { div } from "../../kernel/graph/ops/elementwise";
import { sum } from "../../kernel/graph/ops/reduction";
import "../../kernel/graph/methods";
import { topological } from "../../kernel/graph/rewrite";
import { override, withTaps } from "../../kernel/graph/taps";
import { tensor, type Tensor } from "../../kernel/graph/tensor";
import { countParameters, map, pathsOf } from "../../kernel/graph/tree";
import * as nn from "../../kernel/nn/index";
import * as random from "../../kernel/random/index";
import { compile } from "../../kernel/runtime/compile";
import { expectClose } from "./fixture";

const key = random.key(7);
const plain = nn.gpt({ vocab: 11, depth: 2, width: 16, heads: 4, context: 8, key });
const modern = nn.gpt({ vocab: 11, depth: 2, width: 16, heads: 4, kvHeads: 2, context: 8, norm: "rms", position: "rotary", mlp: "squaredRelu", qkNorm: true, tie: true, key });
const VARIANTS = [
  ["layer norm, learned positions", plain],
  ["RMS norm, rotary positions, grouped queries, tied head", modern],
] as const;

const tokenRows = fc.array(fc.array(fc.nat(10), { minLength: 6, maxLength: 6 }), { minLength: 2, maxLength: 2 });
const logitsOf = compile((model: nn.Gpt, tokens: Tensor) => model.call(tokens));

describe.each(VARIANTS)("a GPT with %s", (_, model) => {
  it("gives logits [B, T, V] for any T up to the context", () => {
    for (const length of [1, 5, 8]) expect(model.call(full([3, length], 2, "int32")).shape).toEqual([3, length, 11]);
  });

  it("never lets a later token change an earlier logit, and lets an earlier one change later logits", async () => {
    await fc.assert(
      fc.asyncProperty(tokenRows, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 10 }), async (rows, at, shift) => {
        const changed = rows.map((row) => row.with(at, (row[at] + shift) % 11));
        const [before, after] = [await logitsOf(model, tensor(rows, "int32")), await logitsOf(model, tensor(changed, "int32"))];
        const [a, b] = [await before.numbers(), await after.numbers()];
        const rowSize = 6 * 11;
        for (const start of [0, rowSize]) {
          expect(a.slice(start, start + at * 11)).toEqual(b.slice(start, start + at * 11));
          expect(a.slice(start + at * 11, start + rowSize)).not.toEqual(b.slice(start + at * 11, start + rowSize));
        }
      }),
      { numRuns: 10 },
    );
  });

  it("treats the sequences of a batch apart", async () => {
    const rows = [[1, 2, 3, 4], [9, 8, 7, 6], [5, 5, 0, 1]];
    const together = model.call(tensor(rows, "int32"));
    for (const [i, row] of rows.entries()) await expectClose({ row: slice(together, { axis: 0, start: i, end: i + 1 }) }, { row: model.call(tensor([row], "int32")) });
  });

  it("extends any number of positions by the next ones as it computes them together", async () => {
    const tokens = tensor([[3, 1, 4, 1, 5, 9, 2, 6], [2, 7, 1, 8, 2, 8, 1, 8]], "int32");
    const part = (start: number, end: number): Tensor => slice(tokens, { axis: 1, start, end });
    const first = model.extend(part(0, 3));
    const { logits, fresh } = model.extend(part(3, 8), first.fresh);
    await expectClose({ first: first.logits, rest: logits }, { first: slice(model.call(tokens), { axis: 1, end: 3 }), rest: slice(model.call(tokens), { axis: 1, start: 3 }) });
    expect(fresh.map(({ k }) => k.shape[0])).toEqual([5, 5]);
    expect(() => model.extend(part(0, 6), first.fresh)).toThrow(ShapeError);
  });

  it("decodes with a cache as it does without, token by token and after a prompt", async () => {
    const rows = [[3, 1, 4, 1, 5, 9, 2, 6], [2, 7, 1, 8, 2, 8, 1, 8]];
    const whole = model.call(tensor(rows, "int32"));
    const promptLength = 3;
    let { logits, cache } = model.step(tensor(rows.map((row) => row.slice(0, promptLength)), "int32"), model.cache({ batch: 2 }));
    await expectClose({ prompt: logits }, { prompt: slice(whole, { axis: 1, end: promptLength }) });
    // One trace for all positions: a second one would throw.
    const step = compile((m: nn.Gpt, tokens: Tensor, before: nn.KeyValueCache) => m.step(tokens, before), { donate: ["before"], maxTraces: 1 });
    for (let t = promptLength; t < 8; t++) {
      ({ logits, cache } = await step(model, tensor(rows.map((row) => row[t]), "int32"), cache));
      expect(logits.shape).toEqual([2, 11]);
      await expectClose({ [t]: logits }, { [t]: slice(whole, { axis: 1, start: t, end: t + 1 }).reshape([2, 11]) });
    }
    expect(await cache.position.item()).toBe(8);
  });

  it("keeps its numbers when inner values are read", async () => {
    const tokens = tensor([[1, 2, 3, 4, 5]], "int32");
    const { result, taps } = withTaps((m: nn.Gpt) => m.call(tokens), /attention\.weights$/)(model);
    await expectClose({ result }, { result: model.call(tokens) });
    expect(Object.keys(taps)).toEqual(["blocks.0.attention.weights", "blocks.1.attention.weights"]);
    for (const weights of Object.values(taps)) {
      expect(weights.shape).toEqual([1, 4, 5, 5]);
      await expectClose({ rows: sum(weights, -1) }, { rows: full([1, 4, 5], 1) });
      const values = await weights.numbers();
      for (let h = 0; h < 4; h++) for (let t = 0; t < 5; t++) for (let s = 0; s < 5; s++) expect(values[(h * 5 + t) * 5 + s] > 0).toBe(s <= t);
    }
  });
});

describe("parameter counts equal the formulae", () => {
  it("of a GPT with layer norm: 12 D² + 13 D a block, tables, last norm, head", () => {
    const [vocab, depth, width, context] = [50, 3, 32, 20];
    const model = nn.gpt({ vocab, depth, width, heads: 4, context, key });
    expect(countParameters(model)).toBe(depth * (12 * width ** 2 + 13 * width) + 2 * vocab * width + context * width + 2 * width);
  });

  it("of a GPT with RMS norm, grouped queries, SwiGLU and a tied head", () => {
    const [vocab, depth, width, hidden] = [50, 2, 32, 88];
    const model = nn.gpt({ vocab, depth, width, heads: 4, kvHeads: 1, context: 20, norm: "rms", position: "rotary", mlp: "swiglu", tie: true, key });
    expect(countParameters(model)).toBe(depth * (2 * width ** 2 + 2 * width * 8 + 3 * width * hidden + 2 * width) + vocab * width + width);
  });

  it("of a ViT and a DiT", () => {
    const vit = nn.vit({ image: 16, patch: 4, depth: 2, width: 24, heads: 3, classes: 10, key });
    expect(countParameters(vit)).toBe(2 * (12 * 24 ** 2 + 13 * 24) + (48 * 24 + 24) + 16 * 24 + 2 * 24 + 24 * 10 + 10);
    const dit = nn.dit({ channels: 4, patch: 2, depth: 2, width: 24, heads: 3, classes: 9, timeFeatures: 64, key });
    expect(countParameters(dit)).toBe(2 * (18 * 24 ** 2 + 15 * 24) + (16 * 24 + 24) + (64 * 24 + 24 + 24 ** 2 + 24) + 10 * 24 + (2 * 24 ** 2 + 2 * 24) + (24 * 16 + 16));
  });
});

describe("layer paths", () => {
  it("name parameters as checkpoints do", () => {
    expect(pathsOf(nn.gpt({ vocab: 5, depth: 1, width: 8, heads: 2, context: 4, qkNorm: true, mlp: "geglu", key }))).toEqual(
      ["tokens.weight", "positions.weight", "norm1.weight", "norm1.bias", ...["q", "k", "v", "out"].flatMap((name) => [`attention.${name}.weight`, `attention.${name}.bias`]), "attention.queryNorm.weight", "attention.keyNorm.weight", "norm2.weight", "norm2.bias", ...["up", "gate", "down"].flatMap((name) => [`mlp.${name}.weight`, `mlp.${name}.bias`]), "norm.weight", "norm.bias", "head.weight"].map((path) => (/^(norm[12]|attention|mlp)\./.test(path) ? `blocks.0.${path}` : path)),
    );
  });

  it("are on the nodes that a layer computes, within any tree", () => {
    const nodes = (output: Tensor): Set<string> => new Set(topological([output]).map(({ path }) => path));
    const tokens = tensor([[1, 2, 3]], "int32");
    expect(nodes(plain.call(tokens))).toEqual(new Set(["", "tokens", "positions", "norm", "head", ...[0, 1].flatMap((i) => ["", ".norm1", ".attention", ".attention.q", ".attention.k", ".attention.v", ".attention.out", ".norm2", ".mlp", ".mlp.up", ".mlp.down"].map((part) => `blocks.${i}${part}`))]));
    const { outputs } = logitsOf.lowered(plain, tokens);
    expect(topological(outputs).some(({ op, path }) => op === "MatMul" && path === "blocks.1.mlp.up")).toBe(true);
    const nested = compile((models: { readonly teacher: nn.Gpt }, x: Tensor) => models.teacher.call(x)).lowered({ teacher: plain }, tokens);
    expect(topological(nested.outputs).some(({ op, path }) => op === "MatMul" && path === "teacher.blocks.1.mlp.up")).toBe(true);
  });

  it("are in errors", () => {
    const narrow = map(plain, (leaf, path) => (path === "blocks.1.mlp.down.weight" ? slice(leaf, { axis: 0, end: 3 }) : leaf));
    expect(() => narrow.call(tensor([[1, 2]], "int32"))).toThrow(/64 ≠ 3[^]*at blocks\.1\.mlp\.down/);
  });
});

describe("inner values", () => {
  const tokens = tensor([[1, 2, 3, 4]], "int32");

  it("can be replaced: weights that are even over the past make each head the mean of its values", async () => {
    const attention = nn.withPaths(nn.attention({ width: 8, heads: 2, key }));
    const x = random.normal(key, [4, 1, 8]);
    const even = override((a: nn.Attention) => a.call(x), /weights$/, (weights) => full(weights.shape, 1 / 4))(attention);
    const mean = div(sum(attention.v.call(x), 0, { keep: true }), 4).broadcastTo([4, 1, 8]);
    await expectClose({ even }, { even: attention.out.call(mean) });
  });

  it("include what every layer returns and what enters the second half of each mlp", () => {
    const { taps } = withTaps((m: nn.Gpt) => m.call(tokens), /^blocks\.1\.(mlp\.hidden|output)$/)(plain);
    expect(Object.entries(taps).map(([name, value]) => [name, value.shape])).toEqual([
      ["blocks.1.mlp.hidden", [4, 1, 64]],
      ["blocks.1.output", [4, 1, 16]],
    ]);
  });

  it("throw when none has the name", () => {
    expect(() => withTaps((m: nn.Gpt) => m.call(tokens), /atention/)(plain)).toThrow(NoEffectError);
  });
});

describe("attention", () => {
  it("hides keys by a bias, and reads a memory of another length and width", async () => {
    const attention = nn.attention({ width: 8, heads: 2, memoryWidth: 6, key });
    const x = random.normal(random.fold(key, "x"), [3, 2, 8]);
    const memory = random.normal(random.fold(key, "memory"), [5, 2, 6]);
    const bias = tensor([[0, 0, 0, -1e9, -1e9]]);
    await expectClose({ seen: attention.call(x, { memory, bias }) }, { seen: attention.call(x, { memory: slice(memory, { axis: 0, end: 3 }) }) });
  });

  it("with rotary positions depends on distances only", async () => {
    const attention = nn.withPaths(nn.attention({ width: 8, heads: 2, rotary: true, bias: false, key }));
    const x = random.normal(key, [1, 1, 8]).broadcastTo([6, 1, 8]);
    const { taps } = withTaps((a: nn.Attention) => a.call(x), /scores$/)(attention);
    const scores = await taps["scores"].numbers();
    for (let h = 0; h < 2; h++) for (let t = 1; t < 6; t++) for (let s = 1; s < 6; s++) expect(scores[(h * 6 + t) * 6 + s]).toBeCloseTo(scores[(h * 6 + t - 1) * 6 + s - 1], 5);
    expect(Math.abs(scores[0] - scores[1])).toBeGreaterThan(1e-3);
  });

  it("with a rotation keeps lengths", async () => {
    const x = random.normal(key, [5, 3, 8]);
    const turned = nn.rotate(x, nn.rotaryTable(tensor([0, 3, 50, 700, 9], "int32"), { headWidth: 8 }));
    await expectClose({ length: turned.norm(-1) }, { length: x.norm(-1) });
    await expectClose({ first: slice(turned, { axis: 0, end: 1 }) }, { first: slice(x, { axis: 0, end: 1 }) });
  });
});

describe("mistakes", () => {
  it("are told with what to do", () => {
    expect(() => plain.call(full([2, 9], 0, "int32"))).toThrow(ShapeError);
    expect(() => plain.call(full([9], 0, "int32"))).toThrow(/tokens \[9\] for a context of 8\n.*help: pass tokens \[B, T\]/);
    expect(() => nn.attention({ width: 10, heads: 4, key })).toThrow(ArgumentError);
    expect(() => nn.attention({ width: 12, heads: 4, kvHeads: 3, key })).toThrow(/kvHeads must divide heads/);
    expect(() => nn.attention({ width: 12, heads: 4, rotary: true, key })).toThrow(/even width per head/);
    expect(() => nn.vit({ image: 10, patch: 4, depth: 1, width: 8, heads: 2, classes: 2, key })).toThrow(/10×10 do not part into patches of 4/);
    expect(() => nn.vit({ image: 8, patch: 4, depth: 1, width: 8, heads: 2, classes: 2, key }).call(full([1, 3, 12, 8], 0))).toThrow(/6 tokens, the model has 4 positions/);
  });

  it("time stands first: transposed input and output give the same as batch-first use of a GPT's block", async () => {
    const block = plain.blocks[0];
    const batchFirst = random.normal(key, [2, 3, 16]);
    const one = slice(batchFirst, { axis: 0, end: 1 });
    const timeFirst = (x: Tensor): Tensor => transpose(x, [1, 0, 2]);
    await expectClose({ one: slice(timeFirst(block.call(timeFirst(batchFirst))), { axis: 0, end: 1 }) }, { one: timeFirst(block.call(timeFirst(one))) });
  });
});
