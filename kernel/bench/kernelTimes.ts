/** @file What a notebook feels of its kernel: the time of a cell that does nothing, and of the first result after a start. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median } from "../fit/statistics";
import { KernelClient, readRecord } from "../process/client";

export interface KernelTimes {
  /** Median milliseconds from the request to the reply of `1+1`. */
  readonly roundTripMs: number;
  /** Median milliseconds from the start of the process to the first cell's reply. */
  readonly startMs: number;
}

const STARTS = 5;
const CELLS = 200;
const WARM_UP_CELLS = 20;
const CODE = "1+1";

/** Starts kernels and runs cells over their real socket. */
export async function kernelTimes(): Promise<KernelTimes> {
  const starts: number[] = [];
  const cells: number[] = [];
  // The first start fills the cache of compiled code.
  for (let i = 0; i <= STARTS; i++) {
    const { startMs, cellMs } = await oneKernel(i === STARTS ? CELLS : 0);
    if (i > 0) starts.push(startMs);
    cells.push(...cellMs);
  }
  return { roundTripMs: median(cells), startMs: median(starts) };
}

async function oneKernel(count: number): Promise<{ readonly startMs: number; readonly cellMs: readonly number[] }> {
  const folder = mkdtempSync(join(tmpdir(), "isoflop-bench-"));
  const began = performance.now();
  const child = spawn(process.execPath, [fileURLToPath(new URL("./main.js", import.meta.url)), "--notebook", "file:///bench.ipynb", "--cwd", folder, "--folder", join(folder, "kernel")], { stdio: "ignore" });
  try {
    const client = await KernelClient.connect(await readRecord(join(folder, "kernel")));
    const timed = async (from = performance.now()): Promise<number> => {
      await client.request("execute_request", { code: CODE });
      return performance.now() - from;
    };
    const startMs = await timed(began);
    // The library is loaded in the background, and the cache written.
    await client.request("execute_request", { code: 'await (await import("isoflop")).tensor([1]).data()' });
    for (let i = 0; i < (count > 0 ? WARM_UP_CELLS : 0); i++) await timed();
    const cellMs: number[] = [];
    for (let i = 0; i < count; i++) cellMs.push(await timed());
    await client.request("shutdown_request", { restart: false });
    client.close();
    return { startMs, cellMs };
  } finally {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}
