/** @file `isoflop doctor` where NVIDIA's libraries are there, or some of them: small libraries compiled here stand for them. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildWholeCli, type WholeCli } from "../tools/wholeCli";

/** Sources of libraries that tell only their versions. */
const TELLS = {
  driver: (version: number) => `int cuDriverGetVersion(int* v) { *v = ${version}; return 0; }`,
  runtime: (version: number) => `int cudaRuntimeGetVersion(int* v) { *v = ${version}; return 0; }`,
  cublasLt: (version: number) => `unsigned long cublasLtGetVersion(void) { return ${version}; }`,
  nvrtc: (major: number, minor: number) => `int nvrtcVersion(int* a, int* b) { *a = ${major}; *b = ${minor}; return 0; }`,
  cudnn: (version: number) => `unsigned long cudnnGetVersion(void) { return ${version}; }`,
  nothing: () => "int nothing;",
} as const;

/** The names that doctor knows. */
const NAMES = ["libcuda.so.1", "libnvidia-ml.so.1", ...["cudart", "cublasLt", "nvrtc"].flatMap((name) => [`lib${name}.so.13`, `lib${name}.so.12`]), "libcudnn.so.9", "libcudnn.so.8"];

/** A provider that says of its device what it is given: description, problem, lacking. */
const provider = (device: string, problem: string, lacking: string): string => `
const char* IsoflopDeviceDescribe(void) { return ${JSON.stringify(["IsoflopCuda", device, problem, lacking].join("\n"))}; }
const char* IsoflopStatisticsNames(void) { return "bytesInUse"; }
void IsoflopStatistics(long* out) { *out = 0; }
const char* IsoflopSynchronize(void) { return 0; }
void IsoflopDeviceMemory(long* out) { out[0] = 3L << 30; out[1] = 80L << 30; }
void IsoflopResetPeak(void) {}`;

const compiler = process.platform === "linux" && spawnSync("cc", ["--version"]).status === 0;
const skipped = compiler ? "" : " (skipped: there is no C compiler here)";
if (!compiler) console.info(`doctor is not tried with libraries that stand for NVIDIA's${skipped}`); // the summary of a run leaves out names of skipped tests

interface Check {
  readonly name: string;
  readonly state: string;
  readonly detail: string;
  readonly help?: string;
}

