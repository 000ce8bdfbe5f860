/** @file Finds the kernels that run, and clears away what dead ones left. */
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { KernelRecord } from "../../kernel/protocol/jupyter";
import { isAlive, readRecord } from "./kernelRecord";

/** Folders of dead kernels are kept for so long: their logs tell why they ended. */
const KEEP_MS = 24 * 3600_000;

export interface FoundKernel {
  /** Its private folder, absolute. */
  readonly folder: string;
  readonly record: KernelRecord;
}

export interface Found {
  /** Newest first. */
  readonly alive: readonly FoundKernel[];
  readonly dead: readonly FoundKernel[];
  /** Folders that were not believed, and why. */
  readonly refused: readonly { readonly folder: string; readonly why: string }[];
}

/** All kernels under `root`. A folder that is no kernel's is named as refused and left alone. */
export async function findKernels(root: string): Promise<Found> {
  const alive: FoundKernel[] = [];
  const dead: FoundKernel[] = [];
  const refused: { folder: string; why: string }[] = [];
  const names = await readdir(root).catch(() => []);
  for (const name of names) {
    const folder = join(root, name);
    const record = await readRecord(folder);
    if (typeof record === "string") refused.push({ folder, why: record });
    else (isAlive(record.pid) ? alive : dead).push({ folder, record });
  }
  alive.sort((a, b) => b.record.started.localeCompare(a.record.started));
  return { alive, dead, refused };
}

/** Removes folders of kernels that have been dead for a day, and no others. Returns what was removed. */
export async function clearDead(dead: readonly FoundKernel[], now = Date.now()): Promise<string[]> {
  const removed: string[] = [];
  for (const { folder } of dead) {
    const age = now - ((await stat(folder).catch(() => undefined))?.mtimeMs ?? now);
    if (age < KEEP_MS) continue;
    await rm(folder, { recursive: true, force: true }).then(
      () => removed.push(folder),
      () => undefined, // another window was faster
    );
  }
  return removed;
}
