/** @file Programs on the simulated device: state that stays there, memory used again, steps replayed, what it lacks, what goes wrong. */
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { DeviceError } from "../../../kernel/errors";
import { assignColumns, compile, deviceMemory, fromHost, gather, loop, matmul, ones, softmax, synchronize, tensor, type Tensor, useDevice } from "../../../kernel/index";
import type { MemoryStatistics } from "../../../kernel/runtime/executor";
import { deviceExecutor, type DeviceExecutor } from "../../../kernel/runtime/native/device/deviceExecutor";
import { DeviceLibrary, deviceMemoryOf, type DeviceStatistics } from "../../../kernel/runtime/native/device/deviceLibrary";
import { nativeExecutor } from "../../../kernel/runtime/native/native";
import { executor, setExecutor } from "../../../kernel/runtime/session";
import { BATCH_BYTES, batchOf, training } from "./training";

/** A training step is traced and loaded several times here: on a machine that does much else that takes minutes. */
const TIMEOUT_MS = 300_000;

const before = await executor();
afterAll(() => setExecutor(before));

const device = deviceExecutor("simulated");
beforeEach(() => setExecutor(device));

/** The same on the CPU. */
async function realizedOnCpu(body: (x: Tensor) => Tensor, x: Tensor): Promise<Tensor> {
  setExecutor(nativeExecutor());
  const result = await compile(body)(x);
  setExecutor(device);
  return result;
}

/** What the device counted while `body` ran. */
async function counted(body: () => Promise<unknown>, on: DeviceExecutor = device): Promise<DeviceStatistics> {
  const start = on.statistics();
  await body();
  const end = on.statistics();
  // SAFETY: the same names, each a difference.
  return Object.fromEntries(Object.entries(end).map(([name, value]) => [name, value - start[name as keyof DeviceStatistics]])) as unknown as DeviceStatistics;
}

describe("a GPT training step", () => {
  test("equals the CPU executor's: losses and all weights after five steps, to 1e-5", async () => {
    const run = async (engine: DeviceExecutor | ReturnType<typeof nativeExecutor>): Promise<{ losses: number[]; weights: ReadonlyMap<string, Float64Array> }> => {
      setExecutor(engine);
      const { step, weights } = training();
      const losses: number[] = [];
      for (let i = 0; i < 5; i++) losses.push(await (await step(batchOf(i))).item());
      return { losses, weights: await weights() };
    };
    const want = await run(nativeExecutor());
    const got = await run(device);
    got.losses.forEach((loss, i) => expect(Math.abs(loss - want.losses[i])).toBeLessThan(1e-5 * want.losses[i]));
    expect(got.weights.size).toBe(want.weights.size);
    for (const [path, values] of want.weights) got.weights.get(path)?.forEach((value, i) => expect(Math.abs(value - values[i]), path).toBeLessThan(1e-5 * (1 + Math.abs(values[i]))));
  }, TIMEOUT_MS);

  test("copies nothing between host and device once it is steady, but a new batch in and the loss out where it is read", async () => {
    const { step } = training();
    const batch = batchOf(0);
    for (let i = 0; i < 4; i++) await step(batch);
    const steady = await counted(() => step(batch));
    expect(steady).toMatchObject({ copiesToDevice: 0, copiesToHost: 0 });
    const fresh = await counted(() => step(batchOf(1)));
    expect(fresh).toMatchObject({ copiesToDevice: 2, bytesToDevice: BATCH_BYTES, copiesToHost: 0 });
    const read = await counted(async () => (await step(batch)).item());
    expect(read).toMatchObject({ copiesToDevice: 2, copiesToHost: 1, bytesToHost: 4 });
  }, TIMEOUT_MS);

  test("takes its memory from the pool", async () => {
    setExecutor(deviceExecutor("simulated", { replay: false }));
    const { step } = training();
    for (let i = 0; i < 4; i++) await step(batchOf(i));
    const steps = 10;
    const steady = await counted(async () => {
      for (let i = 0; i < steps; i++) await step(batchOf(i));
    });
    expect(steady.allocations).toBeGreaterThan(100 * steps);
    // A loss that nothing has collected yet may need a block of its own.
    expect(steady.deviceAllocations).toBeLessThanOrEqual(steps);
    expect(steady.replays).toBe(0);
  }, TIMEOUT_MS);

  test("is recorded when it is steady, for each of the two banks of state, and then replayed: the same numbers, bit for bit", async () => {
    const losses = async (engine: DeviceExecutor): Promise<number[]> => {
      setExecutor(engine);
      const { step } = training();
      const found: Tensor[] = [];
      for (let i = 0; i < 12; i++) found.push(await step(batchOf(i)));
      // Read only now: a replayed step must not write over the losses of earlier ones.
      return Promise.all(found.map((loss) => loss.item()));
    };
    const plain = await losses(deviceExecutor("simulated", { replay: false }));
    expect(new Set(plain).size).toBe(12);
    let replayed: number[] = [];
    const during = await counted(async () => (replayed = await losses(device)));
    expect(replayed).toEqual(plain);
    // Steps 1 to 3 bind anew (weights come from the host in the first), 4 and 5 are recorded.
    expect(during).toMatchObject({ recordings: 2, replays: 7 });
  }, TIMEOUT_MS);

  test("goes on where arguments are not given away, with earlier results kept", async () => {
    const { step } = training({ donate: false });
    const found: Tensor[] = [];
    for (let i = 0; i < 6; i++) found.push(await step(batchOf(0)));
    const losses = await Promise.all(found.map((loss) => loss.item()));
    losses.slice(1).forEach((loss, i) => expect(loss).toBeLessThan(losses[i]));
  }, TIMEOUT_MS);
});

