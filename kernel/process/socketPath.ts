/** @file Where a kernel listens: a socket in its private folder, or in one of the system's where the path would be too long. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { ArgumentError } from "../errors";

/** Unix socket paths have 104 bytes on macOS and 108 on Linux, with a zero at the end. */
const MAX_SOCKET_BYTES = 103;
const SOCKET_FILE = "socket";
const SHORT_FOLDER = "isoflop-";

/** A path that can be listened at. What a killed kernel left there is removed.
 * @throws {ArgumentError} when a kernel listens in `folder`, or no path is short enough. */
export async function socketPathIn(folder: string): Promise<string> {
  if (process.platform === "win32") return `\\\\.\\pipe\\isoflop-${randomUUID()}`;
  const path = join(folder, SOCKET_FILE);
  if (Buffer.byteLength(path) <= MAX_SOCKET_BYTES) {
    if (await isListening(path)) throw new ArgumentError("another kernel runs in this folder", { where: folder, help: "give each kernel a folder of its own" });
    rmSync(path, { force: true });
    return path;
  }
  const short = join(mkdtempSync(join(tmpdir(), SHORT_FOLDER)), SOCKET_FILE);
  if (Buffer.byteLength(short) > MAX_SOCKET_BYTES) throw new ArgumentError(`the path of the kernel's socket is longer than ${MAX_SOCKET_BYTES} bytes`, { where: short, help: "set TMPDIR to a folder with a shorter path" });
  return short;
}

/** Takes the socket away, and the folder that was made for it. */
export function removeSocket(path: string): void {
  if (process.platform === "win32") return;
  rmSync(path, { force: true });
  const folder = dirname(path);
  if (basename(folder).startsWith(SHORT_FOLDER) && dirname(folder) === tmpdir()) rmSync(folder, { recursive: true, force: true });
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
