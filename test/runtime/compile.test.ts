/** @file Compiled functions: traced once, state donated from step to step, errors that say what and where. */
import { describe, expect, test, vi } from "vitest";
import { ArgumentError, compile, fromHost, grad, LifetimeError, nn, ones, random, realize, ShapeError, tensor, tree, valueAndGrad, where, type Tensor } from "../../kernel/index";
import type { Storage } from "../../kernel/graph/tensor";
import type { Executor } from "../../kernel/runtime/executor";
import { executor, setExecutor } from "../../kernel/runtime/session";

const numbers = async (t: Tensor): Promise<number[]> => [...(await t.numbers())];
const rejection = async (promise: Promise<unknown>): Promise<Error> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error("was not rejected");
  return error;
};
const thrown = (body: () => unknown): Error => {
  try {
    body();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("nothing was thrown");
};

/** The executor in use, with every run watched. */
async function watched<R>(onRun: (inputs: readonly Storage[], outputs: readonly Storage[]) => void, body: () => Promise<R>): Promise<R> {
  const real = await executor();
  const watching: Executor = {
    description: real.description,
    fused: (call) => real.fused(call),
    interrupt: () => real.interrupt(),
    memory: () => real.memory(),
    async load(source) {
      const program = await real.load(source);
      return {
        async run(inputs, outputs) {
          onRun(inputs, outputs);
          await program.run(inputs, outputs);
        },
        release: () => program.release(),
      };
    },
  };
  setExecutor(watching);
  try {
    return await body();
  } finally {
    setExecutor(real);
  }
}

interface State {
  readonly weight: Tensor;
  readonly momentum: Tensor;
}
const descend = (state: State, batch: Tensor): { readonly state: State; readonly loss: Tensor } => {
  const [loss, g] = valueAndGrad((w: Tensor) => w.mul(batch).sub(1).square().mean())(state.weight);
  const momentum = state.momentum.mul(0.9).add(g);
  return { state: { weight: state.weight.sub(momentum.mul(0.1)), momentum }, loss };
};
const start = (): State => ({ weight: tensor([0.5, -1, 2]), momentum: tensor([0, 0, 0]) });
const batch = (i: number): Tensor => tensor([1 + (i % 3), 0.5, -1 - (i % 2)]);

describe("donated state", () => {
  test("is the same over 20 steps as state that is not donated", async () => {
    const [kept, given] = [compile(descend), compile(descend, { donate: ["state"] })];
    let [a, b] = [start(), start()];
    for (let i = 0; i < 20; i++) {
      const [one, other] = [await kept(a, batch(i)), await given(b, batch(i))];
      expect(await numbers(other.loss)).toEqual(await numbers(one.loss));
      [a, b] = [one.state, other.state];
    }
    expect(await numbers(b.weight)).toEqual(await numbers(a.weight));
    expect(await numbers(b.momentum)).toEqual(await numbers(a.momentum));
  });

  test("moves between two sets of buffers: after warming up, state is never allocated again", async () => {
    const seen: (readonly (ArrayBufferLike | undefined)[])[] = [];
    await watched(
      (_, outputs) => seen.push(outputs.slice(0, 2).map((storage) => storage.data?.buffer)),
      async () => {
        const step = compile(descend, { donate: ["state"] });
        let state = start();
        await realize([state.weight, state.momentum]);
        for (let i = 0; i < 12; i++) ({ state } = await step(state, batch(i)));
      },
    );
    expect(seen).toHaveLength(12);
    const warm = new Set(seen.slice(0, 2).flat());
    for (const buffers of seen.slice(2)) for (const buffer of buffers) expect(warm.has(buffer)).toBe(true);
  });

  test("never writes a buffer that the same run reads", async () => {
    let overlaps = 0;
    await watched(
      (inputs, outputs) => {
        const read = new Set(inputs.map((storage) => storage.data?.buffer));
        overlaps += outputs.filter((storage) => read.has(storage.data?.buffer)).length;
      },
      async () => {
        const step = compile(descend, { donate: ["state"] });
        let state = start();
        for (let i = 0; i < 6; i++) ({ state } = await step(state, batch(i)));
      },
    );
    expect(overlaps).toBe(0);
  });

  test("cannot be read or used afterwards, and the error says which call took it", async () => {
    const step = compile(descend, { donate: ["state"], name: "train step" });
    const state = start();
    await step(state, batch(0));
    const error = await rejection(state.weight.data());
    expect(error).toBeInstanceOf(LifetimeError);
    expect(error.message).toMatch(/Tensor float32 \[3\] was donated to train step; its buffer now holds newer values\n\s+help: use the tensors that the call returned/);
    expect(await rejection(step(state, batch(0)))).toBeInstanceOf(LifetimeError);
    expect(await rejection(realize([state.momentum.add(1)]))).toBeInstanceOf(LifetimeError);
  });

  test("that two calls were given at once goes to the first; the second fails instead of reading what the first wrote", async () => {
    const step = compile(descend, { donate: ["state"] });
    const state = start();
    const [first, second] = await Promise.allSettled([step(state, batch(0)), step(state, batch(1))]);
    expect(first.status).toBe("fulfilled");
    expect(second.status === "rejected" && second.reason).toBeInstanceOf(LifetimeError);
  });

  test("is not overwritten while another call still reads it", async () => {
    const step = compile((state: Tensor, by: Tensor) => state.add(by), { donate: ["state"] });
    const read = compile((x: Tensor) => x.sum());
    let state = (await compile(() => ones([50_000]))()) ;
    const sums: Promise<Tensor>[] = [];
    for (let i = 0; i < 8; i++) {
      sums.push(read(state));
      state = await step(state, tensor(1));
    }
    expect(await Promise.all((await Promise.all(sums)).map((t) => t.item()))).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((v) => v * 50_000));
  });

  test("is not taken before an earlier call that reads it has compiled, however long that takes", async () => {
    const step = compile((state: Tensor, by: Tensor) => state.add(by), { donate: ["state"] });
    const by = tensor(1);
    let state = await step(ones([300]), by);
    for (let i = 0; i < 3; i++) {
      // Much to compile: the step, which is compiled already, would be done first.
      const slow = compile((x: Tensor) => Array.from({ length: 300 }).reduce<Tensor>((y, _, k) => y.mul(1 + i).sin().add(x.sum().mul(k)), x).mul(0).add(x).sum());
      const sum = slow(state);
      state = await step(state, by);
      expect(await (await sum).item()).toBe(300 * (2 + i));
    }
  });

  test("is kept when a run fails", async () => {
    let failing = false;
    await watched(
      () => {
        if (failing) throw new Error("out of luck");
      },
      async () => {
        const step = compile(descend, { donate: ["state"] });
        const { state } = await step(start(), batch(0));
        const before = await numbers(state.weight);
        failing = true;
        expect((await rejection(step(state, batch(1)))).message).toBe("out of luck");
        failing = false;
        expect(await numbers(state.weight)).toEqual(before);
        const next = await step(state, batch(1));
        expect((await numbers(next.state.weight)).every(Number.isFinite)).toBe(true);
      },
    );
  });

  test("does not pile up when what is donated never comes back as a result", async () => {
    const fresh = new Set<unknown>();
    await watched(
      (_, outputs) => outputs.forEach((storage) => fresh.add(storage.data?.buffer)),
      async () => {
        const step = compile((x: Tensor, y: Tensor) => x.add(y).sum(), { donate: ["y"] });
        for (let i = 0; i < 5; i++) expect(await (await step(tensor([1, 2]), tensor([i, i]))).item()).toBe(3 + 2 * i);
      },
    );
    expect(fresh.size).toBe(5); // one loss each; nothing of y's form is kept for later
  });

  test("may be held twice by the argument", async () => {
    const w = tensor([1, 2]);
    const step = compile((m: { readonly a: Tensor; readonly b: Tensor }) => ({ a: m.a.add(m.b), b: m.b.mul(3) }), { donate: ["m"] });
    const out = await step({ a: w, b: w });
    expect([await numbers(out.a), await numbers(out.b)]).toEqual([[2, 4], [3, 6]]);
  });

  test("names a parameter, or compile says which there are", () => {
    expect(() => compile((model: Tensor, batch_: Tensor) => model.add(batch_), { donate: ["state"] })).toThrow(/donate names "state", which is no parameter\n\s+help: the parameters are model, batch_/);
  });
});