describe("tensors on the device", () => {
  test("are read more than once with one copy, and go on as arguments on the CPU", async () => {
    const double = compile((x: Tensor) => x.mul(2));
    const result = await double(tensor([1, 2, 3]));
    const reads = await counted(async () => {
      expect([...(await result.numbers())]).toEqual([2, 4, 6]);
      expect(await result.at(1).item()).toBe(4);
    });
    expect(reads.copiesToHost).toBeLessThanOrEqual(2);
    await useDevice("cpu");
    const addOne = compile((x: Tensor) => x.add(1));
    expect([...(await (await addOne(result)).numbers())]).toEqual([3, 5, 7]);
    expect(await useDevice("simulated")).toMatch(/^native \(onnxruntime .*, simulated: /);
    expect([...(await (await double(await addOne(result))).numbers())]).toEqual([6, 10, 14]);
  });

  test("are counted in bytes, given back when released by their program, and the device can be waited for", async () => {
    const big = compile((x: Tensor) => x.add(1));
    const held = deviceMemory()?.bytesInUse ?? NaN;
    const result = await big(ones([256, 1024]));
    await synchronize();
    expect((deviceMemory()?.bytesInUse ?? NaN) - held).toBeGreaterThanOrEqual(result.bytes);
    expect(deviceMemory()?.peakBytes).toBeGreaterThanOrEqual(deviceMemory()?.bytesInUse ?? NaN);
    const { bytesInUse, peakBytes, bytesReserved } = device.statistics();
    expect(deviceMemoryOf("simulated")).toEqual({ bytesInUse, peakBytes, bytesReserved });
    expect(deviceMemoryOf("cpu")).toBeUndefined();
    const { freeBytes, totalBytes } = DeviceLibrary.get("simulated").memory();
    expect(freeBytes).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThan(freeBytes);
  });
});

describe("memory of programs", () => {
  test("is counted apart from tensors, and does not grow in steady state", async () => {
    const step = compile((state: Tensor, batch: Tensor) => matmul(matmul(state, batch).mul(0.01), batch).add(state), { donate: ["state"] });
    const batch = ones([64, 64]);
    let state = ones([64, 64]);
    const run = async (count: number): Promise<MemoryStatistics> => {
      for (let i = 0; i < count; i++) state = await step(state, batch);
      await synchronize();
      const memory = device.memory();
      if (memory === undefined) throw new Error("the device's executor tells its memory");
      return memory;
    };
    const before = device.memory();
    const warm = await run(10);
    expect(warm.programs).toBeGreaterThan(0);
    expect(warm.allocations).toBeGreaterThan(before?.allocations ?? NaN);
    expect(warm.peakBytes).toBeGreaterThanOrEqual(4 * 64 * 64); // the product between
    const { bytesInUse, bytesReserved } = device.statistics();
    expect(warm.inUseBytes).toBeLessThanOrEqual(bytesInUse - 2 * state.bytes);
    expect(warm.reservedBytes).toBeLessThanOrEqual(bytesReserved - 2 * state.bytes);
    const later = await run(200);
    expect(later.bound).toBe(warm.bound);
    for (const key of ["reservedBytes", "extensions", "inUseBytes"] as const) expect(later[key]).toBeLessThanOrEqual(warm[key]);
  });
});

describe("operations that the device lacks", () => {
  test("run on the CPU with the right result, and a warning names them with what they copy", async () => {
    const warning = new Promise<Error>((resolve) => process.once("warning", resolve));
    const squared = compile((x: Tensor) => matmul(x.cast("int32"), x.cast("int32")).add(1));
    const result = await squared(tensor([[3, 9], [1, 7]]));
    expect([...(await result.numbers())]).toEqual([19, 91, 11, 59]);
    expect((await warning).message).toMatch(/^an operation runs on the CPU, since "simulated" has no kernel for MatMul: MatMul_\d+; each run copies \d tensors \(\d+ B\) between host and device for that$/);
    // Steps that leave the device are run, not replayed.
    const x = tensor([[5, 2], [8, 1]]);
    const again = await counted(async () => {
      for (let i = 0; i < 4; i++) await squared(x);
    });
    expect(again.replays).toBe(0);
  });
});

describe("loops", () => {
  test("stay on the device with their state; only numbers of rounds go there", async () => {
    const rounds = (x: Tensor, w: Tensor) => loop(5, { x, total: x.mul(2) }, ({ x: y, total }, i) => ({ x: softmax(matmul(y, w)).add(i.cast("float32")), total: total.add(y) }));
    const [x, w] = [fromHost({ dtype: "float32", shape: [40, 30], data: Float32Array.from({ length: 1200 }, (_, i) => Math.sin(i)) }), fromHost({ dtype: "float32", shape: [30, 30], data: Float32Array.from({ length: 900 }, (_, i) => Math.cos(i)) })];
    const repeated = compile(rounds);
    const got: Awaited<ReturnType<typeof repeated>>[] = [];
    for (let i = 0; i < 6; i++) got.push(await repeated(x, w)); // onnxruntime records no session with loops
    const copied = await counted(() => repeated(x, w));
    // Of each round its number, and whether there is another.
    expect(copied.bytesToDevice + copied.bytesToHost).toBeLessThan(5 * 2 * 16 + 64);
    setExecutor(nativeExecutor());
    const want = await compile(rounds)(x, w);
    for (const name of ["x", "total"] as const) {
      const numbers = await want[name].numbers();
      for (const result of got) (await result[name].numbers()).forEach((value, i) => expect(value).toBeCloseTo(numbers[i], 5));
    }
  });

  test("within loops, and an assignment's, are computed there", async () => {
    const nested = (x: Tensor) => loop(3, x, (y) => loop(2, y, (z, i) => z.mul(2).add(i.cast("float32"))));
    expect(await (await compile(nested)(tensor([1]))).item()).toBe(await (await realizedOnCpu(nested, tensor([1]))).item());
    const assign = compile((costs: Tensor) => assignColumns(costs.mul(2)));
    const costs = tensor([[3, 1, 2], [1, 3, 2]]);
    await assign(costs);
    const copied = await counted(async () => expect([...(await (await assign(costs)).numbers())]).toEqual([1, 0]));
    expect(copied.copiesToDevice + copied.copiesToHost).toBeLessThanOrEqual(2);
  });
});

describe("what goes wrong", () => {
  test("an index outside of its table is told when a result is read, and programs run again", async () => {
    const rows = compile((table: Tensor, indices: Tensor) => gather(table, indices));
    const table = ones([4, 3]);
    const at = (index: number): Tensor => fromHost({ dtype: "int32", shape: [1], data: Int32Array.of(index) });
    const wrong = await rows(table, at(7));
    await expect(wrong.numbers()).rejects.toThrow(DeviceError);
    await expect(rows(table, at(7)).then((result) => result.numbers())).rejects.toThrow(/an index is outside of its table/);
    expect([...(await (await rows(table, at(2))).numbers())]).toEqual([1, 1, 1]);
  });

  test("too little memory is an error with help, and what was there before is still right", async () => {
    const small = await compile((x: Tensor) => x.add(1))(tensor([1]));
    const huge = compile((x: Tensor) => x.add(ones([1 << 17, 1 << 16])).cumSum(0).at(0).at(0));
    await expect(huge(tensor([1]))).rejects.toThrow(/out of memory/);
    await expect(compile((x: Tensor) => x.add(ones([1 << 17, 1 << 16])))(tensor([1]))).rejects.toThrow(/^out of memory on the device: 32\.0 GiB for a tensor of shape/);
    expect(await small.item()).toBe(2);
  });

  test("an interrupted run fails, its arguments are as they were, and it runs again", async () => {
    const chain = compile((state: Tensor, w: Tensor) => Array.from({ length: 60 }).reduce<Tensor>((x) => matmul(x, w).mul(0.01), state), { donate: ["state"] });
    const [state, w] = [ones([96, 96]), ones([96, 96])];
    await chain.prepare(state, w);
    const running = chain(state, w);
    setTimeout(() => device.interrupt(), 5);
    await expect(running).rejects.toThrow("the run was interrupted");
    expect(await state.at(0).at(0).item()).toBe(1);
    expect((await chain(state, w)).shape).toEqual([96, 96]);
  });
});
