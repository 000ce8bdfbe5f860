/** @file What worker processes are told in a file: the cells that lead to the call, and what to do there. */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DeviceError } from "../errors";
import { atomicWriteSync } from "../io/atomicWrite";
import { experimentHost } from "./host";
import type { RemoteWork } from "./launcher";

/** The file that tells a worker what to run. It lies in the folder of the tasks. */
export interface WorkerFile {
  readonly name: string;
  readonly cwd: string;
  readonly file?: string;
  readonly cells: readonly string[];
}

/** Beside this bundle. */
export const cliPath = (): string => join(dirname(fileURLToPath(import.meta.url)), "cli.js");

/** Writes what workers need into the folder of the tasks; returns its path. @throws {DeviceError} when no cell is running. */
export function writeWorkerFile({ name, folder }: Pick<RemoteWork, "name" | "folder">): string {
  const replay = experimentHost()?.replay();
  if (replay === undefined) throw new DeviceError("no cell is running that other processes could run too", { help: "call it in a cell of a notebook, and await it there" });
  const path = join(folder, "worker.json");
  mkdirSync(folder, { recursive: true });
  atomicWriteSync(path, JSON.stringify({ name, ...replay } satisfies WorkerFile));
  return path;
}
