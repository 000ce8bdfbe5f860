/** @file Elements of tensors that lie in files next to the model. */
import { closeSync, fstatSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { FormatError } from "../errors";

/** A range of a file next to the model. */
export interface ExternalPlace {
  /** File name, relative to the folder of the model. */
  readonly location: string;
  /** In bytes. */
  readonly offset: number;
  /** In bytes. */
  readonly length: number;
}

interface Request {
  /** The tensor, for errors. */
  readonly where: string;
  /** Size that its shape and dtype ask for. */
  readonly bytes: number;
}

/** Many tensors may refer to one range (tied weights), but a small file must not grow into a large memory. */
const REUSE_LIMIT = 4;
/** Largest single read: system calls take less than 2 GiB at once. */
const READ_BYTES = 2 ** 28;

const damaged = (what: string, where: string, cause?: unknown): FormatError =>
  new FormatError(what, { where, help: "keep the model's data files beside it, as they were exported; nothing else is read", cause });

/** Reads the external data of one model. Only regular files inside `folder` are opened; without a folder, none. */
export class ExternalReader {
  private readonly sizes = new Map<string, number>();
  private taken = 0;

  constructor(private readonly folder?: string) {}

  /** The bytes that the key–value pairs of a tensor name, in a buffer of their own.
   * @throws {FormatError} when the file is missing, outside of the folder, or does not hold that range. */
  read(fields: ReadonlyMap<string, string>, { where, bytes }: Request): Uint8Array<ArrayBuffer> {
    const location = fields.get("location") ?? "";
    const offset = number(fields.get("offset") ?? "0");
    const length = number(fields.get("length") ?? String(bytes));
    if (offset === undefined || length === undefined)
      throw damaged(`external data with offset ${show(fields.get("offset"))} and length ${show(fields.get("length"))}`, where);
    if (length !== bytes) throw damaged(`external data of ${length} bytes for a tensor of ${bytes} bytes`, where);
    const file = openSync(this.pathOf(location, where), "r");
    try {
      const { size } = fstatSync(file);
      if (offset + length > size)
        throw damaged(`external data: bytes ${offset} to ${offset + length} of ${show(location)}, which has ${size}`, where);
      this.account(location, { size, length, where });
      const out = new Uint8Array(length);
      for (let at = 0; at < length;) {
        const count = readSync(file, out, at, Math.min(READ_BYTES, length - at), offset + at);
        if (count === 0) throw damaged(`external data: ${show(location)} ended while being read`, where);
        at += count;
      }
      return out;
    } finally {
      closeSync(file);
    }
  }

  private account(location: string, { size, length, where }: { readonly size: number; readonly length: number; readonly where: string }): void {
    this.sizes.set(location, size);
    this.taken += length;
    const files = [...this.sizes.values()].reduce((sum, each) => sum + each, 0);
    if (this.taken > REUSE_LIMIT * files) throw damaged(`external data: tensors take ${this.taken} bytes of files of ${files}`, where);
  }

  private pathOf(location: string, where: string): string {
    if (this.folder === undefined)
      throw new FormatError(`the elements lie in another file, ${show(location)}`, {
        where,
        help: "pass externalFolder, the folder that the model was read from",
      });
    const path = resolve(this.folder, location);
    if (location === "" || location.includes("\0") || isAbsolute(location) || /^[A-Za-z]:|\\/.test(location) || !inside(resolve(this.folder), path))
      throw damaged(`external data in ${show(location)}, outside of the model's folder`, where);
    try {
      // Links may lead out, and reading a pipe or device may never end.
      const real = realpathSync(path);
      if (!inside(realpathSync(this.folder), real)) throw damaged(`external data in ${show(location)}, which leads out of the model's folder`, where);
      if (!isRegular(real)) throw damaged(`external data in ${show(location)}, which is no regular file`, where);
      return real;
    } catch (error) {
      if (error instanceof FormatError) throw error;
      throw damaged(`external data: ${show(location)} cannot be read (${error instanceof Error ? error.message : String(error)})`, where, error);
    }
  }
}

const isRegular = (path: string): boolean => statSync(path).isFile();

function inside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** A count of bytes written in decimal, or undefined. */
function number(text: string): number | undefined {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

const show = (text: string | undefined): string => JSON.stringify((text ?? "").slice(0, 120));
