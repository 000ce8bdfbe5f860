/** @file Apart from the tests that compute on WebGPU: in a process where it has failed once, onnxruntime does not try again. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { tensor } from "../../kernel/index";
import { executor, setExecutor } from "../../kernel/runtime/session";
import { stockExecutor } from "../../kernel/runtime/stock";

afterEach(() => vi.unstubAllEnvs());

describe("a program for WebGPU", () => {
  test.runIf(process.platform === "linux")("does not load without a Vulkan driver: none runs on the CPU unseen", async () => {
    vi.stubEnv("VK_DRIVER_FILES", "/nonexistent");
    vi.stubEnv("VK_ICD_FILENAMES", "/nonexistent");
    const before = await executor();
    setExecutor(stockExecutor({ device: "webgpu" }));
    try {
      await expect(tensor([1]).add(1).numbers()).rejects.toMatchObject({ name: "DeviceError", message: expect.stringMatching(/WebGPU adapter/) });
    } finally {
      setExecutor(before);
    }
    expect([...(await tensor([1]).add(1).numbers())]).toEqual([2]);
  });
});
