/** @file The processes that are measured against each other: ours, torch as fast as it gets on a CPU, and JavaScript peers. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { DeviceError } from "../errors";
import type { Arm } from "./statistics";
import { type GPU_WORKLOAD, type GptWorkload, type WorkloadName, WORKLOADS } from "./workloads";

export interface ArmCommand {
  readonly label: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** At most so many steps a turn: for peers that are ten times slower. */
  readonly maxSteps?: number;
}

/** Starts an arm's process and waits until it is ready. @throws {DeviceError} with what it printed when it fails. */
export async function startArm({ label, command, env = {}, maxSteps = Infinity }: ArmCommand): Promise<Arm> {
  const child = spawn(command[0], command.slice(1), { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2000)));
  child.on("error", (error) => (errors += error.message));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new DeviceError(`benchmark arm "${label}" ended`, { where: command.join(" "), help: errors.trim().split("\n").at(-1) || "run the command by hand to see why" });
    return value;
  };
  // "ready", and with how many parameters.
  let said = await next();
  while (!said.startsWith("ready")) said = await next();
  const [, parameters] = said.split(" ");
  return {
    label,
    parameters: parameters === undefined ? undefined : Number(parameters),
    measure: async (steps) => {
      child.stdin.write(`${Math.min(steps, maxSteps)}\n`);
      const times: unknown = JSON.parse(await next());
      if (!Array.isArray(times)) throw new DeviceError(`benchmark arm "${label}" answered ${JSON.stringify(times)}`, { help: "an arm answers with the milliseconds of each step" });
      return times.map(Number);
    },
    close: () => void child.kill(),
  };
}

/** This program, asked to serve as an arm. */
export const ownArm = (name: WorkloadName | typeof GPU_WORKLOAD, env?: ArmCommand["env"]): ArmCommand => ({ label: "isoflop", command: [process.execPath, process.argv[1], "bench", "--arm", name], env });

/** torch.compile on the GPU, where torch with CUDA is installed; else why it is not measured. */
export function torchOnGpu(workload: GptWorkload): ArmCommand | string {
  const python = process.env.ISOFLOP_PYTHON ?? "python3";
  if (spawnSync(python, ["-c", "import torch; assert torch.cuda.is_available()"]).status !== 0) return `torch with CUDA (pip install torch; ISOFLOP_PYTHON names another Python than ${python})`;
  return { label: "torch.compile", command: [python, peer("torchGpu.py"), JSON.stringify(workload)] };
}

const peer = (file: string): string => fileURLToPath(new URL(import.meta.url.includes("/dist/") ? `../kernel/bench/peers/${file}` : `peers/${file}`, import.meta.url));
/**
 * What makes torch fastest here, found by trying. Freed memory is kept: by itself glibc gives activations back to the system, and their
 * pages come anew in every step, which takes up to half the time. Threads that wait spin for a moment, as those of onnxruntime do; without end
 * they would take the processor from the other arms.
 */
const TORCH_ENVIRONMENT = { MALLOC_MMAP_THRESHOLD_: String(2 ** 30), MALLOC_TRIM_THRESHOLD_: String(2 ** 32), MALLOC_TOP_PAD_: String(2 ** 26), GOMP_SPINCOUNT: "1000000" } as const;
const OPENBLAS_FOLDER = "/usr/lib/x86_64-linux-gnu/openblas-openmp";

export interface Peers {
  readonly found: readonly ArmCommand[];
  /** Why others are not measured. */
  readonly missing: readonly string[];
}

/** Peers installed on this machine that can run a workload. */
export function peersFor(name: WorkloadName, { threads }: { readonly threads: number }): Peers {
  const found: ArmCommand[] = [];
  const missing: string[] = [];
  const config = JSON.stringify(WORKLOADS[name]);
  const python = "/usr/bin/python3";
  if (!existsSync(python) || spawnSync(python, ["-c", "import torch"]).status !== 0) missing.push("torch (Debian: apt install python3-torch libopenblas0-openmp)");
  else {
    const tuned = existsSync(OPENBLAS_FOLDER);
    if (!tuned) missing.push("torch with OpenMP OpenBLAS (Debian: apt install libopenblas0-openmp); measured as installed instead");
    const env = { ...TORCH_ENVIRONMENT, OMP_NUM_THREADS: String(threads), ...(tuned ? { LD_LIBRARY_PATH: OPENBLAS_FOLDER, OPENBLAS_CORETYPE: "SkylakeX" } : {}) };
    found.push({ label: tuned ? "torch (tuned)" : "torch", command: [python, peer("torchStep.py"), config], env });
  }
  if (WORKLOADS[name].kind !== "gpt") return { found, missing };
  if (!canImport("@jax-js/jax")) missing.push("jax-js (npm install @jax-js/jax)");
  else found.push({ label: "jax-js (wasm)", command: [process.execPath, peer("jaxStep.mjs"), config], maxSteps: 1 });
  return { found, missing };
}

function canImport(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}
