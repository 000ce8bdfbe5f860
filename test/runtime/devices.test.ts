import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { ArgumentError } from "../../kernel/errors";
import { compile, conv, convTranspose, data, gelu, grad, layerNorm, matmul, nn, optim, random, type Tensor, tensor, valueAndGrad } from "../../kernel/index";
import { devices, webgpuDevice } from "../../kernel/runtime/devices";
import type * as sessionModule from "../../kernel/runtime/session";
import { executor, setExecutor, useDevice } from "../../kernel/runtime/session";
import { probeWebgpu, type WebgpuProbe } from "../../kernel/runtime/webgpuProbe";
import { describe as describeDevice, devices as devicesCommand } from "../../kernel/commands/devices";

const found = await devices();
const webgpu = found.find(({ name }) => name === "webgpu");
const skipped = webgpu?.available === true ? "" : ` (skipped: ${webgpu?.reason}; ${webgpu?.help})`;
if (skipped !== "") console.info(`tests on WebGPU${skipped}`); // the summary of a run leaves out names of skipped tests

/** What makes Vulkan's loader find no driver. */
const NO_DRIVERS = { VK_DRIVER_FILES: "/nonexistent", VK_ICD_FILENAMES: "/nonexistent" };
const onLinux = process.platform === "linux";

describe("the list of devices", () => {
  test("has the CPU first, always there", () => {
    expect(found[0]).toMatchObject({ name: "cpu", available: true });
    expect(found[0].description).toMatch(/\d+ cores, \d+ GiB/);
  });

  test("says of a missing device why and what to do, and of the others nothing", () => {
    for (const { available, reason = "", help = "" } of found) expect([reason === "", help === ""]).toEqual([available, available]);
  });

  test.runIf(onLinux)("tells that no driver is there from a process that cannot find any", async () => {
    const probe = await probeWebgpu({ env: { ...process.env, ...NO_DRIVERS } });
    expect(probe).toMatchObject({ works: false, adapters: [] });
    expect(probe.failure).toMatch(/adapter/i);
    expect(webgpuDevice(probe, "linux").help).toMatch(/install .*Vulkan/);
  });

  test("survives a test run that crashes, prints nothing or does not end", async () => {
    const crash = await probeWebgpu({ env: { ...process.env, NODE_OPTIONS: "--require=/nonexistent.cjs" } });
    expect(crash).toEqual({ works: false, adapters: [], noLoader: false, failure: "the test run ended with exit code 1" });
    const endless = await probeWebgpu({ timeoutMs: 1 });
    expect(endless.failure).toBe("the test run did not end within 0.001 s");
  });

  test("helps by what is missing: the loader, the driver, or a newer one", () => {
    const probe: WebgpuProbe = { works: false, failure: "No supported adapters", adapters: [], noLoader: false };
    expect(webgpuDevice({ ...probe, noLoader: true }, "linux").help).toMatch(/^install the Vulkan loader/);
    expect(webgpuDevice(probe, "linux").help).toMatch(/^install a Vulkan driver/);
    const old = webgpuDevice({ ...probe, adapters: [{ name: "old GPU", software: false }] }, "linux");
    expect(old).toMatchObject({ description: "WebGPU on old GPU", reason: "No supported adapters" });
    expect(old.help).toMatch(/^update the Vulkan driver/);
    expect(webgpuDevice(probe, "win32").help).toMatch(/^update the graphics driver/);
    expect(webgpuDevice(probe, "darwin").description).toBe("WebGPU on Metal");
  });

  test("tells the memory of a device that has its own", () => {
    const gpu = { name: "cuda", description: "NVIDIA H200", available: true, memory: { freeBytes: 3 * 2 ** 30, totalBytes: 139 * 2 ** 30 }, lacking: "no cuBLASLt" } as const;
    expect(describeDevice(gpu).split("\n").map((line) => line.trim())).toEqual(["cuda     there    NVIDIA H200", "3 GiB of 139 GiB free", "no cuBLASLt", ""]);
  });

  test("is printed by `isoflop devices`, one line for each device that is there", async () => {
    const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    try {
      expect(await devicesCommand.run([])).toBe(0);
      expect(await devicesCommand.run(["--json"])).toBe(0);
      const [text, json] = write.mock.calls.map(([chunk]) => String(chunk));
      expect(text).toMatch(/^cpu {6}there {4}.*\nwebgpu {3}(there {4}WebGPU on .*|missing {2}WebGPU on .*\n +.*\n +help: .*)\ncuda {5}(there {4}.*|missing {2}CUDA on an NVIDIA GPU\n +.*\n +help: .*)\n$/);
      expect(JSON.parse(json)).toEqual(found);
    } finally {
      write.mockRestore();
    }
    await expect(devicesCommand.run(["--colour"])).rejects.toThrow(/--colour/);
  });
});

