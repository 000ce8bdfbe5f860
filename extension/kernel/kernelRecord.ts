/** @file `kernel.json`: what a running kernel says of itself, read with suspicion. */
import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { KernelRecord } from "../../kernel/protocol/jupyter";
import { privacyFault } from "./privateFolder";

export const RECORD_FILE = "kernel.json";
const MAX_RECORD_BYTES = 64 * 1024;
const MIN_TOKEN_CHARACTERS = 16;
const PIPE = /^\\\\[.?]\\pipe\\[\w.-]+$/;

/** The record in `text`, or why it is none. `folder` is where it lies: a socket anywhere else is not believed. */
export function parseRecord(text: string, folder: string): KernelRecord | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "is not JSON";
  }
  if (!isRecord(value)) return "holds no object";
  const { pid, socket, token, notebook, cwd, started, version } = value;
  // 0 and negative numbers would name groups of processes, 1 the first one of the machine.
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid < 2) return "has no valid pid";
  if (typeof socket !== "string" || !(dirname(socket) === folder || PIPE.test(socket))) return "has a socket outside of its folder";
  if (typeof token !== "string" || token.length < MIN_TOKEN_CHARACTERS) return "has no token";
  if (typeof notebook !== "string" || notebook === "") return "names no notebook";
  if (typeof cwd !== "string" || typeof started !== "string" || typeof version !== "string") return "lacks cwd, start or version";
  return { pid, socket, token, notebook, cwd, started, version };
}

/** The record in `folder`, or why it is not used. Never throws. */
export async function readRecord(folder: string): Promise<KernelRecord | string> {
  const path = join(folder, RECORD_FILE);
  const fault = (await privacyFault(folder, "folder")) ?? (await privacyFault(path, "file"));
  if (fault !== undefined) return fault;
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      if (size > MAX_RECORD_BYTES) return `is ${size} bytes long`;
      return parseRecord(await file.readFile("utf8"), folder);
    } finally {
      await file.close();
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Whether a process of this number runs, whoever it belongs to. One that has ended and was not fetched by its parent does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !(process.platform === "linux" && isZombie(pid));
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function isZombie(pid: number): boolean {
  try {
    // The name in parentheses may hold anything; the state follows it.
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);
