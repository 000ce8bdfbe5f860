/** @file Turns errors of the operating system into errors that say what to do. */
import { ArgumentError, DeviceError, type IsoflopError } from "../errors";

const NO_ROOM: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
const NO_SUCH: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR"]);

/** The system's code ("ENOSPC") of an error, or "" when it is none of the system's. */
export const errorCode = (error: unknown): string => (error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "");

/** A DeviceError for a write that failed. The help says that an old file is still there, because all writes here are atomic. */
export function writeError(error: unknown, path: string): DeviceError {
  const code = errorCode(error);
  const kept = "what was at this path before is unchanged";
  const reason = error instanceof Error ? error.message : String(error);
  if (NO_ROOM.has(code))
    return new DeviceError(`no room to write the file (${code})`, {
      where: path,
      help: `free space on the disk, raise the quota or write elsewhere; ${kept}`,
      cause: error,
    });
  if (NO_SUCH.has(code))
    return new DeviceError("cannot write: the folder does not exist", { where: path, help: "create the folder, or correct the path", cause: error });
  if (code === "EACCES" || code === "EPERM" || code === "EROFS")
    return new DeviceError(`no permission to write the file (${code})`, {
      where: path,
      help: `change the folder's permissions or write elsewhere; ${kept}`,
      cause: error,
    });
  if (code === "EISDIR" || code === "ENOTEMPTY" || code === "EEXIST")
    return new DeviceError(`cannot write: the path is a folder (${code})`, { where: path, help: "give the path of a file", cause: error });
  return new DeviceError(`writing failed: ${reason}`, { where: path, help: `check the disk and try again; ${kept}`, cause: error });
}

/** An ArgumentError for a path that names no file, a DeviceError for a disk that will not read. */
export function readError(error: unknown, path: string): IsoflopError {
  const code = errorCode(error);
  if (NO_SUCH.has(code))
    return new ArgumentError("there is no such file", {
      where: path,
      help: "correct the path; relative paths start at the folder the process runs in",
      cause: error,
    });
  if (code === "EISDIR")
    return new ArgumentError("the path is a folder, not a file", { where: path, help: "give the path of a file in it", cause: error });
  return new DeviceError(`reading failed: ${error instanceof Error ? error.message : String(error)}`, {
    where: path,
    help: "check the file's permissions and the disk",
    cause: error,
  });
}
