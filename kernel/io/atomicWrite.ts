/** @file Writes files so that at every moment the path holds the whole old file or the whole new one. */
import { closeSync, fchmodSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { type FileHandle, open, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { errorCode, writeError } from "./fileErrors";

/** What can be written: text (as UTF-8), bytes, or a sequence of them that is never in memory as a whole. */
export type Content = string | Uint8Array | Iterable<string | Uint8Array>;
export type AsyncContent = Content | AsyncIterable<string | Uint8Array>;

/** Largest single write: the system calls take less than 2 GiB at once. */
const WRITE_BYTES = 2 ** 28;
const TEMPORARY_SUFFIX = ".tmp";
const HOST = hostname()
  .replace(/[^A-Za-z0-9]/g, "")
  .slice(0, 32);
let counter = 0;

/** Replaces the file at `path` by `content`: a temporary file in the same folder, flushed to the disk, then renamed over it.
 * Links are followed, and an old file's permissions kept. When anything fails, also the content's own iteration, the
 * temporary file is removed and the old file is as it was; an error of the content is passed on as it is.
 * @throws {DeviceError} when the disk is full, the folder is missing or not writable. */
export async function atomicWrite(path: string, content: AsyncContent): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const temporary = temporaryPath(target);
  const guarded = <T>(work: Promise<T>): Promise<T> => work.catch((error: unknown) => Promise.reject(writeError(error, path)));
  const mode = await stat(target).then(
    (old) => old.mode & 0o777,
    () => undefined,
  );
  const file = await guarded(open(temporary, "wx"));
  try {
    try {
      for await (const chunk of chunksOf(content)) await guarded(writeAll(file, bytesOf(chunk)));
      if (mode !== undefined) await guarded(file.chmod(mode));
      await guarded(file.sync());
    } finally {
      await guarded(file.close());
    }
    await guarded(rename(temporary, target));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(target));
}

/** `atomicWrite` in one go, for places that cannot wait (exit handlers, small settings). */
export function atomicWriteSync(path: string, content: Content): void {
  const target = follow(path);
  const temporary = temporaryPath(target);
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw writeError(error, path);
    }
  };
  const mode = statSync(target, { throwIfNoEntry: false })?.mode;
  const file = guarded(() => openSync(temporary, "wx"));
  try {
    try {
      for (const chunk of chunksOf(content)) {
        const bytes = bytesOf(chunk);
        for (let at = 0; at < bytes.length;) at += guarded(() => writeSync(file, bytes, at, Math.min(WRITE_BYTES, bytes.length - at)));
      }
      if (mode !== undefined) guarded(() => fchmodSync(file, mode & 0o777));
      guarded(() => fsyncSync(file));
    } finally {
      guarded(() => closeSync(file));
    }
    guarded(() => renameSync(temporary, target));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Removes temporary files that killed processes of this machine left in `folder`; those of living ones stay. Returns their names. */
export async function removeStaleTemporaries(folder: string): Promise<string[]> {
  const stale = (await readdir(folder).catch(() => [])).filter((name) => {
    const match = /^\..+\.([A-Za-z0-9]*)-(\d+)-\d+\.tmp$/.exec(name);
    return match !== null && match[1] === HOST && !isAlive(Number(match[2]));
  });
  for (const name of stale) await rm(join(folder, name), { force: true }).catch(() => undefined);
  return stale;
}

const temporaryPath = (target: string): string =>
  join(dirname(target), `.${basename(target)}.${HOST}-${process.pid}-${counter++}${TEMPORARY_SUFFIX}`);

/** Told apart without instanceof: bytes from another realm must not be taken for a sequence of numbers. */
const isBytes = (content: unknown): content is Uint8Array => ArrayBuffer.isView(content);

const chunksOf = <T>(content: string | Uint8Array | T): T | readonly (string | Uint8Array)[] =>
  typeof content === "string" || isBytes(content) ? [content] : content;

const bytesOf = (chunk: string | Uint8Array): Uint8Array => (typeof chunk === "string" ? Buffer.from(chunk, "utf8") : chunk);

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at, Math.min(WRITE_BYTES, bytes.length - at))).bytesWritten;
}

function follow(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Makes the rename itself durable; not all systems let a folder be opened for that, and then there is nothing more to do. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}
