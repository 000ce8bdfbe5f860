// Builds the operator library with the system's C++ compiler into dist/native/<platform>-<arch>. Without a compiler it says so and
// succeeds: IsoFLOP runs without the library, slower. `--sanitize` builds the checked variant for tests.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const source = dirname(fileURLToPath(import.meta.url));
const root = join(source, "../../../..");
const sanitize = process.argv.includes("--sanitize");
const target = join(root, "dist/native", `${process.platform}-${process.arch}${sanitize ? "-sanitize" : ""}`);
const library = join(target, process.platform === "darwin" ? "libisoflop_ops.dylib" : "libisoflop_ops.so");
const compiler = process.env.CXX ?? "g++";

const COMMON = ["-std=c++17", "-O3", "-g1", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas"];
// Products and sums may be fused; NaN and infinity keep their meaning.
const MATHS = ["-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast"];
// Not the stack: calls arrive on a stack of koffi's own, which the sanitizer takes for a mistake.
const SANITIZE = sanitize ? ["-fsanitize=address,undefined", "--param", "asan-stack=0", "-fno-sanitize-address-use-after-scope", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer"] : [];
const SETS = {
  Avx2: ["-mavx2", "-mfma"],
  Avx512: ["-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mavx2", "-mfma", "-mprefer-vector-width=512"],
};

const files = readdirSync(source).filter((name) => name.endsWith(".cc"));
const setOf = (name) => Object.keys(SETS).find((set) => name.endsWith(`${set}.cc`));
const chosen = files.filter((name) => process.arch === "x64" || setOf(name) === undefined);
const newest = Math.max(...readdirSync(source).map((name) => statSync(join(source, name)).mtimeMs));

if (process.platform === "win32") console.log("the operator library is not built on Windows; IsoFLOP runs without it");
else if (existsSync(library) && statSync(library).mtimeMs >= newest) process.exit(0);
else if (spawnSync(compiler, ["--version"]).status !== 0) console.log(`no C++ compiler (${compiler}): the operator library is not built; IsoFLOP runs without it, slower`);
else {
  mkdirSync(target, { recursive: true });
  const run = (args) =>
    new Promise((resolve) => {
      const child = spawn(compiler, args, { stdio: ["ignore", "inherit", "inherit"] });
      child.on("exit", (code) => resolve(code === 0));
    });
  const queue = [...chosen];
  const objects = chosen.map((name) => join(target, name.replace(/\.cc$/, ".o")));
  let well = true;
  const worker = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const flags = SETS[setOf(name)] ?? [];
      well = (await run([...COMMON, ...MATHS, ...SANITIZE, ...flags, "-c", join(source, name), "-o", join(target, name.replace(/\.cc$/, ".o"))])) && well;
    }
  };
  await Promise.all([worker(), worker()]);
  // Linked under another name first: a process that has the old library open must keep it whole.
  const fresh = `${library}.${process.pid}`;
  well = well && (await run(["-shared", ...SANITIZE, "-o", fresh, ...objects, ...(sanitize ? [] : ["-static-libstdc++", "-static-libgcc"])]));
  if (!well) process.exit(1);
  renameSync(fresh, library);
  console.log(`${library.slice(root.length)} ${(statSync(library).size / 1024).toFixed(0)} KiB`);
}
