/** @file Starts a kernel: a process of its own that outlives the window. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { programEnvironment } from "./environment";
import type { FoundKernel } from "./findKernels";
import { KernelError } from "./kernelError";
import { readRecord } from "./kernelRecord";

/** A machine that swaps may need long; a kernel that needs this long will not come. */
const START_MS = 30_000;
/** Starting takes some hundred milliseconds; looking costs microseconds. */
const LOOK_MS = 10;
const LOG_FILE = "kernel.log";
const SHOWN_CHARACTERS = 1500;

export interface StartOptions {
  /** Private folder of all kernels; the new one's is made in it. */
  readonly root: string;
  /** `dist/main.js`. */
  readonly main: string;
  /** Program that runs it; "" for the Node.js that runs this. */
  readonly node: string;
  /** URI. */
  readonly notebook: string;
  /** Path, where the notebook is a file. */
  readonly file: string | undefined;
  readonly cwd: string;
  /** Further flags: `["--device", "cpu"]`. */
  readonly flags: readonly string[];
}

/** The new kernel, as soon as it listens.
 * @throws {KernelError} when it cannot be run, or ends or is silent before it listens; with the end of its log. */
export async function startProcess(options: StartOptions): Promise<FoundKernel> {
  const folder = join(options.root, `kernel-${randomBytes(6).toString("hex")}`);
  await mkdir(folder, { mode: 0o700 }).catch((cause: unknown) => {
    throw new KernelError("a folder for the kernel cannot be made", { where: folder, help: "check that the disk has room", cause });
  });
  const logPath = join(folder, LOG_FILE);
  const log = await open(logPath, "a", 0o600);
  const program = options.node === "" ? process.execPath : options.node;
  const file = options.file === undefined ? [] : ["--file", options.file];
  const args = [options.main, "--notebook", options.notebook, "--cwd", options.cwd, ...file, "--folder", folder, ...options.flags];
  let failure: Error | undefined;
  let exit: string | undefined;
  try {
    const child = spawn(program, args, { cwd: options.cwd, detached: true, stdio: ["ignore", log.fd, log.fd], env: programEnvironment(), windowsHide: true });
    child.once("error", (error) => (failure = error));
    child.once("exit", (code, signal) => (exit = signal ?? `code ${code}`));
    child.unref();
    const deadline = Date.now() + START_MS;
    while (Date.now() < deadline) {
      if (failure !== undefined) throw cannotRun(program, options.node, failure);
      if (exit !== undefined) throw new KernelError(`the kernel ended while it started (${exit})`, { where: logPath, help: `see the log above and try again${await tail(logPath)}` });
      const record = await readRecord(folder);
      if (typeof record !== "string") return { folder, record };
      await wait(LOOK_MS);
    }
    if (child.pid !== undefined) child.kill("SIGKILL");
    throw new KernelError(`the kernel did not listen within ${START_MS / 1000} s`, { where: logPath, help: `the machine may be out of memory; try again${await tail(logPath)}` });
  } finally {
    await log.close();
  }
}

function cannotRun(program: string, setting: string, cause: Error): KernelError {
  const help = setting === "" ? "set `isoflop.nodePath` to a Node.js 20.12 or newer" : "correct the setting `isoflop.nodePath`, or clear it to use the Node.js of the editor";
  return new KernelError(`the kernel cannot be run: ${cause.message}`, { where: program, help, cause });
}

async function tail(path: string): Promise<string> {
  const text = (await readFile(path, "utf8").catch(() => "")).trim();
  return text === "" ? "" : `\n${text.slice(-SHOWN_CHARACTERS)}`;
}
