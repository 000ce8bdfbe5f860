// Builds the operator library with the system's C++ compiler into dist/native/<platform>-<arch>. Without a compiler it says so and
// succeeds: IsoFLOP runs without the library, slower. `--sanitize` builds the checked variant for tests.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildLibrary, COMMON, root, SANITIZE } from "../library.mjs";

const source = dirname(fileURLToPath(import.meta.url));
const sanitize = process.argv.includes("--sanitize");
const target = join(root, "dist/native", `${process.platform}-${process.arch}${sanitize ? "-sanitize" : ""}`);
const compiler = process.env.CXX ?? "g++";

// Products and sums may be fused; NaN and infinity keep their meaning.
const MATHS = ["-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast"];
const SETS = {
  Avx2: ["-mavx2", "-mfma"],
  Avx512: ["-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mavx2", "-mfma", "-mprefer-vector-width=512"],
};

const setOf = (name) => Object.keys(SETS).find((set) => name.endsWith(`${set}.cc`));
const chosen = readdirSync(source).filter((name) => name.endsWith(".cc") && (process.arch === "x64" || setOf(name) === undefined));
const checked = sanitize ? SANITIZE : [];

if (process.platform === "win32") console.log("the operator library is not built on Windows; IsoFLOP runs without it");
else if (spawnSync(compiler, ["--version"]).status !== 0) console.log(`no C++ compiler (${compiler}): the operator library is not built; IsoFLOP runs without it, slower`);
else
  await buildLibrary({
    library: join(target, process.platform === "darwin" ? "libisoflop_ops.dylib" : "libisoflop_ops.so"),
    sources: chosen.map((name) => ({ file: join(source, name), command: [compiler, ...COMMON, ...MATHS, ...checked, ...(SETS[setOf(name)] ?? [])] })),
    link: [compiler, "-shared", ...checked],
    folders: [source],
  });
