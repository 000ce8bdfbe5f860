import fc from "fast-check";
import { describe, expect, it } from "vitest";
import "../../kernel/runtime/realize";
import { ArgumentError, DtypeError } from "../../kernel/errors";
import { hostArrayFrom } from "../../kernel/graph/dtype";
import { add, scalar } from "../../kernel/graph/ops/elementwise";
import { fromHost, realize, tensor, type Tensor } from "../../kernel/graph/tensor";
import * as random from "../../kernel/random";
import { philoxWords, seedKey, splitKey, type Key as HostKey } from "../../kernel/random/philox";
import { compile } from "../../kernel/runtime/compile";

const words = async (key: Tensor): Promise<number[]> => [...(await key.numbers())];
/** The same key as a value that is not known before the graph runs. */
const unknown = (key: Tensor): Tensor => add(key, scalar(0, "int64"));
const keyOf = ([low, high]: HostKey): Tensor => fromHost({ dtype: "int64", shape: [2], data: hostArrayFrom("int64", [low, high]) });
const word = fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constantFrom(0, 2 ** 31, 2 ** 32 - 1));

describe("bits", () => {
  it("are the host's stream, in the graph and outside, for any key and length", async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(word, word), fc.oneof(fc.nat(9), fc.integer({ min: 4094, max: 4098 })), async (host, count) => {
        const expected = [...philoxWords(host, 0, new Uint32Array(count))];
        const key = keyOf(host);
        expect([...(await random.bits(key, [count]).numbers())]).toEqual(expected);
        if (count > 0) expect([...(await random.bits(unknown(key), [count]).numbers())]).toEqual(expected);
      }),
      { numRuns: 15 },
    );
  });

  it("follow the key that a compiled function is given, without a new trace", async () => {
    let traces = 0;
    const draw = compile((key: Tensor) => {
      traces++;
      return random.bits(key, [2, 3]);
    });
    for (const seed of [0, 1, 2 ** 40 + 7]) {
      expect([...(await (await draw(random.key(seed))).numbers())]).toEqual([...philoxWords(seedKey(seed), 0, new Uint32Array(6))]);
    }
    expect(traces).toBe(1);
  });

  it("refuse what is no key", () => {
    expect(() => random.bits(tensor([1, 2]), [4])).toThrow(ArgumentError);
    expect(() => random.uniform(tensor([1, 2, 3], "int64"), [4])).toThrow(/random\.key/);
  });
});

describe("fold and split", () => {
  it("give the host's keys for numbers, tensors and names, in the graph and outside", async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(word, word), fc.oneof(fc.nat(100), fc.integer({ min: 0, max: 2 ** 53 - 1 })), fc.string(), async (host, label, name) => {
        const key = keyOf(host);
        const fromTensor = random.fold(key, fromHost({ dtype: "int64", shape: [], data: hostArrayFrom("int64", [label]) }));
        const numbers = [random.fold(key, label), random.fold(unknown(key), label), fromTensor];
        const names = [random.fold(key, name), random.fold(unknown(key), name)];
        await realize([...numbers, ...names]);
        for (const folded of numbers) expect(await words(folded)).toEqual([...splitKey(host, label)]);
        for (const folded of names) expect(await words(folded)).toEqual([...splitKey(host, name)]);
      }),
      { numRuns: 15 },
    );
  });

  it("split alike in the graph and outside, and the first keys do not depend on the count", async () => {
    const key = random.key("model");
    const outside = await Promise.all(random.split(key, 5).map(words));
    const inside = random.split(unknown(key), 3);
    await realize(inside);
    expect(await Promise.all(inside.map(words))).toEqual(outside.slice(0, 3));
  });

  it("never give one key twice", async () => {
    const key = random.key(3);
    const labels = Array.from({ length: 200 }, (_, i) => i);
    const children = [key, ...random.split(key, 200), ...labels.map((i) => random.fold(key, i)), ...labels.map((i) => random.fold(key, `${i}`))];
    const seen = new Set((await Promise.all(children.map(words))).map(String));
    expect(seen.size).toBe(children.length);
  });

  it("refuse labels that are no counts", () => {
    const key = random.key(0);
    expect(() => random.fold(key, -1)).toThrow(ArgumentError);
    expect(() => random.fold(unknown(key), 0.5)).toThrow(ArgumentError);
    expect(() => random.fold(key, tensor(1))).toThrow(DtypeError);
    expect(() => random.fold(key, tensor([1, 2], "int32"))).toThrow(ArgumentError);
    expect(() => random.split(key, 0)).toThrow(ArgumentError);
    expect(() => random.key(-1)).toThrow(ArgumentError);
  });
});
