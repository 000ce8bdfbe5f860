import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test, vi } from "vitest";
import { assignColumns, compile, fromHost, gather, loop, matmul, ones, realize, scaledDotProductAttention, tensor, type Tensor } from "../../kernel/index";
import { ArgumentError, DeviceError, DtypeError } from "../../kernel/errors";
import type { Executor, MemoryStatistics } from "../../kernel/runtime/executor";
import { nativeExecutor } from "../../kernel/runtime/native/native";
import { OrtApi } from "../../kernel/runtime/native/ortApi";
import { atomicWrite } from "../../kernel/io/atomicWrite";
import { exportModel } from "../../kernel/onnx/export";
import { writeModel } from "../../kernel/onnx/writeModel";
import { encodeModel } from "../../kernel/onnx/protobuf";
import { placeholder } from "../../kernel/graph/tensor";
import { executor, lowered, modelOf, setExecutor } from "../../kernel/runtime/session";
import { stockExecutor } from "../../kernel/runtime/stock";

/** Without it, memory that nothing holds any more would count. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

/** What `running` gives while it is interrupted again and again: the first time may come before it has begun. */
async function interrupted<R>(engine: Executor, running: Promise<R>): Promise<R> {
  const again = setInterval(() => engine.interrupt(), 20);
  try {
    return await running;
  } finally {
    clearInterval(again);
  }
}

