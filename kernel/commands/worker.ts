/** @file `isoflop worker`: a process that an experiment starts. It runs the cells that lead to the experiment, and does its tasks there. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { IsoflopError } from "../errors";
import { setExperimentHost, setWorkerRole } from "../experiment/host";
import type { WorkerOrder, WorkerReport } from "../experiment/localProcesses";
import { failurePath } from "../experiment/taskStore";
import type { WorkerFile } from "../experiment/workerFile";
import { atomicWriteSync } from "../io/atomicWrite";
import { sessionHost } from "../session/experimentHost";
import { Session } from "../session/session";
import { EXIT_FAILED, EXIT_OK, readArguments, UsageError, type Command } from "./command";

const HELP = `usage: isoflop worker <file> [--task <id>]

Started by experiments and sweeps: with a channel to the process that started it, or for one task of a job of a cluster.`;

export const worker: Command = {
  help: HELP,
  run: async (args) => {
    const { path, task } = read(args);
    if (path === undefined || (process.send === undefined && task === undefined)) throw new UsageError("a worker is started by an experiment", { help: "call experiment() in a cell, or use `isoflop claims`" });
    const file: WorkerFile = JSON.parse(readFileSync(path, "utf8"));
    const folder = dirname(path);
    const fail = (why: string): void => {
      process.stderr.write(`${why}\n`);
      if (task !== undefined) atomicWriteSync(failurePath(folder, task), `${why}\n`);
    };
    if (task === undefined) process.on("disconnect", () => process.exit(0));
    // Awaited here and not where it is known: there a cell is running, and cells do not end processes.
    const ended = new Promise<number>((end) => {
      const serveOne = (execute: Execute, id: string): Promise<never> => {
        execute(id).then(
          () => end(EXIT_OK),
          (error: unknown) => {
            fail(messageOf(error));
            end(EXIT_FAILED);
          },
        );
        return new Promise<never>(() => undefined);
      };
      setWorkerRole({ name: file.name, folder, serve: (execute) => (task === undefined ? serveChannel(execute) : serveOne(execute, task)) });
    });
    return Promise.race([ended, runCells(file, fail)]);
  },
};

function read(args: readonly string[]): { readonly path: string | undefined; readonly task: string | undefined } {
  return readArguments("worker", () => {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: { task: { type: "string" } } });
    return { path: positionals[0], task: values.task };
  });
}

type Execute = (id: string) => Promise<unknown>;

/** In one line: it becomes part of another error. */
function messageOf(error: unknown): string {
  if (error instanceof IsoflopError) return `${error.what} (${error.help})`;
  return error instanceof Error ? error.message : String(error);
}

/** Does what the process at the other end of the channel asks for; that one ends this one. */
function serveChannel(execute: Execute): Promise<never> {
  const report = (what: WorkerReport): void => void process.send?.(what);
  process.on("message", ({ run }: WorkerOrder) => {
    execute(run).then(
      () => report({ done: run }),
      (error: unknown) => report({ failed: run, error: messageOf(error) }),
    );
  });
  report({ ready: true });
  return new Promise<never>(() => undefined);
}

/** Returns only when the cells end without having come to the call, or fail. */
async function runCells({ cwd, file, cells }: WorkerFile, fail: (why: string) => void): Promise<number> {
  process.chdir(cwd);
  const ran: string[] = [];
  setExperimentHost(sessionHost({ cwd, file, cells: () => ran }));
  const session = new Session({ cwd, file, modules: { isoflop: () => import("../index") }, emit: () => undefined });
  for (const cell of cells) {
    ran.push(cell);
    const { error } = await session.execute(cell);
    if (error === undefined) continue;
    fail(`${error.ename}: ${error.evalue.split("\n", 1)[0]}`);
    return EXIT_FAILED;
  }
  fail("the cells ended without coming to the experiment: they must lead to the same call in every process");
  return EXIT_FAILED;
}