describe("tracing", () => {
  test("happens once for each shape, dtype and setting", async () => {
    const body = vi.fn((x: Tensor, options: { readonly scale: number; readonly mode: string | number }) => x.mul(options.scale).add(options.mode === "1" ? 100 : 0));
    const f = compile((x: Tensor, options: { readonly scale: number; readonly mode: string | number }) => body(x, options));
    const call = async (x: Tensor, scale = 2, mode: string | number = 1): Promise<number[]> => numbers(await f(x, { scale, mode }));
    expect(await call(tensor([1, 2]))).toEqual([2, 4]);
    expect(await call(tensor([3, 4]))).toEqual([6, 8]);
    expect(body).toHaveBeenCalledTimes(1);
    expect(await call(tensor([[3, 4]]))).toEqual([6, 8]);
    expect(await call(tensor([3, 4], "float64"))).toEqual([6, 8]);
    expect(await call(tensor([3, 4]), 3)).toEqual([9, 12]);
    expect(body).toHaveBeenCalledTimes(4);
    expect(await call(tensor([3, 4]), 3, "1")).toEqual([109, 112]);
    expect(body).toHaveBeenCalledTimes(5);
  });

  test("again and again is an error that names what kept changing", async () => {
    const f = compile((x: Tensor, options: { readonly lr: number }) => x.mul(options.lr), { maxTraces: 3, name: "update" });
    for (let i = 0; i < 3; i++) await f(tensor([1]), { lr: i });
    const error = await rejection(f(tensor([1]), { lr: 0.1 }));
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error.message).toBe("update: would be traced for the 4th time; what changed: options.lr: 2 → 0.1\n  help: pass numbers that vary as tensors, as in tensor(learningRate); keep shapes to a few, or raise maxTraces");
    expect(await numbers(await f(tensor([1]), { lr: 2 }))).toEqual([2]);
  });

  test("of an async function, or of a call of another compiled function, is refused", async () => {
    const inner = compile((x: Tensor) => x.mul(2));
    const waits = compile(async (x: Tensor) => x.mul(2));
    expect(await rejection(waits(tensor([1])))).toBeInstanceOf(ArgumentError);
    let caught: Promise<Error> | undefined;
    const outer = compile((x: Tensor) => {
      caught = rejection(inner(x));
      return x;
    });
    await outer(tensor([1]));
    expect((await caught)?.message).toMatch(/called inside of a traced function/);
  });

  test("cannot read values; the error says where the value was made", async () => {
    const reads: Promise<Error>[] = [];
    let leaked: Tensor | undefined;
    const f = compile((x: Tensor) => {
      leaked = x.mul(2);
      reads.push(rejection(leaked.item()), rejection(x.data()));
      return leaked;
    });
    await f(tensor([1]));
    if (leaked !== undefined) reads.push(rejection(leaked.data()));
    expect(reads).toHaveLength(3);
    for (const error of await Promise.all(reads)) {
      expect(error).toBeInstanceOf(LifetimeError);
      expect(error.message).toMatch(/help: return it from the function, or tap it/);
    }
    expect((await reads[0]).message).toMatch(/at .*compile\.test\.ts:\d+:\d+/);
  });

  test("works for bound functions and rest parameters, whose parameters have no names", async () => {
    const many = compile((...xs: Tensor[]) => xs.reduce((a, b) => a.add(b)));
    expect(await numbers(await many(tensor([1]), tensor([2]), tensor([3])))).toEqual([6]);
    const bound = compile(function scale(this: { readonly by: number }, x: Tensor): Tensor {
      return x.mul(this.by);
    }.bind({ by: 4 }));
    expect(await numbers(await bound(tensor([2])))).toEqual([8]);
  });
});

