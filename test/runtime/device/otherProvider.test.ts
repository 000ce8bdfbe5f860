/**
 * @file Our operators in the sessions of another execution provider: custom operators that name it. The provider for the simulated device stands for
 * Microsoft's here, without kernels of its own for them: it claims nodes as that one does, by looking their kernels up.
 */
import { afterAll, describe, expect, test } from "vitest";
import "../../../kernel/graph/methods";
import { DeviceError } from "../../../kernel/errors";
import { compile, deviceMemory, fromHost, gather, tensor, type Tensor } from "../../../kernel/index";
import { deviceExecutor } from "../../../kernel/runtime/native/device/deviceExecutor";
import { providerPath } from "../../../kernel/runtime/native/device/deviceLibrary";
import { nativeExecutor } from "../../../kernel/runtime/native/native";
import { executor, setExecutor } from "../../../kernel/runtime/session";
import { vjp } from "../../../kernel/autodiff/grad";
import { batchOf, training } from "./training";

process.env.ISOFLOP_SIMULATED_PROVIDER = providerPath("simulated");
const before = await executor();
afterAll(() => setExecutor(before));
const device = deviceExecutor("simulated");

const warnings: string[] = [];
const listen = ({ message }: Error): void => void warnings.push(message);
process.on("warning", listen);
afterAll(() => void process.off("warning", listen));

describe("our operators with another provider", () => {
  test("train a GPT as on the CPU, and no operation leaves the device", async () => {
    expect(device.description).toMatch(/by IsoflopSimulated/);
    const run = async (engine: ReturnType<typeof nativeExecutor>): Promise<readonly number[]> => {
      setExecutor(engine);
      const { step } = training();
      const losses: number[] = [];
      for (let i = 0; i < 4; i++) losses.push(await (await step(batchOf(i))).item());
      return losses;
    };
    const want = await run(nativeExecutor());
    const start = device.statistics();
    const got = await run(device);
    got.forEach((loss, i) => expect(Math.abs(loss - want[i])).toBeLessThan(1e-5 * want[i]));
    expect(device.statistics().recordings).toBe(start.recordings);
    expect(deviceMemory()?.bytesInUse).toBeGreaterThan(0);
    await new Promise(setImmediate);
    expect(warnings).toEqual([]);
  }, 300_000);

  test("take scratch memory from it, and tell a wrong index when a result is read", async () => {
    setExecutor(device);
    const rows = fromHost({ dtype: "float32", shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) });
    const table = fromHost({ dtype: "float32", shape: [4, 2], data: new Float32Array(8) });
    const sums = compile((g: Tensor, at: Tensor) => vjp([gather(table, at)], { seeds: [g], wrt: [table] })[0] ?? g);
    const at = (...index: readonly number[]): Tensor => fromHost({ dtype: "int32", shape: [3], data: Int32Array.from(index) });
    expect([...(await (await sums(rows, at(1, 3, 1))).numbers())]).toEqual([0, 0, 6, 8, 0, 0, 3, 4]);
    await expect(sums(rows, at(0, 9, 1)).then((result) => result.numbers())).rejects.toThrow(DeviceError);
    expect([...(await (await sums(rows, at(0, 0, 0))).numbers())]).toEqual([9, 12, 0, 0, 0, 0, 0, 0]);
    expect(await compile((x: Tensor) => x.add(1))(tensor([1])).then((x) => x.item())).toBe(2);
  });
});