describe("choosing a device", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.resetModules();
  });

  /** The modules anew, as in a process of its own with this environment. */
  async function fresh(env: Readonly<Record<string, string>>): Promise<typeof sessionModule> {
    // koffi's types are the process's: the native executor cannot load a second time.
    for (const [name, value] of Object.entries({ ISOFLOP_EXECUTOR: "stock", ...env })) vi.stubEnv(name, value);
    vi.resetModules();
    return import("../../kernel/runtime/session");
  }
  const missing = { name: "DeviceError", message: expect.stringMatching(/^the device "webgpu" is missing: .+\n {2}at WebGPU on .+\n {2}help: .+; "cpu" is always there$/) };

  test("a name that no device has is refused with the names there are", async () => {
    // SAFETY: as a cell without types might.
    await expect(useDevice("tpu" as "cpu")).rejects.toThrow(new ArgumentError('no device is called "tpu"', { help: 'the devices are "cpu", "webgpu", "cuda"' }));
    const session = await fresh({ ISOFLOP_DEVICE: "tpu" });
    await expect(session.executor()).rejects.toMatchObject({ name: "ArgumentError", where: "ISOFLOP_DEVICE" });
  });

  test("the native executor computes on the CPU only", async () => {
    const session = await fresh({ ISOFLOP_EXECUTOR: "native", ISOFLOP_DEVICE: "webgpu" });
    await expect(session.executor()).rejects.toMatchObject({ name: "DeviceError", where: "ISOFLOP_EXECUTOR" });
  });

  test.runIf(onLinux)("a missing device is a DeviceError of three lines, and the one in use stays", async () => {
    const session = await fresh(NO_DRIVERS);
    const before = await session.executor();
    await expect(session.useDevice("webgpu")).rejects.toMatchObject(missing);
    expect(await session.executor()).toBe(before);
  });

  test.runIf(onLinux)("a missing device that the environment asks for is an error too, not the CPU in silence", async () => {
    const session = await fresh({ ...NO_DRIVERS, ISOFLOP_DEVICE: "webgpu" });
    await expect(session.executor()).rejects.toMatchObject(missing);
    expect(await session.useDevice("cpu")).toMatch(/cpu/);
    expect((await session.executor()).description).toMatch(/cpu/);
  });
});

