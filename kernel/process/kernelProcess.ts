/** @file A kernel process: the protocol in a thread of its own, cells on the main thread. */
import { mkdirSync, chmodSync } from "node:fs";
import { MessageChannel, Worker } from "node:worker_threads";
import { IsoflopError } from "../errors";
import { shareWork } from "../runtime/work";
import { createFlag } from "../session/interrupt";
import type { ProtocolData, Shared } from "./channel";
import { type KernelOptions, parseKernelOptions } from "./kernelOptions";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** Runs a kernel until it is shut down. Wrong arguments and a folder that cannot be used end the process with a message. */
export async function startKernelProcess(args: readonly string[]): Promise<void> {
  keepOutputAlive();
  try {
    await start(parseKernelOptions(args));
  } catch (error) {
    process.stderr.write(`${error instanceof IsoflopError ? `${error.name}: ${error.message}` : String(error instanceof Error ? error.stack : error)}\n`);
    process.exit(EXIT_USAGE);
  }
}

async function start(options: KernelOptions): Promise<void> {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  // The mode of `mkdir` is only for folders that it makes.
  if (process.platform !== "win32") chmodSync(options.folder, 0o700);
  process.chdir(options.cwd);
  setEnvironment(options);
  const shared: Shared = { flag: createFlag(), unread: new Int32Array(new SharedArrayBuffer(4)), work: new Float64Array(new SharedArrayBuffer(8)) };
  shareWork(shared.work);
  const { port1, port2 } = new MessageChannel();
  const workerData: ProtocolData = { options, port: port2, shared };
  // Started first: it listens while this thread loads the compiler.
  const worker = new Worker(new URL("./protocolWorker.js", import.meta.url), { workerData, transferList: [port2], stderr: false });
  worker.on("error", (error) => {
    // An error of ours keeps its properties on the way out of the thread, and loses its class.
    process.stderr.write(`${"help" in error ? `${error.name}: ${error.message}` : `the kernel's protocol failed: ${error.stack ?? error.message}`}\n`);
    process.exit(EXIT_FAILED);
  });
  const { CellThread } = await import("./cellThread");
  new CellThread({ options, port: port1, shared }).listen();
}

/** What the library reads when it is loaded. */
function setEnvironment({ device, threads, runsFolder }: KernelOptions): void {
  if (device !== undefined) process.env.ISOFLOP_DEVICE = device;
  if (threads > 0) process.env.ISOFLOP_THREADS = String(threads);
  if (runsFolder !== undefined) process.env.ISOFLOP_RUNS = runsFolder;
}

/** Whoever started the process may be gone, and its pipes with it; that is no reason to end. */
function keepOutputAlive(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  process.on("SIGHUP", () => undefined);
}
