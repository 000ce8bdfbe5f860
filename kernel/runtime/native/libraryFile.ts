/** @file The file of onnxruntime's library: where it lies, and whether it is whole. */
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { DeviceError } from "../../errors";

/** The library that ISOFLOP_ONNXRUNTIME names, or that of the installed onnxruntime-node. @throws {DeviceError} when there is none for this platform. */
export function libraryPath(): string {
  const wish = process.env.ISOFLOP_ONNXRUNTIME;
  if (wish !== undefined && wish !== "") return wish;
  const root = dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
  const folder = join(root, "bin", "napi-v6", process.platform, process.arch);
  const file = existsSync(folder) ? readdirSync(folder).find((name) => /^(libonnxruntime\.(so\.1|[\d.]*dylib)|onnxruntime\.dll)$/.test(name)) : undefined;
  if (file === undefined) throw new DeviceError(`onnxruntime-node has no library for ${process.platform} ${process.arch}`, { where: folder, help: "reinstall onnxruntime-node, or use a platform that it supports" });
  return join(folder, file);
}

const ELF_MAGIC = 0x7f454c46;
const ELF_HEADER_BYTES = 64;

/**
 * The system's loader maps a file that was cut off, and the process ends when it reads behind its end. Libraries of Linux end
 * with a table whose place is told in their first bytes.
 * @throws {Error} when the file is shorter than it says, or not there.
 */
export function requireWhole(path: string): void {
  const file = openSync(path, "r");
  try {
    const header = Buffer.alloc(ELF_HEADER_BYTES);
    const { size } = fstatSync(file);
    const read = readSync(file, header, 0, ELF_HEADER_BYTES, 0);
    if (process.platform !== "linux") return;
    if (read < ELF_HEADER_BYTES || header.readUInt32BE(0) !== ELF_MAGIC) throw new Error("it is no library of Linux");
    const end = header.readBigUInt64LE(0x28) + BigInt(header.readUInt16LE(0x3a) * header.readUInt16LE(0x3c));
    if (BigInt(size) < end) throw new Error(`it is cut off: ${size} bytes of ${end}`);
  } finally {
    closeSync(file);
  }
}