describe.skipIf(skipped !== "")(`on WebGPU, numbers are the CPU's to 1e-4${skipped}`, () => {
  let before: Awaited<ReturnType<typeof executor>>;
  beforeAll(async () => {
    before = await executor();
  });
  afterAll(() => setExecutor(before));

  const wave = (shape: readonly number[], phase = 0): Tensor =>
    tensor(Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(0.7 * i + phase))).reshape(shape);

  /** The elements of what `make` computes, on each of the two devices. */
  async function onBoth(make: () => Promise<readonly number[]>): Promise<Readonly<Record<"cpu" | "webgpu", readonly number[]>>> {
    await useDevice("cpu");
    const cpu = await make();
    expect(await useDevice("webgpu")).toMatch(/^stock \(onnxruntime-node .*, webgpu, /);
    return { cpu, webgpu: await make() };
  }

  async function agree(make: () => Promise<readonly number[]>): Promise<void> {
    const { cpu, webgpu: other } = await onBoth(make);
    expect(other).toHaveLength(cpu.length);
    cpu.forEach((value, i) => expect(Math.abs(other[i] - value)).toBeLessThanOrEqual(1e-4 * (1 + Math.abs(value))));
  }

  const CASES: Readonly<Record<string, () => Tensor>> = {
    "a product": () => matmul(wave([5, 7]), wave([7, 3])),
    "a product of batches with transposed operands": () => matmul(wave([2, 3, 5, 7]).transpose([0, 1, 3, 2]), wave([2, 3, 5, 4])).mul(0.5),
    "softmax": () => wave([4, 9]).mul(5).softmax(),
    "log-softmax": () => wave([4, 9]).logSoftmax(),
    "layer norm": () => layerNorm(wave([4, 8]), { weight: wave([8], 1), bias: wave([8], 2) }),
    "a transposed convolution in groups": () => convTranspose(wave([1, 4, 5]), wave([4, 1, 3], 1), { stride: 2, dilation: 2, groups: 2 }),
    "a transposed convolution in 3-D, which WebGPU refuses": () => convTranspose(wave([1, 2, 3, 3, 3]), wave([2, 2, 2, 2, 2], 1), { stride: 2 }),
    "a convolution of 6 channels to 4, wrong in the layout NHWC": () => conv(wave([2, 6, 9]), wave([4, 6, 5], 1), { padding: 2 }),
    "the gradient of a convolution in groups": () => grad((x: Tensor) => conv(x, wave([4, 2, 3, 3], 1), { groups: 2, padding: 1 }).square().sum())(wave([2, 4, 5, 5])),
    "a gradient": () => grad((x: Tensor) => gelu(matmul(x, wave([6, 6], 1))).softmax().mul(wave([4, 6], 2)).sum())(wave([4, 6])),
    "integers, which it leaves to the CPU": () => tensor([3, 1, 2]).cast("int64").add(tensor([4, 5, 6]).cast("int64")).cast("float32").mul(wave([3])),
    "random numbers": () => random.uniform(random.key(3), [16]),
  };
  test.each(Object.entries(CASES))("%s, at once and compiled", async (_name, make) => {
    await agree(async () => [...(await make().numbers())]);
    await agree(async () => [...(await (await compile(() => make())()).numbers())]);
  });

  test("training a small GPT for three steps with donated state", async () => {
    const text = data.text("the quick brown fox jumps over the lazy dog. ".repeat(20), { context: 8, batch: 2, seed: 3, validation: 0 });
    const batch = text.train.next();
    const optimizer = optim.chain(optim.clipByGlobalNorm(1), optim.adamw({ lr: 1e-2 }));
    await agree(async () => {
      let model = nn.gpt({ vocab: text.vocab, depth: 1, width: 16, heads: 2, context: 8, key: random.key(1) });
      let state = optimizer.init(model);
      const step = compile(
        (m: typeof model, s: typeof state, { x, y }: { readonly x: Tensor; readonly y: Tensor }) => {
          const [loss, gradients] = valueAndGrad((inner: typeof model) => nn.crossEntropy(inner.call(x), y))(m);
          const [updates, next] = optimizer.update(gradients, s, m);
          return { model: optim.applyUpdates(m, updates), state: next, loss };
        },
        { donate: ["m", "s"] },
      );
      const losses: number[] = [];
      for (let i = 0; i < 3; i++) {
        const out = await step(model, state, batch);
        ({ model, state } = out);
        losses.push(await out.loss.item());
      }
      expect(losses[2]).toBeLessThan(losses[0]);
      return losses;
    });
  });

  test("what was compiled before keeps its device, and its results go on as arguments on the other", async () => {
    await useDevice("cpu");
    const double = compile((x: Tensor) => x.mul(2));
    const once = await double(wave([4]));
    await useDevice("webgpu");
    const onDevice = compile((x: Tensor) => x.add(1));
    const result = await double(await onDevice(once));
    expect([...(await result.numbers())].map((value, i) => Math.abs(value - 2 * (2 * Math.sin(0.7 * i) + 1)) < 1e-5)).toEqual([true, true, true, true]);
  });
});
