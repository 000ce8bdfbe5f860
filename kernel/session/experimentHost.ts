/** @file What a session tells experiments: the cells that lead to the running one, and hashes of what defines the experiment. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ExperimentHost, Replay } from "../experiment/host";
import { cellsFor, plainCode } from "./replay";

export interface SessionCells {
  readonly cwd: string;
  readonly file?: string;
  /** Sources of all that ran so far, the running one last. */
  readonly cells: () => readonly string[];
}

/** The host for a session. */
export function sessionHost({ cwd, file, cells }: SessionCells): ExperimentHost {
  const replay = (): Replay | undefined => {
    const ran = cells();
    return ran.length === 0 ? undefined : { cwd, file, cells: cellsFor(ran) };
  };
  return { replay, sources: (slug) => sourcesOf({ slug, folder: cwd, cells: replay()?.cells ?? [] }) };
}

/** Hashes of an experiment's cells and, in the repository, of its method. @param folder - the notebook's. */
export function sourcesOf({ slug, folder, cells }: { readonly slug: string; readonly folder: string; readonly cells: readonly string[] }): Readonly<Record<string, string>> {
  const root = resolve(folder, "..");
  const methodHashes = methodFiles(root, slug).map((name) => [name, hash(plainCode(readFileSync(join(root, name), "utf8"), join(root, name)))] as const);
  return { notebook: hash(cells.map((cell) => plainCode(cell)).join("\n")), ...Object.fromEntries(methodHashes) };
}

/** `kernel/methods/<slug>.ts`, or the files of the folder of that name; none outside of the repository. */
function methodFiles(root: string, slug: string): readonly string[] {
  const name = `kernel/methods/${slug}`;
  if (existsSync(join(root, `${name}.ts`))) return [`${name}.ts`];
  return existsSync(join(root, name)) ? readdirSync(join(root, name)).sort().map((file) => `${name}/${file}`) : [];
}

const hash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);
