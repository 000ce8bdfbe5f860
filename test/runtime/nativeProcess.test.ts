/** @file The native executor in processes of its own: beside onnxruntime-node, in worker threads, and when the process ends during a run. */
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = new URL("../..", import.meta.url).pathname;
mkdirSync(join(root, "dist"), { recursive: true });
const folder = mkdtempSync(join(root, "dist/native-")); // beside the packages that it loads
const script = join(folder, "child.mjs");
beforeAll(() => build({ entryPoints: [join(root, "test/runtime/nativeChild.ts")], outfile: script, bundle: true, platform: "node", format: "esm", packages: "external", logLevel: "error" }));
afterAll(() => rmSync(folder, { recursive: true }));

const child = (how: string): SpawnSyncReturns<string> => spawnSync(process.execPath, [script, how], { encoding: "utf8", env: { ...process.env, ISOFLOP_EXECUTOR: "native" } });

describe("in one process with onnxruntime-node, the native executor computes", () => {
  test.each(["stock first", "native first", "both at once"])("%s", (order) => {
    const { stdout, stderr, status } = child(order);
    expect(status, stderr).toBe(0);
    expect(stdout.trim().split("\n").sort()).toEqual(["native 3,5", "native 3,5", "stock 3,5", "stock 3,5"]);
  });
});

test("the first programs of a process may be loaded at once", () => {
  const { stdout, stderr, status } = child("many loads");
  expect(status, stderr).toBe(0);
  expect(stdout.trim()).toBe(Array.from({ length: 16 }, (_, i) => 3 * (i + 1)).join());
});

test("threads may load their first programs at the same moment", () => {
  for (let process = 0; process < 3; process++) {
    const { stdout, stderr, status } = child("first loads");
    expect(status, stderr).toBe(0);
    expect(stdout.trim()).toBe(Array.from({ length: 4 }, () => "loaded").join());
  }
});

test("worker threads compute side by side, and one that is terminated during a run leaves the others whole", () => {
  const { stdout, stderr, status } = child("workers");
  expect(status, stderr).toBe(0);
  expect(stdout.trim().split("\n").sort()).toEqual(["main 4000", "terminated", "worker 4000", "worker 4000"]);
});

describe("a process that ends during a run", () => {
  test("by process.exit ends with its own code, before the run would", () => {
    const { stdout, stderr, status, signal } = child("exit");
    expect({ stdout, status, signal }, stderr).toEqual({ stdout: "running\n", status: 7, signal: null });
  });
  test("by an uncaught error ends with that error", () => {
    const { stdout, stderr, status, signal } = child("throw");
    expect({ stdout, status, signal }).toEqual({ stdout: "running\n", status: 1, signal: null });
    expect(stderr).toContain("on purpose");
  });
});
