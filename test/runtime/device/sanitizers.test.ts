/** @file The provider under the address and undefined-behaviour sanitizers, and as CUDA where nvcc is. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { cudaDevice, helpFor, withHelp } from "../../../kernel/runtime/native/device/cudaDevice";

const root = new URL("../../..", import.meta.url).pathname;
const buildScript = join(root, "kernel/runtime/native/provider/build.mjs");

/** Where the compiler keeps a library of its own; undefined where it has none. */
function compilerLibrary(name: string): string | undefined {
  const { status, stdout } = spawnSync("g++", [`-print-file-name=${name}`], { encoding: "utf8" });
  const path = status === 0 ? stdout.trim() : "";
  return path.includes("/") && existsSync(path) ? path : undefined;
}

describe("under the address and undefined-behaviour sanitizers", () => {
  const sanitizers = ["libasan.so", "libubsan.so"].map(compilerLibrary);
  const missing = sanitizers.includes(undefined) || process.platform !== "linux";

  test.skipIf(missing)(`training, fallbacks, wrong indices and damaged programs do no harm${missing ? " (skipped: g++ has no sanitizers here)" : ""}`, async () => {
    execFileSync(process.execPath, [buildScript, "--sanitize"], { stdio: "inherit" });
    const folder = mkdtempSync(join(root, "dist/provider-"));
    try {
      const script = join(folder, "child.mjs");
      await build({ entryPoints: [join(root, "test/runtime/device/sanitizedChild.ts")], outfile: script, bundle: true, platform: "node", format: "esm", packages: "external", logLevel: "error" });
      const env = {
        ...process.env,
        ASAN_OPTIONS: "detect_leaks=0:use_sigaltstack=0",
        LD_PRELOAD: sanitizers.join(" "),
        ISOFLOP_DEVICE: "simulated",
        ISOFLOP_SIMULATED: join(root, `dist/native/linux-${process.arch}-sanitize/libisoflop_simulated.so`),
        ISOFLOP_OPERATORS: join(root, `dist/native/linux-${process.arch}/libisoflop_ops.so`),
      };
      const { stdout, stderr, status } = spawnSync(process.execPath, ["--no-warnings", script], { env, encoding: "utf8" });
      expect(status, stderr.slice(0, 3000)).toBe(0);
      expect(stdout).toMatch(/^trained with \d+ replays; TopK \[19,15\]; index refused; damaged \{"ran":\d+,"refused":\d{2,}\}\n$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 600_000);
});

describe("for CUDA", () => {
  // As the build does: NVCC names another compiler, or none.
  const nvcc = spawnSync(process.env.NVCC ?? "nvcc", ["--version"]).status === 0;
  const skipped = nvcc ? "" : " (skipped: there is no nvcc here)";
  if (!nvcc) console.info(`the CUDA provider is not compiled${skipped}`); // the summary of a run leaves out names of skipped tests

  test.skipIf(!nvcc)(`the provider compiles, loads where there is no driver, and says in words whether there is a GPU${skipped}`, () => {
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
