/** @file The provider under the address and undefined-behaviour sanitizers, and as CUDA where nvcc is. */
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cudaDevice, helpFor, withHelp } from "../../../kernel/runtime/native/device/cudaDevice";
import { runChecked, skipped, unchecked } from "../sanitized";

const root = new URL("../../..", import.meta.url).pathname;
const buildScript = join(root, "kernel/runtime/native/provider/build.mjs");

describe("under the address and undefined-behaviour sanitizers", () => {
  test.skipIf(unchecked)(`training, fallbacks, wrong indices and damaged programs do no harm${skipped}`, async () => {
    expect(await runChecked("device/sanitizedChild.ts", "provider")).toMatch(/^trained with \d+ replays; TopK \[19,15\]; index refused; damaged \{"ran":\d+,"refused":\d{2,}\}\n$/);
  }, 900_000);

  test.skipIf(unchecked)(`models with our operators run, and damaged ones are refused or run without harm${skipped}`, async () => {
    expect(await runChecked("operatorsChild.ts", "provider")).toMatch(/^native \(.*simulated.*\); whole (\d+) of \1; ran \d+, refused \d{2,}; values 44\.607,/);
    expect(await runChecked("numericOperatorsChild.ts", "provider")).toMatch(/simulated.*; \{"whole":18,"damaged":\{"ran":\d{2,},"refused":\d{2,}\},"any":\{"ran":\d+,"refused":\d{2,}\},"assignments":"-{4}\+{9}"\}\n$/);
  }, 900_000);
});

describe("for CUDA", () => {
  // As the build does: NVCC names another compiler, or none.
  const nvcc = spawnSync(process.env.NVCC ?? "nvcc", ["--version"]).status === 0;
  const without = nvcc ? "" : " (skipped: there is no nvcc here)";
  if (!nvcc) console.info(`the CUDA provider is not compiled${without}`); // the summary of a run leaves out names of skipped tests

  test.skipIf(!nvcc)(`the provider compiles, loads where there is no driver, and says in words whether there is a GPU${without}`, () => {
    execFileSync(process.execPath, [buildScript, "--only", "cuda"], { stdio: "inherit", env: { ISOFLOP_CUDA_ARCHITECTURES: "80", ...process.env } });
    const device = cudaDevice();
    if (device.available) expect(device.description).toMatch(/GiB, compute capability \d+\.\d/);
    else {
      expect(device.reason).toMatch(/driver|device|compute capability/i);
      expect(device.help).toMatch(/driver|GPU/);
    }
  }, 900_000);

  test("what is lacking beside a GPU is told with what to install", () => {
    expect(withHelp("products run slowly, since neither libcublasLt.so.13 nor libcublasLt.so.12 loads")).toMatch(/loads; install libcublas[^;]*; pip: nvidia-cublas\)$/);
    expect(withHelp("fused programs run slowly, since neither libnvrtc.so.13 nor libnvrtc.so.12 loads")).toMatch(/loads; install cuda-nvrtc[^;]*; pip: nvidia-cuda-nvrtc\)$/);
    expect(withHelp("ISOFLOP_FUSED is interpreted")).toBe("ISOFLOP_FUSED is interpreted");
  });

  test("each of the driver's complaints has its help", () => {
    expect(helpFor("CUDA driver version is insufficient for CUDA runtime version")).toMatch(/^update the NVIDIA driver/);
    expect(helpFor("no CUDA-capable device is detected")).toMatch(/nvidia-smi/);
    expect(helpFor("Tesla P100 has compute capability 6.0")).toMatch(/Ampere/);
    expect(helpFor("libcuda.so.1: cannot open shared object file")).toMatch(/^install the NVIDIA driver/);
  });
});
