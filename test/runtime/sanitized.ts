/** @file Scripts run in a process of their own whose native libraries are checked by sanitizers of addresses and undefined behaviour. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { expect } from "vitest";

const root = new URL("../..", import.meta.url).pathname;

/** Path of a library of the compiler; undefined where it has none. */
function compilerLibrary(name: string): string | undefined {
  const { status, stdout } = spawnSync("g++", [`-print-file-name=${name}`], { encoding: "utf8" });
  const path = status === 0 ? stdout.trim() : "";
  return path.includes("/") && existsSync(path) ? path : undefined;
}

const sanitizers = ["libasan.so", "libubsan.so"].map(compilerLibrary);

/** Whether nothing can be checked here. */
export const unchecked = sanitizers.includes(undefined) || process.platform !== "linux";
/** For names of tests that are then skipped. */
export const skipped = unchecked ? " (skipped: g++ has no sanitizers here)" : "";

/** Which library is checked: the operators of the processor, or the provider for the simulated device, which then is the device in use. */
export type Checked = "operators" | "provider";
const LIBRARIES = {
  operators: { build: "ops", file: "libisoflop_ops.so", variable: "ISOFLOP_OPERATORS" },
  provider: { build: "provider", file: "libisoflop_simulated.so", variable: "ISOFLOP_SIMULATED" },
} as const;

/** What the script `name` of test/runtime prints with the checked library. */
export async function runChecked(name: string, checked: Checked, seed = 1): Promise<string> {
  const library = LIBRARIES[checked];
  execFileSync(process.execPath, [join(root, "kernel/runtime/native", library.build, "build.mjs"), "--sanitize"], { stdio: "inherit" });
  // Beside the packages that it loads.
  const folder = mkdtempSync(join(root, "dist/checked-"));
  try {
    const script = join(folder, "child.mjs");
    await build({ entryPoints: [join(root, "test/runtime", name)], outfile: script, bundle: true, platform: "node", format: "esm", packages: "external", logLevel: "error" });
    const native = (variant: string, file: string): string => join(root, `dist/native/linux-${process.arch}${variant}`, file);
    const env = {
      ...process.env,
      ASAN_OPTIONS: "detect_leaks=0:use_sigaltstack=0:allocator_may_return_null=1",
      LD_PRELOAD: sanitizers.join(" "),
      ...(checked === "provider" ? { ISOFLOP_DEVICE: "simulated", ISOFLOP_OPERATORS: native("", LIBRARIES.operators.file) } : {}),
      [library.variable]: native("-sanitize", library.file),
    };
    const { stdout, stderr, status } = spawnSync(process.execPath, ["--no-warnings", script, String(seed)], { env, encoding: "utf8" });
    expect(status, stderr.slice(0, 3000)).toBe(0);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
