/** @file `isoflop worker`: a process that an experiment starts. It runs the cells that lead to the experiment, and does its tasks there. */
import { readFileSync } from "node:fs";
import { setExperimentHost, setWorkerRole } from "../experiment/host";
import type { WorkerFile, WorkerOrder, WorkerReport } from "../experiment/localProcesses";
import { sessionHost } from "../session/experimentHost";
import { Session } from "../session/session";
import { EXIT_FAILED, UsageError, type Command } from "./command";

const HELP = `usage: isoflop worker <file>

Started by experiments and sweeps, with a channel to the process that started it.`;

export const worker: Command = {
  help: HELP,
  run: async ([path]) => {
    if (path === undefined || process.send === undefined) throw new UsageError("a worker is started by an experiment", { help: "call experiment() in a cell, or use `isoflop claims`" });
    process.on("disconnect", () => process.exit(0));
    const file: WorkerFile = JSON.parse(readFileSync(path, "utf8"));
    setWorkerRole({ name: file.name, key: file.key, serve: (execute) => serve(execute) });
    return runCells(file);
  },
};

const report = (what: WorkerReport): void => void process.send?.(what);

function serve(execute: (id: string) => Promise<unknown>): Promise<never> {
  process.on("message", ({ run }: WorkerOrder) => {
    execute(run).then(
      () => report({ done: run }),
      (error: unknown) => report({ failed: run, error: error instanceof Error ? error.message : String(error) }),
    );
  });
  report({ ready: true });
  // The other process ends this one.
  return new Promise<never>(() => undefined);
}

/** Returns only when the cells end without having come to the call, or fail. */
async function runCells({ cwd, file, cells }: WorkerFile): Promise<number> {
  process.chdir(cwd);
  const ran: string[] = [];
  setExperimentHost(sessionHost({ cwd, file, cells: () => ran }));
  const session = new Session({ cwd, file, modules: { isoflop: () => import("../index") }, emit: () => undefined });
  for (const cell of cells) {
    ran.push(cell);
    const { error } = await session.execute(cell);
    if (error === undefined) continue;
    process.stderr.write(`${error.ename}: ${error.evalue}\n`);
    return EXIT_FAILED;
  }
  process.stderr.write("the cells ended without coming to the experiment: they must lead to the same call in every process\n");
  return EXIT_FAILED;
}
