/** @file Checkpoints: tensors by path and a JSON value in one safetensors file, with a checksum over all of it. */
import { createHash } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ArgumentError, DtypeError, FormatError } from "../errors";
import type { HostTensor } from "../graph/dtype";
import { atomicWrite, removeStaleTemporaries } from "./atomicWrite";
import { errorCode, readError, writeError } from "./fileErrors";
import { viewBytes } from "./hostBytes";
import { encodeSafetensors, openSafetensors, type TensorMap } from "./safetensors";
import { encodeHeader } from "./safetensorsHeader";

/** A value that JSON holds without loss. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface Checkpoint {
  /** By path in the tree: "model.blocks.2.mlp.up.weight". */
  readonly tensors: TensorMap;
  /** All that is no tensor: step, data position, keys of random numbers, configuration. */
  readonly meta: Json;
}

/** A checkpoint found in a folder. */
export interface FoundCheckpoint extends Checkpoint {
  readonly path: string;
  readonly step: number;
  /** One line for each newer file that could not be used, to be shown to the user. */
  readonly warnings: readonly string[];
}

export interface RotationOptions {
  readonly folder: string;
  /** Training step, a whole number. */
  readonly step: number;
  /** How many of the latest are kept, at least 1. Default: all. */
  readonly keep?: number;
  /** Start of the file names. Default "step". */
  readonly name?: string;
}

const FORMAT = "isoflop-checkpoint-1";
const META_KEY = "isoflop.meta";
const FORMAT_KEY = "isoflop.format";
const CHECKSUM_KEY = "isoflop.sha256";
const STEP_DIGITS = 9;
const MAX_META_DEPTH = 200;

/** Writes a checkpoint atomically: whatever happens, the path holds the old one or the new one.
 * @throws {ArgumentError} when `meta` holds what JSON would change (NaN, Infinity, undefined, functions); {DeviceError} when it cannot be written. */
export async function saveCheckpoint(path: string, { tensors, meta }: Checkpoint): Promise<void> {
  checkJson(meta, "meta");
  const json = JSON.stringify(meta);
  const hash = checksum(json);
  // In the order of the file, so that a reader can check while it reads.
  for (const [name, tensor] of encodeHeader(tensors, {}).order) hash.add(name, tensor);
  await atomicWrite(path, encodeSafetensors({ tensors, metadata: { [FORMAT_KEY]: FORMAT, [META_KEY]: json, [CHECKSUM_KEY]: hash.digest() } }));
}

/** Reads a checkpoint and verifies its checksum.
 * @throws {ArgumentError} when there is no such file; {FormatError} when it is truncated, changed, or no checkpoint. */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const file = await openSafetensors(path);
  try {
    const { [FORMAT_KEY]: format, [META_KEY]: json, [CHECKSUM_KEY]: expected } = file.metadata;
    if (format !== FORMAT || json === undefined || expected === undefined)
      throw new FormatError(
        format === undefined
          ? "the safetensors file is no checkpoint"
          : `the checkpoint has format ${JSON.stringify(format)}, this version reads ${FORMAT}`,
        {
          where: path,
          help: "read bare weights with readSafetensors, or give a checkpoint written by this version",
        },
      );
    const hash = checksum(json);
    const tensors: [string, HostTensor][] = [];
    for (const { name } of file.entries) {
      const tensor = await file.tensor(name);
      hash.add(name, tensor);
      tensors.push([name, tensor]);
    }
    if (hash.digest() !== expected)
      throw new FormatError("the checkpoint's checksum does not match its contents", {
        where: path,
        help: "the file was damaged after it was written; go back to an earlier checkpoint",
      });
    return { tensors: Object.fromEntries(tensors), meta: parseMeta(json, path) };
  } finally {
    await file.close();
  }
}

/** Writes the checkpoint of a step into a folder (made if missing), then removes the oldest beyond `keep`. Returns its path.
 * @throws as `saveCheckpoint`; older checkpoints are removed only after the new one is safely on the disk. */
