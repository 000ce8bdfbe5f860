/** @file onnxruntime reports nothing: where it does, it first makes an identifier of the machine and a database of events in the cache folder of the user's home. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = new URL("../..", import.meta.url).pathname;
mkdirSync(join(root, "dist"), { recursive: true });
const folder = mkdtempSync(join(root, "dist/privacy-")); // beside the packages that it loads
const script = join(folder, "child.mjs");
beforeAll(() => build({ entryPoints: [join(root, "test/runtime/privacyChild.ts")], outfile: script, bundle: true, platform: "node", format: "esm", packages: "external", logLevel: "error" }));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a process leaves in its home. It knows nothing of tests: there onnxruntime keeps quiet by itself. */
function leftBy(how: string, executor: string): { readonly stdout: string; readonly left: readonly string[] } {
  const home = mkdtempSync(join(folder, "home-"));
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--no-warnings", script, how], { encoding: "utf8", env: { PATH: process.env.PATH, HOME: home, ISOFLOP_EXECUTOR: executor } });
  expect(status, stderr).toBe(0);
  const cache = join(home, ".cache");
  return { stdout, left: existsSync(cache) ? readdirSync(cache).filter((name) => name !== "isoflop") : [] };
}

test.each([
  ["the native executor", "compute", "native"],
  ["onnxruntime-node's own binding", "compute", "stock"],
  ["a worker thread that loads it first", "worker", "native"],
  ["a worker thread with onnxruntime-node's own binding", "worker", "stock"],
])("%s leaves nothing in the user's home", (_, how, executor) => {
  expect(leftBy(how, executor)).toEqual({ stdout: "3,5\n", left: [] });
});

test("nor does the search for WebGPU", () => {
  expect(leftBy("probe", "native").left.filter((name) => name !== "mesa_shader_cache")).toEqual([]);
});

test("`isoflop doctor` says so, and what is wrong where the user's settings let onnxruntime report", () => {
  const telemetry = (settings: Readonly<Record<string, string>>): unknown => {
    const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env;
    const { stdout } = spawnSync(process.execPath, [script, "doctor"], { encoding: "utf8", env: { ...env, ...settings } });
    return JSON.parse(stdout);
  };
  expect(telemetry({})).toMatchObject({ state: "ok", detail: expect.stringMatching(/^off/) });
  expect(telemetry({ ORT_DISABLE_TELEMETRY: "0" })).toMatchObject({ state: "problem", detail: expect.stringMatching(/may report its use/), help: expect.stringMatching(/unset it/) });
});