describe("tensors from outside", () => {
  test("are given to every run, computed once when they are lazy", async () => {
    const table = tensor([1, 2, 3]).mul(10);
    const f = compile((x: Tensor) => x.add(table));
    expect(f.lowered(tensor([0, 0, 0])).outputs.map((t) => t.op)).toEqual(["Add"]);
    expect(await numbers(await f(tensor([1, 1, 1])))).toEqual([11, 21, 31]);
    expect(await numbers(await f(tensor([2, 2, 2])))).toEqual([12, 22, 32]);
    expect(table.storage?.data).toBeDefined();
  });
  test("that were donated since are an error, not old numbers", async () => {
    const w = tensor([1, 2]);
    const f = compile((x: Tensor) => x.add(w));
    const step = compile((state: Tensor) => state.mul(2), { donate: ["state"] });
    expect(await numbers(await f(tensor([0, 0])))).toEqual([1, 2]);
    await step(w);
    expect((await rejection(f(tensor([0, 0])))).message).toMatch(/donated to/);
  });
  test("get gradients through what reads them only where they are asked for", async () => {
    const w = tensor([2, 3]);
    const f = compile((x: Tensor) => grad((y: Tensor) => y.mul(w).sum())(x));
    expect(await numbers(await f(tensor([1, 1])))).toEqual([2, 3]);
  });
});

