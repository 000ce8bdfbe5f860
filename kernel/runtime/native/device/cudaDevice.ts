/** @file The NVIDIA GPU as a device that programs can run on, or why there is none and what to do. */
import { DeviceError } from "../../../errors";
import { DeviceLibrary, providerPath, type WholeMemory } from "./deviceLibrary";

export interface CudaDevice {
  readonly description: string;
  readonly available: boolean;
  readonly reason?: string;
  readonly help?: string;
  /** Absent where there is no device. */
  readonly memory?: WholeMemory;
  /** What is there but works with less: libraries that were not found. */
  readonly lacking?: string;
}

const GENERAL = "CUDA on an NVIDIA GPU";
/** What to install, by the library's name in what the provider says is lacking. */
const INSTALL: Readonly<Record<string, string>> = {
  libcublasLt: "install libcublas of CUDA 12 or 13 (Debian and Ubuntu: libcublas-13-0; pip: nvidia-cublas)",
  libnvrtc: "install cuda-nvrtc of CUDA 12 or 13 (Debian and Ubuntu: cuda-nvrtc-13-0; pip: nvidia-cuda-nvrtc)",
};

/** What is lacking, with what to do about it. */
export const withHelp = (lacking: string): string => [lacking, ...Object.entries(INSTALL).flatMap(([library, help]) => (lacking.includes(library) ? [help] : []))].join("; ");

/** Looks for the GPU. Never throws. */
export function cudaDevice(): CudaDevice {
  const missing = (reason: string, help: string): CudaDevice => ({ description: GENERAL, available: false, reason, help });
  if (process.platform !== "linux") return missing(`our CUDA provider is built for Linux, not for ${process.platform}`, "use webgpu here, or Linux (WSL on Windows)");
  if (providerPath("cuda") === undefined) return missing("this installation has no CUDA provider", "with CUDA 12 or 13 and its nvcc, run `npm run build:cuda`");
  try {
    const library = DeviceLibrary.get("cuda");
    const { device, problem, lacking } = library.description;
    if (problem !== undefined) return missing(problem, helpFor(problem));
    return { description: device, available: true, memory: library.memory(), ...(lacking === undefined ? {} : { lacking: withHelp(lacking) }) };
  } catch (error) {
    return error instanceof DeviceError ? missing(error.message.split("\n")[0], error.help) : missing(String(error), "build it again with `npm run build:cuda`");
  }
}

/** What to do about a problem, by CUDA's own words for it. */
export function helpFor(problem: string): string {
  if (/insufficient/.test(problem)) return "update the NVIDIA driver: CUDA 13 needs 580 or newer, CUDA 12 needs 525 or newer";
  if (/no CUDA-capable device/.test(problem)) return "the driver sees no GPU: check `nvidia-smi`, and in a container that the GPU is passed to it (docker run --gpus all)";
  if (/compute capability/.test(problem)) return "the provider needs an NVIDIA GPU of the Ampere generation (compute capability 8.0) or newer; use webgpu on this one";
  return "install the NVIDIA driver where there is an NVIDIA GPU, then start again";
}
