/** @file Results of single tasks as files, so that what was interrupted goes on where it stopped. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { version } from "../../package.json";
import { atomicWriteSync } from "../io/atomicWrite";
import { runsFolder } from "../runs/index";
import { formatJson, parseJson } from "./json";

/** Folder of a task set: `<run store>/../experiments/<name>/<key>`. */
export const taskFolder = (name: string, key: string): string => join(experimentsFolder(name), key);

/** All that is kept of tasks of this name. */
export const experimentsFolder = (name: string): string => join(dirname(runsFolder()), "experiments", ...name.split("/"));

export class TaskStore {
  constructor(readonly folder: string) {}

  /** The result of a task; undefined when it is still to be done, or its file is damaged. */
  read(id: string): unknown {
    try {
      return parseJson(readFileSync(this.path(id), "utf8"));
    } catch {
      return undefined;
    }
  }

  /** Whole or not at all. */
  write(id: string, result: unknown): void {
    mkdirSync(this.folder, { recursive: true });
    atomicWriteSync(this.path(id), formatJson(result));
  }

  clear(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private path(id: string): string {
    return join(this.folder, `${fileNameOf(id)}.json`);
  }
}

const fileNameOf = (id: string): string => id.replace(/[^A-Za-z0-9._=-]+/g, "_");

/** Where a task on another machine says why it failed. */
export const failurePath = (folder: string, id: string): string => join(folder, `${fileNameOf(id)}.failed.txt`);

/** A short hash of anything that JSON can say. */
export const hashOf = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);

let identity: string | undefined;

/** Tells builds of this library apart: results of another one are not taken for those of this one. */
export function libraryIdentity(): string {
  if (identity === undefined) {
    const folder = dirname(fileURLToPath(import.meta.url));
    // The bundle's entry names its parts by the hashes of their content.
    const entry = join(folder, "index.js");
    identity = existsSync(entry) ? hashOf(readFileSync(entry, "utf8")) : version;
  }
  return identity;
}