describe("results", () => {
  test("may be arguments, constants, the same tensor twice, and captured tensors", async () => {
    const outside = tensor([7]);
    const f = compile((x: Tensor) => {
      const y = x.add(1);
      return { same: x, y, again: y, list: [y, x], constant: ones([2]), outside, number: 3, none: null };
    });
    const x = tensor([1, 2]);
    const out = await f(x);
    expect(await Promise.all([out.same, out.y, out.again, ...out.list, out.constant, out.outside].map(numbers))).toEqual([[1, 2], [2, 3], [2, 3], [2, 3], [1, 2], [1, 1], [7]]);
    expect([out.number, out.none]).toEqual([3, null]);
    const buffers = [x, outside, out.same, out.y, out.again, ...out.list].map((t) => t.storage?.data?.buffer);
    expect(new Set(buffers).size).toBe(buffers.length);
  });
  test("keep classes and lists of the tree", async () => {
    class Layer {
      constructor(readonly weight: Tensor) {}
      twice(): Tensor {
        return this.weight.mul(2);
      }
    }
    const f = compile((m: { readonly layers: readonly Layer[]; readonly name: string }) => tree.map(m, (leaf) => leaf.add(1)));
    const out = await f({ layers: [new Layer(tensor([1])), new Layer(tensor([2]))], name: "net" });
    expect(out.layers[1]).toBeInstanceOf(Layer);
    expect(await numbers(out.layers[1].twice())).toEqual([6]);
    expect(out.name).toBe("net");
  });
  test("of functions without arguments, and of scalars and empty tensors", async () => {
    expect(await (await compile(() => ones([3]).sum())()).item()).toBe(3);
    const empty = fromHost({ dtype: "float32", shape: [0, 2], data: new Float32Array(0) });
    const out = await compile((x: Tensor) => [x.mul(2), x.sum(0), where(x.less(0), x, 1)])(empty);
    expect(out.map((t) => t.shape)).toEqual([[0, 2], [2], [0, 2]]);
    expect(await numbers(out[1])).toEqual([0, 0]);
  });
});

test("errors have three lines: what with the shapes, the layer path and the user's line, and what to do", () => {
  const key = random.key(0);
  const model = { blocks: [nn.linear({ in: 3, out: 4, key }), nn.linear({ in: 3, out: 2, key })] };
  const f = compile((m: typeof model, x: Tensor) => m.blocks.reduce((h, layer) => layer.call(h), x));
  const error = thrown(() => f.lowered(model, ones([5, 3])));
  expect(error).toBeInstanceOf(ShapeError);
  const lines = error.message.split("\n");
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/MatMul: inner sizes differ: \[5, 4\] · \[.*\]/);
  expect(lines[1]).toMatch(/^ {2}at blocks\.1 .*compile\.test\.ts:\d+:\d+/);
  expect(lines[2]).toMatch(/^ {2}help: /);
  for (const wrong of [() => ones([2, 3]).reshape([4]), () => ones([2]).add(ones([3])), () => ones([2]).sum(1), () => fromHost({ dtype: "float32", shape: [3], data: new Float32Array(2) })])
    expect(thrown(wrong).message).toMatch(/\n {2}at .*compile\.test\.ts:\d+:\d+\n {2}help: /);
});

test("numbers that the dtype does not hold are refused instead of being cut", () => {
  expect(() => tensor([1, 2], "int32").mul(0.5)).toThrow(/0.5 is no int32/);
  expect(() => tensor([1, 2], "uint8").add(300)).toThrow(/300 is no uint8/);
  expect(() => tensor([1, 2], "uint8").sub(-1)).toThrow(/-1 is no uint8/);
});
