import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { compile, fromHost, matmul, ones, tensor, type Tensor } from "../../kernel/index";
import { DeviceError, DtypeError } from "../../kernel/errors";
import type { Executor } from "../../kernel/runtime/executor";
import { nativeExecutor } from "../../kernel/runtime/native/native";
import { OrtApi } from "../../kernel/runtime/native/ortApi";
import { executor, setExecutor } from "../../kernel/runtime/session";
import { stockExecutor } from "../../kernel/runtime/stock";

/** Without it, memory that nothing holds any more would count. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
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

  test("does not grow over ten thousand steps", async () => {
    const step = compile((state: Tensor, batch: Tensor) => state.mul(0.5).add(batch), { donate: ["state"] });
    const run = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) state = await step(state, fromHost({ dtype: "float32", shape: [1024], data: new Float32Array(1024).fill(i) }));
    };
    let state = ones([1024]);
    await run(6000); // until the heap has found its size
    collectGarbage();
    const before = process.memoryUsage().rss;
    await run(8000);
    collectGarbage();
    // 8,000 leaked batches alone would be 32 MB, values and bindings not counted.
    expect(process.memoryUsage().rss - before).toBeLessThan(24 * 2 ** 20);
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
