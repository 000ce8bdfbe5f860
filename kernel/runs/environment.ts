/** @file What a run ran on: machine, executor, versions, commit. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { version } from "../../package.json";
import { DEVICE_NAMES } from "../runtime/devices";
import { describeMachine } from "../runtime/machine";
import { executor } from "../runtime/session";
import type { RunEnvironment } from "./schema";

const execute = promisify(execFile);
/** A repository on a slow disk must not hold a run up for long. */
const GIT_TIMEOUT_MS = 10_000;

/** What is known at once. */
export const environmentNow = (): RunEnvironment => ({
  machine: describeMachine(),
  platform: `${process.platform}-${process.arch}`,
  versions: { isoflop: version, node: process.versions.node },
});

/** That, with the executor (loaded if need be) and the commit of `folder`. Never rejects: what cannot be told is left out. */
export async function completeEnvironment(folder: string): Promise<RunEnvironment> {
  const [description, git] = await Promise.all([executor().then((engine) => engine.description, () => undefined), commitOf(folder)]);
  const device = description === undefined ? undefined : DEVICE_NAMES.find((name) => description.toLowerCase().includes(name));
  return { ...environmentNow(), ...(description === undefined ? {} : { executor: description }), ...(device === undefined ? {} : { device }), ...(git === undefined ? {} : { git }) };
}

/** Commit of the checkout that `folder` lies in, and whether files that it follows were changed; undefined outside of one, or without git. */
export async function commitOf(folder: string): Promise<RunEnvironment["git"]> {
  const git = async (...args: readonly string[]): Promise<string> => (await execute("git", ["-C", folder, ...args], { timeout: GIT_TIMEOUT_MS, windowsHide: true, maxBuffer: 2 ** 26 })).stdout.trim();
  try {
    // Runs themselves are new files: counted, no commit would ever be clean.
    const [commit, changes] = await Promise.all([git("rev-parse", "HEAD"), git("--no-optional-locks", "status", "--porcelain", "--untracked-files=no")]);
    return { commit, dirty: changes !== "" };
  } catch {
    return undefined;
  }
}