describe("the native executor", () => {
  test("finds the library of the installed onnxruntime-node and asks it for its version", () => {
    expect(OrtApi.get().version).toMatch(/^1\.\d+\.\d+$/);
  });

  test("is the one in use where it loads, and says what it is", async () => {
    expect((await executor()).description).toMatch(process.env.ISOFLOP_EXECUTOR === "stock" ? /^stock/ : /^native \(onnxruntime 1\./);
  });

  test("gives the stock executor's numbers: with its kernels bit for bit, with our own but for rounding", async () => {
    const x = (): Tensor => tensor(Array.from({ length: 48 }, (_, i) => Math.sin(i)));
    const fn = (t: Tensor): Tensor => t.reshape([6, 8]).matmul(t.reshape([8, 6])).gelu().softmax().sum(0);
    const before = await executor();
    try {
      const numbersOf = async (engine: Executor): Promise<number[]> => {
        setExecutor(engine);
        return [...(await (await compile(fn)(x())).numbers())];
      };
      const stock = await numbersOf(stockExecutor());
      expect(await numbersOf(nativeExecutor({ ownOperators: false }))).toEqual(stock);
      (await numbersOf(nativeExecutor())).forEach((value, i) => expect(Math.abs(value / stock[i] - 1)).toBeLessThan(1e-6));
    } finally {
      setExecutor(before);
    }
  });

  test("carries bfloat16, which the stock executor refuses with help instead of onnxruntime's own words", async () => {
    const half = (t: Tensor): Tensor => t.mul(0.5);
    const x = (): Tensor => fromHost({ dtype: "bfloat16", shape: [2], data: Uint16Array.of(0x3f80, 0x4040) }); // 1 and 3
    const before = await executor();
    try {
      setExecutor(nativeExecutor());
      expect([...(await (await compile(half)(x())).numbers())]).toEqual([0.5, 1.5]);
      setExecutor(stockExecutor());
      await expect(compile(half)(x())).rejects.toThrow(DtypeError);
    } finally {
      setExecutor(before);
    }
  });

  test("keeps state right over many donated steps with a new batch each", async () => {
    const step = compile((state: { a: Tensor; b: Tensor }, batch: Tensor) => ({ a: state.a.add(batch), b: state.b.add(state.a) }), { donate: ["state"] });
    let state = { a: tensor([0]), b: tensor([0]) };
    for (let i = 1; i <= 500; i++) state = await step(state, tensor([i]));
    expect(await state.a.item()).toBe((500 * 501) / 2);
    expect(await state.b.item()).toBe((499 * 500 * 501) / 6);
  });

  test("takes no memory in steady state: neither arena nor values grow over a thousand steps with donated state", async () => {
    const native = nativeExecutor();
    const before = await executor();
    setExecutor(native);
    try {
      const step = compile((state: { readonly a: Tensor; readonly b: Tensor }, batch: Tensor) => ({ a: matmul(state.a, batch).mul(0.5).add(state.b), b: state.b.mul(0.9).add(matmul(batch, state.a)) }), { donate: ["state"] });
      const batch = ones([64, 64]);
      let state = { a: ones([64, 64]), b: ones([64, 64]) };
      const run = async (count: number): Promise<MemoryStatistics> => {
        for (let i = 0; i < count; i++) state = await step(state, batch);
        const memory = native.memory();
        if (memory === undefined) throw new Error("the native executor tells its memory");
        return memory;
      };
      const warm = await run(10);
      const later = await run(1000);
      expect(later.allocations).toBeGreaterThan(warm.allocations); // intermediate values are placed in what is reserved
      expect(later.bound).toBe(warm.bound);
      // Programs of other tests may be given back meanwhile, so less is right too.
      for (const key of ["reservedBytes", "extensions", "inUseBytes"] as const) expect(later[key]).toBeLessThanOrEqual(warm[key]);
    } finally {
      setExecutor(before);
    }
  });

  test("binds nothing anew in steady state, for later calls of an equal program with other state, too", async () => {
    const binds = vi.spyOn(OrtApi.prototype, "call");
    const before = await executor();
    setExecutor(nativeExecutor());
    try {
      for (let turn = 0; turn < 3; turn++) {
        const step = compile((state: readonly Tensor[]) => state.map((x) => x.mul(0.5).add(0.25)), { donate: ["state"] });
        let state: readonly Tensor[] = [ones([5]), ones([7])];
        for (let i = 0; i < 20; i++) {
          if (i === 10) binds.mockClear();
          state = await step(state);
        }
        expect(binds.mock.calls.filter(([name]) => name === "BindInput" || name === "BindOutput"), `turn ${turn}`).toEqual([]);
      }
    } finally {
      setExecutor(before);
      binds.mockRestore();
    }
  });

  test("does not grow over a hundred thousand steps with a new batch each", async () => {
    const step = compile((state: Tensor, batch: Tensor) => state.mul(0.5).add(batch), { donate: ["state"] });
    const run = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) state = await step(state, fromHost({ dtype: "float32", shape: [1024], data: new Float32Array(1024).fill(i) }));
    };
    let state = ones([1024]);
    await run(40_000); // V8 lets some tens of MB of dead batches pile up before it collects: until it has found its pace
    const growth: number[] = [];
    for (let round = 0; round < 5; round++) {
      collectGarbage();
      const before = process.memoryUsage().rss;
      await run(20_000);
      collectGarbage();
      growth.push(process.memoryUsage().rss - before);
    }
    // What is kept at each step grows in every round; what V8 has not given back yet, in some. 20,000 leaked batches would be 82 MB; 300 bytes kept at each step, 6.
    expect(Math.min(...growth), `grew by ${growth.join(", ")} bytes`).toBeLessThan(5 * 2 ** 20);
  });

  test("gives back programs that nothing holds any more", async () => {
    const native = nativeExecutor();
    const before = await executor();
    setExecutor(native);
    try {
      const loaded = (): number => native.memory()?.programs ?? NaN;
      collectGarbage();
      const first = loaded();
      for (let i = 0; i < 150; i++) await realize([ones([3]).mul(i).add(1)]); // each another program; the cache keeps 64
      for (let i = 0; i < 20 && loaded() - first > 80; i++) {
        collectGarbage();
        await new Promise((resolve) => setTimeout(resolve, 20)); // finalizers run between turns of the event loop
      }
      expect(loaded() - first).toBeLessThanOrEqual(80);
    } finally {
      setExecutor(before);
    }
  });

  test("loads a model from a file with its weights beside it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "isoflop-file-"));
    try {
      const weights = fromHost({ dtype: "float32", shape: [64, 64], data: new Float32Array(4096).fill(0.5) });
      const file = join(folder, "model.onnx");
      const written = await writeModel(file, await exportModel((x: Tensor) => matmul(x, weights), [ones([1, 64])]), { write: atomicWrite, externalThresholdBytes: 1024 });
      expect(written).toHaveLength(2);
      const program = await nativeExecutor().load({ model: file, inputs: [{ name: "x", dtype: "float32", shape: [1, 64] }], outputs: [{ name: "output", dtype: "float32", shape: [1, 64] }] });
      const out = new Float32Array(64);
      await program.run([{ data: new Float32Array(64).fill(1) }], [{ data: out }]);
      expect(out[0]).toBe(32);
      await program.release();
      await expect(program.run([{ data: new Float32Array(64) }], [{ data: out }])).rejects.toThrow(/after its release/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("says which line asked for an element that is not there", async () => {
    const before = await executor();
    setExecutor(nativeExecutor());
    try {
      const pick = compile((table: Tensor, at: Tensor) => gather(table, at));
      const error: unknown = await pick(ones([4, 3]), tensor([7], "int32")).catch((failure: unknown) => failure);
      expect(error).toBeInstanceOf(ArgumentError);
      expect(String(error)).toMatch(/idx=7.*\n {2}at Gather_0 {3}.*native\.test\.ts:\d+:\d+\n {2}help: .*vocabulary/);
    } finally {
      setExecutor(before);
    }
  });

  test("cancels a load that an interrupt meets, and loads it the next time", async () => {
    const native = nativeExecutor();
    const x = placeholder("x", { shape: [2, 2], dtype: "float32" });
    const deep = Array.from({ length: 300 }, (_, i) => i).reduce((h, i) => matmul(h, x).add(i), x);
    const model = encodeModel(modelOf(lowered([deep], { inputs: [x], kernels: native })));
    const load = () => native.load({ model, inputs: [{ name: "i0", dtype: "float32", shape: [2, 2] }], outputs: [{ name: "o0", dtype: "float32", shape: [2, 2] }] });
    let message = "";
    for (let tries = 0; tries < 50 && message === ""; tries++) {
      const loading = load().then(() => "", String);
      native.interrupt(); // now and then the load is faster
      message = await loading;
    }
    expect(message).toMatch(/DeviceError: loading a program was interrupted/);
    await (await load()).release();
  });

  test("ends within an operator of its own at an interrupt, with the state kept", async () => {
    const native = nativeExecutor();
    const before = await executor();
    setExecutor(native);
    try {
      // One node of seconds: nothing ends between two nodes here.
      const attend = compile((state: Tensor, kv: Tensor) => scaledDotProductAttention({ q: state, k: kv, v: kv }), { donate: ["state"] });
      const [state, kv] = [ones([32, 8192, 64]), ones([32, 8192, 64])];
      await attend.prepare(state, kv);
      await realize([state, kv]);
      let error: unknown;
      // On a busy machine the run may not have begun when an early interrupt comes.
      for (const delay of [50, 400, 1600]) {
        const running = attend(state, kv);
        setTimeout(() => native.interrupt(), delay);
        error = await running.then(
          () => undefined,
          (failure: unknown) => failure,
        );
        expect(error).toBeInstanceOf(DeviceError);
        if (String(error).includes("Attention")) break;
      }
      expect(String(error)).toMatch(/the run was interrupted\n {2}at .*Attention/);
      expect(await state.slice({ axis: 0, end: 1 }).mean().item()).toBe(1);
      // The next run has nothing of it.
      expect(await scaledDotProductAttention({ q: ones([1, 4, 8]), k: ones([1, 4, 8]), v: ones([1, 4, 8]) }).mean().item()).toBeCloseTo(1, 6);
    } finally {
      setExecutor(before);
    }
  });

  test("ends within an assignment at an interrupt", async () => {
    const native = nativeExecutor();
    const before = await executor();
    setExecutor(native);
    try {
      // Products are hard: each row wants the column of the one before it.
      const n = 4096;
      const assign = compile((costs: Tensor) => assignColumns(costs));
      const products = fromHost({ dtype: "float32", shape: [n, n], data: Float32Array.from({ length: n * n }, (_, i) => Math.floor(i / n) * (i % n)) });
      await assign.prepare(products);
      await expect(interrupted(native, assign(products))).rejects.toThrow(/the run was interrupted\n {2}at OptimalAssignment_0/);
    } finally {
      setExecutor(before);
    }
  });

  test("ends between two rounds of a loop at an interrupt", async () => {
    const native = nativeExecutor();
    const before = await executor();
    setExecutor(native);
    try {
      const endless = compile((state: Tensor) => loop(1e12, state, (x) => x.mul(0.5).add(1)), { donate: ["state"] });
      const state = ones([4]);
      await endless.prepare(state);
      await expect(interrupted(native, endless(state))).rejects.toThrow(/the run was interrupted\n {2}at (Loop_0|Fused_v0)/);
      expect(await state.at(0).item()).toBe(1);
    } finally {
      setExecutor(before);
    }
  });

  test("multiplies weight gradients by its own operator", async () => {
    const native = nativeExecutor();
    const before = await executor();
    const models: (string | Uint8Array)[] = [];
    setExecutor({ ...native, load: (source) => (models.push(source.model), native.load(source)) });
    try {
      const product = compile((a: Tensor, b: Tensor) => matmul(a, b, { transA: true, alpha: 0.5 }));
      expect([...(await (await product(ones([3, 2]), ones([3, 2]))).numbers())]).toEqual([1.5, 1.5, 1.5, 1.5]);
      expect(Buffer.from(models.at(-1) ?? "").includes("TransposedProduct")).toBe(true);
    } finally {
      setExecutor(before);
    }
  });

  test("leaves the event loop free during a long run, which an interrupt ends with the state kept", async () => {
    const native = nativeExecutor();
    const before = await executor();
    setExecutor(native);
    try {
      const chain = compile((state: Tensor, w: Tensor) => Array.from({ length: 400 }).reduce<Tensor>((x) => matmul(x, w).mul(0.001), state), { donate: ["state"] });
      const [state, w] = [ones([512, 512]), ones([512, 512])];
      await chain.prepare(state, w);
      const running = chain(state, w);
      setTimeout(() => native.interrupt(), 20);
      const error: unknown = await running.then(
        () => undefined,
        (failure: unknown) => failure,
      );
      expect(error).toBeInstanceOf(DeviceError);
      expect(String(error)).toContain("the run was interrupted");
      expect(await state.at(0).at(0).item()).toBe(1);
      // And the program runs again.
      expect((await chain(state, w)).shape).toEqual([512, 512]);
    } finally {
      setExecutor(before);
    }
  });
});
