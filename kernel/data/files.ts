/** @file Reads whole files for the readers here, with errors that name the file. */
import { readFileSync, readdirSync, type Dirent } from "node:fs";
import { gunzipSync } from "node:zlib";
import { FormatError } from "../errors";
import { readError } from "../io/fileErrors";

/** Largest unpacked size of a .gz file: a few kilobytes can claim gigabytes. */
export const MAX_UNPACKED_BYTES = 2 ** 31;

/** The whole file; unpacked when it begins as gzip does.
 * @throws {ArgumentError} when there is no such file. @throws {FormatError} when the gzip data are damaged or unpack to more than MAX_UNPACKED_BYTES. */
export function readBytes(path: string): Uint8Array {
  const bytes = plain(attempt(path, () => readFileSync(path)));
  if (bytes.length < 2 || bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return plain(gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES }));
  } catch (cause) {
    throw new FormatError(`a damaged gzip file of ${bytes.length} bytes (${messageOf(cause)})`, { where: path, help: "get the file again; it may be truncated", cause });
  }
}

/** The whole file as text. @throws {FormatError} when it is no UTF-8. */
export function readText(path: string): string {
  const bytes = readBytes(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FormatError(`a file of ${bytes.length} bytes that is no UTF-8 text`, { where: path, help: "convert it to UTF-8", cause });
  }
}

/** Entries of a folder, sorted by name in code unit order, so that they come the same on every machine.
 * @throws {ArgumentError} when there is no such folder. */
export const listFolder = (path: string): Dirent[] =>
  attempt(path, () => readdirSync(path, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));

export const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/** The same memory as a plain array: slices of a Buffer are views into a shared pool. */
const plain = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);

function attempt<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw readError(cause, path);
  }
}
