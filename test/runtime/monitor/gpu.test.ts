import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, describe, expect, it } from "vitest";
import { GpuDriver } from "../../../kernel/runtime/monitor/gpu";
import { energyJoules } from "../../../kernel/runtime/monitor/energy";

/** A library with the functions of NVIDIA's: two devices, of which the second tells nothing but its name. */
const SOURCE = `
#include <string.h>
typedef unsigned long long u64;
static int devices[2] = {0, 1};
int nvmlInit_v2(void) { return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) { *device = &devices[index]; return 0; }
int nvmlDeviceGetName(void *device, char *name, unsigned length) { strncpy(name, *(int *)device ? "Silent" : "Test GPU", length); return 0; }
int nvmlDeviceGetMemoryInfo(void *device, u64 *memory) { memory[0] = 80000000000ULL; memory[1] = 60000000000ULL; memory[2] = 20000000000ULL; return *(int *)device; }
int nvmlDeviceGetUtilizationRates(void *device, unsigned *rates) { rates[0] = 75; rates[1] = 10; return *(int *)device; }
int nvmlDeviceGetPowerUsage(void *device, unsigned *milliwatts) { *milliwatts = 250500; return *(int *)device; }
int nvmlDeviceGetTotalEnergyConsumption(void *device, u64 *millijoules) { *millijoules = 5000000000ULL; return *(int *)device; }
`;

const folder = mkdtempSync(join(tmpdir(), "nvml-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const library = join(folder, "libnvidia-ml.so.1");
writeFileSync(join(folder, "nvml.c"), SOURCE);
const built = process.platform === "linux" && spawnSync("cc", ["-shared", "-fPIC", "-o", library, join(folder, "nvml.c")]).status === 0;

describe("GPUs", () => {
  it.runIf(built)("tell name, memory, load, power and energy; what one does not tell is absent", () => {
    const driver = GpuDriver.open(library);
    expect(driver?.states()).toEqual([
      { name: "Test GPU", totalBytes: 80e9, usedBytes: 20e9, load: 0.75, watts: 250.5 },
      { name: "Silent", totalBytes: 0, usedBytes: 0 },
    ]);
    expect(driver?.joules()).toBe(5e6);
  });

  it("are opened in two threads at once", async () => {
    const code = `const koffi = require("koffi"); koffi.load(${JSON.stringify(built ? library : "libc.so.6")}); require("node:worker_threads").parentPort.postMessage("open")`;
    const answers = await Promise.all([1, 2].map(() => new Promise((resolve, reject) => new Worker(code, { eval: true }).once("message", resolve).once("error", reject))));
    expect(answers).toEqual(["open", "open"]);
  });

  it("that are not there are no error, and energy that nothing measures is absent", () => {
    expect(() => GpuDriver.open(join(folder, "missing.so"))).toThrow();
    const joules = energyJoules();
    expect(joules === undefined || joules >= 0).toBe(true);
  });
});
