/** @file Tasks in processes of this machine, each with its share of the cores. */
import { fork, type ChildProcess } from "node:child_process";
import { physicalCores } from "../runtime/machine";
import { failureOf, TRIES, type RemoteWork } from "./launcher";
import { cliPath, writeWorkerFile } from "./workerFile";

/** What a worker is told, and says. */
export type WorkerOrder = { readonly run: string };
export type WorkerReport = { readonly ready: true } | { readonly done: string } | { readonly failed: string; readonly error: string };

const MAX_ERROR_CHARACTERS = 4000;

/** Starts processes and hands out tasks, one at a time to each. A task whose process dies is given to another one, once. */
export function runLocally(work: RemoteWork): Promise<void> {
  const path = writeWorkerFile(work);
  return new Pool(work, path).run();
}

class Pool {
  private readonly processes: number;
  private readonly waiting: string[];
  /** Not done yet. */
  private readonly open: Set<string>;
  private readonly tries = new Map<string, number>();
  private readonly failures: string[] = [];
  private readonly live = new Set<ChildProcess>();
  private resolve: () => void = () => undefined;
  private reject: (error: unknown) => void = () => undefined;

  constructor(
    private readonly work: RemoteWork,
    private readonly path: string,
  ) {
    this.processes = Math.min(work.ids.length, work.processes ?? physicalCores());
    this.waiting = [...work.ids];
    this.open = new Set(work.ids);
  }

  run(): Promise<void> {
    const { signal } = this.work;
    const stop = (): void => this.live.forEach((child) => child.kill("SIGKILL"));
    signal.addEventListener("abort", stop);
    const ended = new Promise<void>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    for (let i = 0; i < this.processes; i++) this.start();
    return ended.finally(() => {
      signal.removeEventListener("abort", stop);
      stop();
    });
  }

  private start(): void {
    const threads = Math.max(1, Math.floor(physicalCores() / this.processes));
    const child = fork(cliPath(), ["worker", this.path], { stdio: ["ignore", "ignore", "pipe", "ipc"], env: { ...process.env, ISOFLOP_THREADS: String(threads) }, execArgv: [] });
    this.live.add(child);
    let task: string | undefined;
    /** Nothing was left for it. */
    let dismissed = false;
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-MAX_ERROR_CHARACTERS)));
    const next = (): void => {
      task = this.waiting.shift();
      dismissed = task === undefined;
      if (task === undefined) child.kill();
      else child.send({ run: task } satisfies WorkerOrder);
    };
    child.on("message", (report: WorkerReport) => {
      if ("done" in report) {
        this.open.delete(report.done);
        this.work.onDone(report.done);
        // Others may still be on their way to the call.
        if (this.open.size === 0) this.live.forEach((other) => other.kill("SIGKILL"));
      }
      if ("failed" in report) {
        this.failures.push(`${report.failed}: ${report.error}`);
        // The others may fail in the same way: what already runs is let go on, nothing new is begun.
        this.waiting.length = 0;
      }
      next();
    });
    child.on("error", (error) => this.failures.push(error.message));
    child.on("close", (code, signal) => {
      this.live.delete(child);
      if (!this.work.signal.aborted && !dismissed) this.lost({ task, why: said.trim() || `it ended with ${signal ?? `code ${code}`}` });
      if (this.live.size === 0) this.finish();
    });
  }

  /** A process ended; with a task in its hands, another one takes it. */
  private lost({ task, why }: { readonly task: string | undefined; readonly why: string }): void {
    // It never came to the call.
    if (task === undefined) {
      if (this.waiting.length > 0) {
        this.failures.push(why);
        this.waiting.length = 0;
      }
      return;
    }
    const tries = (this.tries.get(task) ?? 1) + 1;
    this.tries.set(task, tries);
    if (tries > TRIES) this.failures.push(`${task}: its process died ${TRIES} times: ${why}`);
    else {
      this.waiting.unshift(task);
      this.start();
    }
  }

  private finish(): void {
    const { failures, work } = this;
    if (failures.length === 0 || work.signal.aborted) this.resolve();
    else this.reject(failureOf(work.name, failures));
  }
}
