// Builds the execution provider for the simulated device with the system's C++ compiler, and for CUDA with nvcc where it is, into
// dist/native/<platform>-<arch>. A missing compiler is said, and is no failure: IsoFLOP then computes on the other devices.
// `--sanitize` builds the checked variant of the simulated one for tests; `--only simulated|cuda` one of the two;
// ISOFLOP_CUDA_ARCHITECTURES (as in "80 90") builds for fewer GPUs, faster.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildLibrary, COMMON, root, SANITIZE } from "../library.mjs";

const source = dirname(fileURLToPath(import.meta.url));
const ops = join(source, "../ops");
const sanitize = process.argv.includes("--sanitize");
const only = process.argv.includes("--only") ? process.argv[process.argv.indexOf("--only") + 1] : undefined;
const target = join(root, "dist/native", `${process.platform}-${process.arch}${sanitize ? "-sanitize" : ""}`);
const compiler = process.env.CXX ?? "g++";
const nvcc = process.env.NVCC ?? "nvcc";
const checked = sanitize ? SANITIZE : [];
// Exactly as written on both devices: no product and sum in one rounding.
const CPP = [compiler, ...COMMON, "-ffp-contract=off", ...checked];
// The simulated device is for tests: it is built often and runs little.
const SIMULATED = [...CPP, "-O1"];

const within = (folder, ending) => readdirSync(join(source, folder)).flatMap((name) => (name.endsWith(ending) ? [join(source, folder, name)] : []));
const DEVICES = /(Simulated|Cuda|CublasLt|Nvrtc)\.(cc|cu)$/;
const shared = [...within(".", ".cc").filter((file) => !DEVICES.test(file)), ...within("operators", ".cc"), ...["blockRounding.cc", "call.cc", "convolution.cc", "fusedProgram.cc"].map((file) => join(ops, file))];
const kernels = within("kernels", ".cu");
const hasCompiler = spawnSync(compiler, ["--version"]).status === 0;
const folders = [source, ops];

if (process.platform !== "linux") console.log("the execution provider is built on Linux only; IsoFLOP runs without it");
else if (!hasCompiler) console.log(`no C++ compiler (${compiler}): the execution provider is not built`);
else {
  if (only !== "cuda")
    await buildLibrary({
      library: join(target, "libisoflop_simulated.so"),
      sources: [...shared, ...within(".", "Simulated.cc")].map((file) => ({ file, command: SIMULATED })).concat(kernels.map((file) => ({ file, command: [...SIMULATED, "-x", "c++"] }))),
      link: [compiler, "-shared", ...checked],
      folders,
    });
  if (only === "simulated" || sanitize) process.exit(0);
  const version = spawnSync(nvcc, ["--version"], { encoding: "utf8" });
  if (version.status !== 0) console.log(`no ${nvcc}: the CUDA provider is not built; install CUDA 12 or 13 to have it`);
  else {
    // The newest of the architectures also as PTX, for GPUs to come.
    const known = new Set((spawnSync(nvcc, ["--list-gpu-arch"], { encoding: "utf8" }).stdout ?? "").match(/\d+/g));
    const wanted = (process.env.ISOFLOP_CUDA_ARCHITECTURES ?? "80 89 90 100 120").split(" ").filter((architecture) => known.has(architecture));
    const code = wanted.map((architecture) => `-gencode=arch=compute_${architecture},code=sm_${architecture}`).concat(`-gencode=arch=compute_${wanted.at(-1)},code=compute_${wanted.at(-1)}`);
    // 186: templates compare numbers with 0, unsigned ones too.
    const NVCC = [nvcc, "-std=c++17", "-O3", "-diag-suppress", "186", "--expt-relaxed-constexpr", "--extended-lambda", "-Xcompiler", "-fPIC,-fvisibility=hidden", "-ccbin", compiler, ...code];
    await buildLibrary({
      library: join(target, "libisoflop_cuda.so"),
      sources: [...shared, ...within(".", "CublasLt.cc"), ...within(".", "Nvrtc.cc")].map((file) => ({ file, command: CPP })).concat([...kernels, ...within(".", "Cuda.cu")].map((file) => ({ file, command: NVCC }))),
      // The runtime inside: the library then loads where neither driver nor toolkit is, and finds no device.
      link: [nvcc, "-shared", "--cudart", "static", "-ccbin", compiler],
      linkBehind: ["-ldl"],
      folders,
    });
  }
}
