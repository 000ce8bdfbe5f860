/** @file What `isoflop doctor` looks at where there may be an NVIDIA GPU: its driver, CUDA's libraries with their versions, our provider. */
import { readFileSync } from "node:fs";
import koffi from "koffi";
import { devices } from "../runtime/devices";
import { otherProvider, providerPath } from "../runtime/native/device/deviceLibrary";
import type { Check } from "./doctorChecks";

type Library = ReturnType<typeof koffi.load>;

interface NvidiaPart {
  readonly name: string;
  /** Names by which the loader finds it, the newest version first. */
  readonly linux: readonly string[];
  readonly windows: readonly string[];
  readonly help: string;
  /** As the library tells it: "13.0". */
  readonly version: (library: Library) => string | undefined;
}

/** A version that a function writes as 1000 major + 10 minor, as CUDA does. */
const cudaVersion =
  (name: string): NvidiaPart["version"] =>
  (library) => {
    const out = new Int32Array(1);
    if (library.func(`int ${name}(_Out_ int *version)`)(out) !== 0 || out[0] === 0) return undefined;
    return `${Math.floor(out[0] / 1000)}.${Math.floor((out[0] % 1000) / 10)}`;
  };

/** A version that a function returns in one number: 90100 is 9.1.0; before `short`, 8907 is 8.9.7. */
const numberedVersion =
  (name: string, short = 0): NvidiaPart["version"] =>
  (library) => {
    const version = Number(library.func(`size_t ${name}()`)());
    const step = version < short ? 1000 : 10_000;
    return [Math.floor(version / step), Math.floor((version % step) / 100), version % 100].join(".");
  };

const nvrtcVersion: NvidiaPart["version"] = (library) => {
  const [major, minor] = [new Int32Array(1), new Int32Array(1)];
  return library.func("int nvrtcVersion(_Out_ int *major, _Out_ int *minor)")(major, minor) === 0 ? `${major[0]}.${minor[0]}` : undefined;
};

const none: NvidiaPart["version"] = () => undefined;

/** CUDA's runtime libraries for the versions that there are: 13, 12. */
const NVIDIA: readonly NvidiaPart[] = [
  { name: "NVIDIA driver", linux: ["libcuda.so.1"], windows: ["nvcuda.dll"], help: "install the NVIDIA driver, where there is an NVIDIA GPU", version: cudaVersion("cuDriverGetVersion") },
  { name: "NVML", linux: ["libnvidia-ml.so.1"], windows: ["nvml.dll"], help: "comes with the NVIDIA driver; without it load, memory and energy of the GPU are not shown", version: none },
  { name: "CUDA runtime", linux: ["libcudart.so.13", "libcudart.so.12"], windows: ["cudart64_13.dll", "cudart64_12.dll"], help: "install CUDA 12 or 13 runtime libraries (cuda-cudart)", version: cudaVersion("cudaRuntimeGetVersion") },
  { name: "cuBLASLt", linux: ["libcublasLt.so.13", "libcublasLt.so.12"], windows: ["cublasLt64_13.dll", "cublasLt64_12.dll"], help: "install libcublas of CUDA 12 or 13; without it products of matrices are slow", version: numberedVersion("cublasLtGetVersion") },
  { name: "NVRTC", linux: ["libnvrtc.so.13", "libnvrtc.so.12"], windows: ["nvrtc64_130_0.dll", "nvrtc64_120_0.dll"], help: "install cuda-nvrtc of CUDA 12 or 13; without it fused programs are interpreted, which is slow", version: nvrtcVersion },
  { name: "cuDNN", linux: ["libcudnn.so.9", "libcudnn.so.8"], windows: ["cudnn64_9.dll", "cudnn64_8.dll"], help: "not needed: convolutions have kernels of our own", version: numberedVersion("cudnnGetVersion", 10_000) },
];

/** One line for each part; where there is no driver the rest has nothing to do, and what is missing of it is left out. */
export function* nvidia(): Generator<Check> {
  if (process.platform !== "linux" && process.platform !== "win32") {
    yield { name: NVIDIA[0].name, state: "absent", detail: `there is none for ${process.platform}` };
    return;
  }
  let driver = true;
  for (const part of NVIDIA) {
    const files = process.platform === "win32" ? part.windows : part.linux;
    const found = firstThatLoads(files, part.version);
    if (found !== undefined) yield { name: part.name, state: "ok", detail: found };
    else if (driver) yield { name: part.name, state: "absent", detail: `${files.join(" or ")} does not load`, help: part.help };
    if (part === NVIDIA[0]) driver = found !== undefined;
  }
}

/** Our own provider, which opens the driver: what it says is what programs will find. */
export async function cuda(): Promise<Check> {
  const name = "CUDA provider";
  const device = (await devices()).find((one) => one.name === "cuda");
  if (device === undefined) return { name, state: "problem", detail: "not known", help: "reinstall IsoFLOP" };
  const path = providerPath("cuda");
  const other = otherProvider("cuda");
  const where = `${path === undefined ? "" : `\n${path}`}${other === undefined ? "" : `\ncomputed by ${other} (ISOFLOP_CUDA_PROVIDER)`}`;
  if (!device.available) return { name, state: "absent", detail: `${device.reason}${where}`, help: device.help };
  return { name, state: "ok", detail: `${device.description}${where}`, ...(device.lacking === undefined ? {} : { help: device.lacking }) };
}

/** The first of these libraries that loads: its version, where it tells one, and the path that the loader took it from where the system tells (Linux). */
function firstThatLoads(files: readonly string[], version: NvidiaPart["version"]): string | undefined {
  for (const file of files) {
    try {
      const library = koffi.load(file);
      const place = mappedPath(file) ?? file;
      const told = versionOf(library, version);
      library.unload();
      return told === undefined ? place : `${told}\n${place}`;
    } catch {
      continue; // the next version may be there
    }
  }
  return undefined;
}

/** Undefined where the library lacks the function that tells, or it fails. */
function versionOf(library: Library, version: NvidiaPart["version"]): string | undefined {
  try {
    return version(library);
  } catch {
    return undefined;
  }
}

/** Where a loaded library lies; links are followed, so that its name tells the version. */
function mappedPath(file: string): string | undefined {
  if (process.platform !== "linux") return undefined;
  const stem = file.slice(0, file.indexOf(".so"));
  const paths = readFileSync("/proc/self/maps", "utf8").split("\n").map((line) => line.slice(line.indexOf("/")));
  return paths.find((path) => path.slice(path.lastIndexOf("/") + 1).startsWith(`${stem}.so`));
}
