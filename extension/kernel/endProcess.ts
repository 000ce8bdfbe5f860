/** @file Ends a kernel process that was asked to end: waits, then stops asking. */
import { rm } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import type { FoundKernel } from "./findKernels";
import { isAlive } from "./kernelRecord";

/** A kernel that ends in order needs some ten milliseconds. */
const POLITE_MS = 2000;
const KILL_MS = 3000;
const LOOK_MS = 10;

/** Resolves when the process is gone and its folder removed. */
export async function endProcess({ folder, record: { pid } }: FoundKernel): Promise<void> {
  if (!(await gone(pid, POLITE_MS))) {
    signal(pid, "SIGKILL");
    await gone(pid, KILL_MS);
  }
  await rm(folder, { recursive: true, force: true }).catch(() => undefined);
}

async function gone(pid: number, withinMs: number): Promise<boolean> {
  for (const deadline = Date.now() + withinMs; Date.now() < deadline; await wait(LOOK_MS)) if (!isAlive(pid)) return true;
  return !isAlive(pid);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended in the meantime.
  }
}