describe.skipIf(!compiler)(`isoflop doctor beside libraries of NVIDIA's${skipped}`, () => {
  let folder: string;
  let cli: WholeCli;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "isoflop-doctor-"));
    cli = await buildWholeCli();
  }, 300_000);
  afterAll(() => {
    rmSync(folder, { recursive: true });
    cli.remove();
  });

  let count = 0;
  /** What doctor says where these libraries, and no others, can be loaded. */
  function examine(libraries: Readonly<Record<string, string>>, ownProvider?: string): ReadonlyMap<string, Check> {
    const place = join(folder, String(count++));
    mkdirSync(place);
    const make = (name: string, source: string): string => {
      writeFileSync(join(place, "stub.c"), source);
      execFileSync("cc", ["-shared", "-fPIC", "-w", "-o", join(place, name), join(place, "stub.c")]);
      return join(place, name);
    };
    // This machine's own libraries are hidden behind files that do not load.
    for (const name of NAMES) writeFileSync(join(place, name), "no library");
    for (const [name, source] of Object.entries(libraries)) make(name, source);
    const cuda = ownProvider === undefined ? join(place, "none.so") : make("provider.so", ownProvider);
    const { stdout, stderr } = spawnSync(process.execPath, [cli.bin, "doctor", "--json"], { env: { ...process.env, LD_LIBRARY_PATH: place, ISOFLOP_CUDA: cuda }, encoding: "utf8" });
    expect(stdout, stderr).not.toBe("");
    // SAFETY: the command prints checks.
    const checks = JSON.parse(stdout) as readonly Check[];
    return new Map(checks.map((check) => [check.name, check]));
  }

  test("shows the version and the place of each", () => {
    const found = examine(
      { "libcuda.so.1": TELLS.driver(13000), "libnvidia-ml.so.1": TELLS.nothing(), "libcudart.so.13": TELLS.runtime(13010), "libcublasLt.so.13": TELLS.cublasLt(130103), "libnvrtc.so.13": TELLS.nvrtc(13, 1), "libcudnn.so.9": TELLS.cudnn(91002) },
      provider("NVIDIA H200, 139 GiB, compute capability 9.0, driver for CUDA 13.0, built with 13.0", "", ""),
    );
    const versions = [["NVIDIA driver", "13.0"], ["CUDA runtime", "13.1"], ["cuBLASLt", "13.1.3"], ["NVRTC", "13.1"], ["cuDNN", "9.10.2"]] as const;
    for (const [name, version] of versions) {
      expect(found.get(name)).toMatchObject({ state: "ok" });
      expect(found.get(name)?.detail).toMatch(new RegExp(`^${version.replaceAll(".", "\\.")}\\n/.*/lib[\\w-]+\\.so\\.\\d+$`));
    }
    expect(found.get("NVML")?.detail).toMatch(/^\/.*\/libnvidia-ml\.so\.1$/); // it tells no version before it is started
    expect(found.get("CUDA provider")).toMatchObject({ state: "ok", detail: expect.stringMatching(/^NVIDIA H200, .* built with 13\.0\n\/.*provider\.so$/) });
    expect(found.get("CUDA provider")).not.toHaveProperty("help");
  }, 300_000);

  test("takes CUDA 12 and cuDNN 8 where 13 and 9 are not there, and a library that does not tell its version", () => {
    const found = examine({ "libcuda.so.1": TELLS.nothing(), "libcudart.so.12": TELLS.runtime(12080), "libcublasLt.so.12": TELLS.cublasLt(120804), "libnvrtc.so.12": TELLS.nvrtc(12, 8), "libcudnn.so.8": TELLS.cudnn(8907) });
    expect(found.get("NVIDIA driver")?.detail).toMatch(/^\/.*libcuda\.so\.1$/);
    expect(found.get("CUDA runtime")?.detail).toMatch(/^12\.8\n/);
    expect(found.get("cuBLASLt")?.detail).toMatch(/^12\.8\.4\n/);
    expect(found.get("NVRTC")?.detail).toMatch(/^12\.8\n/);
    expect(found.get("cuDNN")?.detail).toMatch(/^8\.9\.7\n/);
  }, 300_000);

  test("says of each missing part what to do, where there is a driver", () => {
    const found = examine({ "libcuda.so.1": TELLS.driver(12080) }, provider("NVIDIA A100, 79 GiB", "", "products of matrices run slowly, since neither libcublasLt.so.13 nor libcublasLt.so.12 loads"));
    const helps = [["NVML", /comes with the NVIDIA driver/], ["CUDA runtime", /install CUDA 12 or 13/], ["cuBLASLt", /install libcublas/], ["NVRTC", /install cuda-nvrtc.*interpreted/], ["cuDNN", /^not needed/]] as const;
    for (const [name, help] of helps) expect(found.get(name)).toMatchObject({ state: "absent", detail: expect.stringContaining("does not load"), help: expect.stringMatching(help) });
    expect(found.get("CUDA provider")).toMatchObject({ state: "ok", help: expect.stringMatching(/^products of matrices run slowly.*install libcublas/) });
  }, 300_000);

  test("says nothing of the rest where there is no driver, and repeats the provider's words with what helps", () => {
    const absent = examine({}, provider("", "there is no NVIDIA driver (libcuda.so.1)", ""));
    expect(absent.get("NVIDIA driver")).toMatchObject({ state: "absent", detail: "libcuda.so.1 does not load" });
    for (const name of ["NVML", "CUDA runtime", "cuBLASLt", "NVRTC", "cuDNN"]) expect(absent.has(name)).toBe(false);
    expect(absent.get("CUDA provider")).toMatchObject({ state: "absent", detail: expect.stringMatching(/^there is no NVIDIA driver/), help: expect.stringMatching(/^install the NVIDIA driver/) });
    const old = examine({ "libcuda.so.1": TELLS.driver(11040) }, provider("", "CUDA driver version is insufficient for CUDA runtime version", ""));
    expect(old.get("CUDA provider")).toMatchObject({ state: "absent", help: expect.stringMatching(/^update the NVIDIA driver/) });
    const broken = examine({ "libcuda.so.1": TELLS.driver(13000) });
    expect(broken.get("CUDA provider")).toMatchObject({ state: "absent", detail: expect.stringContaining("does not load"), help: expect.stringContaining("npm run build:cuda") });
  }, 300_000);
});