export async function saveStep(checkpoint: Checkpoint, { folder, step, keep = Infinity, name = "step" }: RotationOptions): Promise<string> {
  if (!Number.isSafeInteger(step) || step < 0)
    throw new ArgumentError(`saveStep: step ${step}`, { help: "give the number of the training step, a whole number from 0" });
  if (!(keep >= 1)) throw new ArgumentError(`saveStep: keep ${keep}`, { help: "keep at least 1" });
  await mkdir(folder, { recursive: true }).catch((error: unknown) => Promise.reject(writeError(error, folder)));
  await removeStaleTemporaries(folder);
  const path = join(folder, fileName(name, step));
  await saveCheckpoint(path, checkpoint);
  const others = (await listSteps(folder, name)).filter((found) => found.step !== step);
  // A file that is still open elsewhere, as on Windows, is left for the next time.
  for (const { path: old } of others.slice(keep === Infinity ? others.length : keep - 1)) await rm(old, { force: true }).catch(() => undefined);
  return path;
}

/** The latest checkpoint of a folder that is whole, with a warning for each newer one that is not; undefined when the folder holds none.
 * @throws {FormatError} when there are some but none is whole. */
export async function loadLatest({ folder, name = "step" }: Pick<RotationOptions, "folder" | "name">): Promise<FoundCheckpoint | undefined> {
  const found = await listSteps(folder, name);
  const warnings: string[] = [];
  for (const { path, step } of found) {
    try {
      return { ...(await loadCheckpoint(path)), path, step, warnings };
    } catch (error) {
      // Only what is wrong with the file itself is stepped over: a disk that does not read must be seen.
      if (!(error instanceof FormatError) && !(error instanceof DtypeError)) throw error;
      warnings.push(`skipped ${path}: ${error.what}`);
    }
  }
  if (found.length === 0) return undefined;
  throw new FormatError(`none of the ${found.length} checkpoints is whole: ${warnings.join("; ")}`, {
    where: folder,
    help: "restore the folder from a copy, or start the run anew in an empty folder",
  });
}

const fileName = (name: string, step: number): string => `${name}-${String(step).padStart(STEP_DIGITS, "0")}.safetensors`;

/** Checkpoints of a folder, latest first. */
async function listSteps(folder: string, name: string): Promise<{ readonly path: string; readonly step: number }[]> {
  const names = await readdir(folder).catch((error: unknown) => (errorCode(error) === "ENOENT" ? [] : Promise.reject(readError(error, folder))));
  return names
    .map((file) => ({ path: join(folder, file), step: Number(/-(\d+)\.safetensors$/.exec(file)?.[1] ?? NaN), file }))
    .filter(({ step, file }) => file === fileName(name, step))
    .sort((a, b) => b.step - a.step);
}

/** SHA-256 over the meta text, then each tensor's name, dtype, shape and bytes. */
function checksum(json: string): { add(name: string, tensor: HostTensor): void; digest(): string } {
  const hash = createHash("sha256")
    .update(`${FORMAT}\n${Buffer.byteLength(json)}\n`)
    .update(json);
  return {
    add: (name, { dtype, shape, data }) => {
      hash.update(`\n${JSON.stringify([name, dtype, shape])}\n`).update(viewBytes(data));
    },
    digest: () => hash.digest("hex"),
  };
}

function parseMeta(json: string, where: string): Json {
  try {
    // SAFETY: JSON.parse gives nothing but JSON values.
    return JSON.parse(json) as Json;
  } catch (cause) {
    throw new FormatError("the checkpoint's meta is not JSON", {
      where,
      help: "the file was not written by saveCheckpoint; give one that was",
      cause,
    });
  }
}

function checkJson(value: unknown, at: string, depth = 0): void {
  if (value === null || typeof value === "boolean" || typeof value === "string") return;
  if (typeof value === "number" && Number.isFinite(value) && !Object.is(value, -0)) return;
  if (depth > MAX_META_DEPTH)
    throw new ArgumentError(`meta is nested deeper than ${MAX_META_DEPTH} levels, or holds itself`, { help: "store a flat record of plain values" });
  const tag = Object.prototype.toString.call(value);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) checkJson(value[i], `${at}[${i}]`, depth + 1);
  } else if (typeof value === "object" && tag === "[object Object]" && !("toJSON" in value)) {
    for (const [key, item] of Object.entries(value)) checkJson(item, `${at}.${key}`, depth + 1);
  } else {
    const shown = typeof value === "object" ? tag : Object.is(value, -0) ? "-0" : String(value);
    throw new ArgumentError(`${at} is ${shown}, which JSON does not hold`, {
      help: "store such numbers as text or in a tensor, and leave out what is undefined",
    });
  }
}
