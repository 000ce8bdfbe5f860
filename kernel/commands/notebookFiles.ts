/** @file The files of a run: the notebook to read, and whether the results can be written. */
import { constants } from "node:fs";
import { access, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ArgumentError } from "../errors";
import { readError, writeError } from "../io/fileErrors";
import { type Notebook, parseNotebook } from "../session/notebook";
import type { RunOptions } from "./runOptions";

/** The notebook, once it is known that there is a place for its results: a long run must not end with nowhere to write.
 * @throws {ArgumentError} when there is no such file.
 * @throws {FormatError} when it is no notebook.
 * @throws {DeviceError} when a file cannot be read, or the results not be written. */
export async function readNotebook({ input, out, html }: RunOptions): Promise<Notebook> {
  const text = await readFile(input, "utf8").catch((error: unknown) => Promise.reject(readError(error, input)));
  const notebook = parseNotebook(text, input);
  for (const path of [out, html]) if (path !== undefined) await checkWritable(path);
  return notebook;
}

async function checkWritable(path: string): Promise<void> {
  await access(dirname(path), constants.W_OK).catch((error: unknown) => Promise.reject(writeError(error, path)));
  if ((await stat(path).catch(() => undefined))?.isDirectory() === true) throw new ArgumentError("the path to write to is a folder", { where: path, help: "give the path of a file in it" });
}
