/** @file The ONNX backend node tests, unpacked (packBackendTests.mjs says where they come from). */
import { readFileSync } from "node:fs";
import { brotliDecompressSync } from "node:zlib";

export interface BackendTest {
  readonly name: string;
  readonly model: Uint8Array;
  /** Each set: the operands and the expected results, as TensorProto files. */
  readonly sets: readonly { readonly inputs: readonly Uint8Array[]; readonly outputs: readonly Uint8Array[] }[];
}

interface Header {
  readonly source: string;
  readonly sizes: readonly number[];
  readonly tests: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const numbered = (files: ReadonlyMap<string, Uint8Array>, prefix: string): Uint8Array[] => {
  const out: Uint8Array[] = [];
  for (let file = files.get(`${prefix}0.pb`); file !== undefined; file = files.get(`${prefix}${out.length}.pb`)) out.push(file);
  return out;
};

/** All tests, and where they come from. */
export function backendTests(): { readonly source: string; readonly tests: readonly BackendTest[] } {
  const bytes = brotliDecompressSync(readFileSync(new URL("nodeTests.bin", import.meta.url)));
  const start = 4 + bytes.readUInt32LE(0);
  // SAFETY: the file is ours.
  const { source, sizes, tests } = JSON.parse(bytes.toString("utf8", 4, start)) as Header;
  let at = start;
  const blobs = sizes.map((size) => bytes.subarray(at, (at += size)));
  return {
    source,
    tests: Object.entries(tests).map(([name, entries]) => {
      const files = new Map<string, Uint8Array>(Object.entries(entries).map(([path, blob]) => [path, blobs[blob]]));
      const folders = [...new Set([...files.keys()].filter((path) => path.includes("/")).map((path) => path.split("/")[0]))];
      return {
        name,
        model: files.get("model.onnx") ?? new Uint8Array(),
        sets: folders.map((folder) => ({ inputs: numbered(files, `${folder}/input_`), outputs: numbered(files, `${folder}/output_`) })),
      };
    }),
  };
}
