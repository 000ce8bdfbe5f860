/** @file Reads and writes safetensors files, whole or one tensor at a time. */
import { open, type FileHandle } from "node:fs/promises";
import { ArgumentError, DtypeError, FormatError } from "../errors";
import { DTYPES, type HostTensor } from "../graph/dtype";
import { atomicWrite } from "./atomicWrite";
import { readError } from "./fileErrors";
import { checkBools, emptyTensor, viewBytes } from "./hostBytes";
import { encodeHeader, headerLength, LENGTH_BYTES, type Header, type Metadata, parseHeader, type TensorEntry } from "./safetensorsHeader";

export type TensorMap = Readonly<Record<string, HostTensor>>;

/** What a safetensors file holds. */
export interface Safetensors {
  readonly tensors: TensorMap;
  /** Free text by key. */
  readonly metadata: Metadata;
}

/** Largest single read: the system calls take less than 2 GiB at once. */
const READ_BYTES = 2 ** 28;

/** An open file: its header has been read and checked, its tensors are read one by one. Close it, or declare it with `await using`. */
export interface SafetensorsFile extends AsyncDisposable {
  readonly path: string;
  readonly entries: readonly TensorEntry[];
  readonly metadata: Metadata;
  /** The tensor, in an array of its own.
   * @throws {ArgumentError} when there is none of that name, {DtypeError} when its dtype is not one of ours. */
  tensor(name: string): Promise<HostTensor>;
  close(): Promise<void>;
}

/** Opens a file and reads its header only.
 * @throws {ArgumentError} when there is no such file, {FormatError} when its header does not fit it. */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await open(path, "r").catch((error: unknown) => Promise.reject(readError(error, path)));
  let header: Header;
  try {
    const { size } = await file.stat().catch((error: unknown) => Promise.reject(readError(error, path)));
    const start = await readInto(file, { bytes: new Uint8Array(Math.min(LENGTH_BYTES, size)), position: 0, path });
    const length = headerLength(start, size, path);
    header = parseHeader(await readInto(file, { bytes: new Uint8Array(length), position: LENGTH_BYTES, path }), size, path);
  } catch (error) {
    await file.close();
    throw error;
  }
  const byName = new Map(header.entries.map((entry) => [entry.name, entry]));
  const close = (): Promise<void> => file.close();
  return {
    path,
    ...header,
    tensor: async (name) => {
      const entry = byName.get(name);
      if (entry === undefined)
        throw new ArgumentError(`there is no tensor ${JSON.stringify(name)}`, {
          where: path,
          help: `it holds ${nearNames(name, [...byName.keys()])}`,
        });
      const { tensor, bytes } = emptyFor(entry, path);
      await readInto(file, { bytes, position: entry.offset, path });
      checkBools(tensor, `${path}, tensor ${JSON.stringify(name)}`);
      return tensor;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** All tensors and the metadata of a file.
 * @throws as `openSafetensors` does, and {DtypeError} naming the tensor whose dtype is not one of ours. */
export async function readSafetensors(path: string): Promise<Safetensors> {
  const file = await openSafetensors(path);
  try {
    const tensors: [string, HostTensor][] = [];
    for (const { name } of file.entries) tensors.push([name, await file.tensor(name)]);
    return { tensors: Object.fromEntries(tensors), metadata: file.metadata };
  } finally {
    await file.close();
  }
}

/** All tensors and the metadata in `bytes`; arrays are copies. `where` names the source in errors.
 * @throws {FormatError} when the bytes are no whole safetensors file, {DtypeError} as `readSafetensors`. */
export function decodeSafetensors(bytes: Uint8Array, where = "safetensors bytes"): Safetensors {
  const length = headerLength(bytes, bytes.length, where);
  const { entries, metadata } = parseHeader(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length), bytes.length, where);
  const tensors = entries.map((entry): [string, HostTensor] => {
    const { tensor, bytes: target } = emptyFor(entry, where);
    target.set(bytes.subarray(entry.offset, entry.offset + entry.bytes));
    checkBools(tensor, `${where}, tensor ${JSON.stringify(entry.name)}`);
    return [entry.name, tensor];
  });
  return { tensors: Object.fromEntries(tensors), metadata };
}

/** The file's bytes in pieces: the header, then each array itself, without a copy. */
export function* encodeSafetensors({
  tensors,
  metadata = {},
}: {
  readonly tensors: TensorMap;
  readonly metadata?: Metadata;
}): Generator<Uint8Array, void> {
  const { bytes, order } = encodeHeader(tensors, metadata);
  yield bytes;
  for (const [, { data }] of order) yield viewBytes(data);
}

/** Writes a file atomically: aligned, in an order that depends only on names and dtypes, so equal tensors give equal files.
 * @throws {DeviceError} when the disk is full or not writable; {ShapeError}, {ArgumentError} for tensors that cannot be stored. */
export const writeSafetensors = (path: string, content: { readonly tensors: TensorMap; readonly metadata?: Metadata }): Promise<void> =>
  atomicWrite(path, encodeSafetensors(content));

function emptyFor({ name, dtype, dtypeName, shape }: TensorEntry, where: string): ReturnType<typeof emptyTensor> {
  if (dtype === undefined)
    throw new DtypeError(`tensor ${JSON.stringify(name)} has dtype ${dtypeName}, which has no counterpart here`, {
      where,
      help: `convert it before to one of ${DTYPES.join(", ")}, or read the other tensors one by one with openSafetensors`,
    });
  return emptyTensor(dtype, shape);
}

async function readInto(
  file: FileHandle,
  { bytes, position, path }: { readonly bytes: Uint8Array; readonly position: number; readonly path: string },
): Promise<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const { bytesRead } = await file
      .read(bytes, at, Math.min(READ_BYTES, bytes.length - at), position + at)
      .catch((error: unknown) => Promise.reject(readError(error, path)));
    if (bytesRead === 0)
      throw new FormatError(`safetensors: the file ends at byte ${position + at} while it is read`, {
        where: path,
        help: "another process shortened it; write it again, atomically",
      });
    at += bytesRead;
  }
  return bytes;
}

/** Names for a help line: those that share the wanted one's last part, else the first few. */
function nearNames(wanted: string, names: readonly string[]): string {
  if (names.length === 0) return "no tensors";
  const last = wanted.split(".").at(-1) ?? "";
  const near = names.filter((name) => name.endsWith(last));
  const shown = (near.length > 0 ? near : names).slice(0, 5);
  return `${names.length} tensors, among them ${shown.map((name) => JSON.stringify(name)).join(", ")}`;
}
