/** @file Writes a model as files: an .onnx file, and its large weights beside it. */
import { createHash } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { HostTensor } from "../graph/dtype";
import type { ExternalPlace } from "./externalData";
import type { OnnxDeclaration, OnnxModel } from "./model";
import { encodeModel } from "./protobuf";
import { bytesOf } from "./tensorProto";

/** onnxruntime maps external data into memory where it begins at a page of the largest size in use. */
const ALIGN_BYTES = 65_536;
/** Initializers from this size on go out of the model: the value of onnx's own `convert_model_to_external_data`, in pages. */
const EXTERNAL_THRESHOLD_BYTES = 65_536;

/** Replaces a file by chunks, wholly or not at all: `atomicWrite` of kernel/io. */
export type WriteFile = (path: string, chunks: Iterable<Uint8Array>) => Promise<void>;

export interface WriteModelOptions {
  readonly write: WriteFile;
  /** Initializers of so many bytes or more go into the data file. Default 64 KiB; Infinity keeps all in the model. */
  readonly externalThresholdBytes?: number;
}

/**
 * The paths written: the model at `path` and, when there are large weights, `<name>.<hash>.data` beside it. The data
 * file is named by its content, so that an older model at `path` stays readable until the new one replaces it; the
 * older one's data file is removed then.
 * @throws {DeviceError} of `write`, when the disk is full or the folder missing.
 */
export async function writeModel(
  path: string,
  model: OnnxModel<OnnxDeclaration>,
  { write, externalThresholdBytes = EXTERNAL_THRESHOLD_BYTES }: WriteModelOptions,
): Promise<string[]> {
  const large = [...model.graph.initializers].filter(([, tensor]) => tensor.data.byteLength >= externalThresholdBytes && tensor.data.byteLength > 0);
  const location = large.length === 0 ? undefined : `${basename(path)}.${contentHash(large)}.data`;
  const places = new Map<string, ExternalPlace>();
  let end = 0;
  for (const [name, tensor] of large) {
    const offset = aligned(end);
    end = offset + tensor.data.byteLength;
    if (location !== undefined) places.set(name, { location, offset, length: tensor.data.byteLength });
  }
  const bytes = encodeModel(model, { external: (name) => places.get(name) });
  const written = [path];
  if (location !== undefined) {
    const data = join(dirname(path), location);
    await write(data, chunksOf(large));
    written.push(data);
  }
  await write(path, [bytes]);
  await removeOlder(path, location);
  return written;
}

const aligned = (offset: number): number => Math.ceil(offset / ALIGN_BYTES) * ALIGN_BYTES;

function* chunksOf(tensors: readonly (readonly [string, HostTensor])[]): Generator<Uint8Array> {
  let end = 0;
  for (const [, tensor] of tensors) {
    const gap = aligned(end) - end;
    if (gap > 0) yield new Uint8Array(gap);
    yield bytesOf(tensor);
    end += gap + tensor.data.byteLength;
  }
}

function contentHash(tensors: readonly (readonly [string, HostTensor])[]): string {
  const hash = createHash("sha256");
  for (const chunk of chunksOf(tensors)) hash.update(chunk);
  return hash.digest("hex").slice(0, 16);
}

async function removeOlder(path: string, kept: string | undefined): Promise<void> {
  const stem = `${basename(path)}.`;
  const older = (await readdir(dirname(path))).filter(
    (name) => name.startsWith(stem) && /^[0-9a-f]{16}\.data$/.test(name.slice(stem.length)) && name !== kept,
  );
  for (const name of older) await rm(join(dirname(path), name), { force: true });
}
