/** @file The folder in which kernels are found again: the user's own, closed to everybody else. */
import { lstat, mkdir } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { KernelError } from "./kernelError";

const MODE = 0o700;
const OTHERS = 0o077;

/** Where kernels keep their folders: `isoflop` in the user's run-time folder, or `isoflop-<user>` among temporary files. */
export function kernelRoot(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const runtime = environment["XDG_RUNTIME_DIR"];
  if (runtime !== undefined && runtime.startsWith("/")) return join(runtime, "isoflop");
  return join(tmpdir(), `isoflop-${process.getuid?.() ?? userInfo().username}`);
}

/** Makes `folder` if it is missing.
 * @throws {KernelError} when it cannot be made, or is not a folder of this user's alone: whoever can write there could answer in a kernel's place. */
export async function openPrivateFolder(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true, mode: MODE });
  } catch (error) {
    throw new KernelError(`the folder for kernels cannot be made: ${error instanceof Error ? error.message : String(error)}`, {
      where: folder,
      help: "check that the folder above it exists, is yours and has room; or set XDG_RUNTIME_DIR to one that is",
      cause: error,
    });
  }
  const fault = await privacyFault(folder, "folder");
  if (fault !== undefined) throw new KernelError(`the folder for kernels ${fault}`, { where: folder, help: `make it yours alone (chmod 700 '${folder}') or remove it; kernels that run there are not used` });
  return folder;
}

/** What is wrong with a path that must be the user's alone; undefined when nothing is. Windows keeps such folders private by where they are. */
export async function privacyFault(path: string, kind: "folder" | "file"): Promise<string | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return "does not exist";
  if (found.isSymbolicLink()) return "is a link";
  if (kind === "folder" ? !found.isDirectory() : !found.isFile()) return `is no ${kind}`;
  if (process.getuid === undefined) return undefined;
  if (found.uid !== process.getuid()) return `belongs to user ${found.uid}, not to you (${process.getuid()})`;
  if ((found.mode & OTHERS) !== 0) return `is open to other users (mode ${(found.mode & 0o777).toString(8)})`;
  return undefined;
}
