// Packs the ONNX backend node tests of Debian's libonnx-testdata into nodeTests.bin, which backendTests.ts reads:
//   node test/onnx/backend/packBackendTests.mjs [/usr/share/libonnx-testdata/data/node]
// Equal files (inputs of an operator and of its expansion into other operators) are stored once.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const root = process.argv[2] ?? "/usr/share/libonnx-testdata/data/node";
const version = execFileSync("dpkg-query", ["-W", "-f", "${Version}", "libonnx-testdata"], { encoding: "utf8" });
const blobs = [];
const indexOf = new Map();

function blob(path) {
  const bytes = readFileSync(path);
  const key = createHash("sha256").update(bytes).digest("hex");
  if (!indexOf.has(key)) indexOf.set(key, blobs.push(bytes) - 1);
  return indexOf.get(key);
}

const filesIn = (folder) =>
  readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .flatMap((path) => (statSync(path).isDirectory() ? filesIn(path) : [path]));

const tests = {};
for (const name of readdirSync(root).sort())
  tests[name] = Object.fromEntries(filesIn(join(root, name)).map((path) => [relative(join(root, name), path), blob(path)]));

const header = Buffer.from(
  JSON.stringify({
    source: `libonnx-testdata ${version}, Apache-2.0, copyright the ONNX project contributors`,
    sizes: blobs.map((bytes) => bytes.length),
    tests,
  }),
);
const length = Buffer.alloc(4);
length.writeUInt32LE(header.length);
const whole = Buffer.concat([length, header, ...blobs]);
const packed = brotliCompressSync(whole, {
  params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: whole.length },
});
writeFileSync(new URL("nodeTests.bin", import.meta.url), packed);
console.log(`${Object.keys(tests).length} tests, ${blobs.length} files, ${whole.length} bytes, packed ${packed.length}`);
