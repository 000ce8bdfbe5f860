// Builds a native library from its sources with two compilers at a time, unless nothing has changed since it was built.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");

/** Flags of all our C++, and those for the variant that tests run with sanitizers. */
export const COMMON = ["-std=c++17", "-O3", "-g1", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas"];
// Not the stack: calls arrive on a stack of koffi's own, which the sanitizer takes for a mistake.
export const SANITIZE = ["-fsanitize=address,undefined", "--param", "asan-stack=0", "-fno-sanitize-address-use-after-scope", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer"];

const newest = (folder) => Math.max(...readdirSync(folder, { withFileTypes: true }).map((entry) => (entry.isDirectory() ? newest(join(folder, entry.name)) : statSync(join(folder, entry.name)).mtimeMs)));

const run = ([command, ...args]) =>
  new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", () => resolve(false));
    child.on("exit", (code) => resolve(code === 0));
  });

/** The oldest versions of the C and C++ libraries that a library runs with, where objdump is there to tell. They are linked as onnxruntime links them: what is inside of ours would ask for a newer C library. */
function needs(library) {
  const { status, stdout } = spawnSync("objdump", ["-T", library], { encoding: "utf8", maxBuffer: 1 << 28 });
  if (status !== 0) return "";
  const newestOf = (name) => [...stdout.matchAll(new RegExp(`\\b${name}_([0-9.]+)`, "g"))].map(([, version]) => version).sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
  return ["GLIBC", "GLIBCXX"].map((name) => [name, newestOf(name)]).filter(([, version]) => version !== undefined).map(([name, version]) => `, ${name} ${version}`).join("");
}

/**
 * `sources` are { file, command }: the command lacks only `-c file -o object`; `link` lacks `-o library objects`.
 * `folders` hold all that the library depends on. Ends the process where it does not build.
 */
export async function buildLibrary({ library, sources, link, linkBehind = [], folders }) {
  if (existsSync(library) && statSync(library).mtimeMs >= Math.max(...folders.map(newest))) return;
  const objectFolder = `${library}.objects`;
  mkdirSync(objectFolder, { recursive: true });
  const objectOf = (file) => join(objectFolder, `${basename(dirname(file))}-${basename(file)}.o`);
  const queue = [...sources];
  let well = true;
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined && well; next = queue.shift()) well = (await run([...next.command, "-c", next.file, "-o", objectOf(next.file)])) && well;
  };
  await Promise.all([worker(), worker()]);
  // Linked under another name first: a process that has the old library open must keep it whole.
  const fresh = `${library}.${process.pid}`;
  well = well && (await run([...link, "-o", fresh, ...sources.map(({ file }) => objectOf(file)), ...linkBehind]));
  if (!well) process.exit(1);
  renameSync(fresh, library);
  console.log(`${library.slice(root.length)} ${(statSync(library).size / 1024).toFixed(0)} KiB${needs(library)}`);
}
