/** @file The benchmark on a GPU: GPT-2's training step beside torch.compile, with the share of what the GPU can do. */
import { compile, deviceMemory, matmul, ones, synchronize, type Tensor, useDevice } from "../index";
import { describeMachine } from "../runtime/machine";
import { ownArm, startArm, torchOnGpu } from "./arms";
import { ownStep } from "./ownArm";
import { alternate, type Measured } from "./statistics";
import { GPT2, GPU_WORKLOAD } from "./workloads";

export interface GpuReport {
  readonly machine: string;
  readonly executor: string;
  readonly commit: string;
  readonly date: string;
  readonly flops: number;
  readonly parameters: number;
  readonly arms: readonly (Measured & { readonly tokensPerSecond: number })[];
  /** Why others are not measured. */
  readonly missing: readonly string[];
  /** FLOP/s of large products on this GPU, measured. */
  readonly peakFlopsPerSecond: number;
  readonly shareOfPeak: number;
  readonly peakMemoryBytes: number;
}

/** Products are computed in bfloat16 in our arm, as torch's autocast does. */
const ENVIRONMENT = { ISOFLOP_DEVICE: "cuda", ISOFLOP_PRODUCTS: "bfloat16" };
const PEAK_SIZE = 8192;
const PEAK_RUNS = 10;
const TOKENS = GPT2.batch * GPT2.context;

/** Runs the benchmark and prints as it goes. @throws {DeviceError} where there is no GPU. */
export async function gpuBench({ rounds, steps, commit }: { readonly rounds: number; readonly steps: number; readonly commit: string }): Promise<GpuReport> {
  process.env.ISOFLOP_PRODUCTS = ENVIRONMENT.ISOFLOP_PRODUCTS; // read when the provider loads
  const executor = await useDevice("cuda");
  const about = { machine: describeMachine(), executor, commit, date: new Date().toISOString().slice(0, 10) };
  console.log(`${about.machine}\n${executor}, commit ${commit}, ${about.date}`);
  const peakFlopsPerSecond = await productPeak();
  const torch = torchOnGpu(GPT2);
  const arms = [];
  let measured: readonly Measured[];
  try {
    for (const command of [ownArm(GPU_WORKLOAD, ENVIRONMENT), ...(typeof torch === "string" ? [] : [torch])]) arms.push(await startArm(command));
    measured = await alternate(arms, { rounds, steps });
  } finally {
    for (const arm of arms) arm.close();
  }
  const own = ownStep(GPT2);
  for (let i = 0; i < 3; i++) await own.step();
  const { flops, parameters } = own.cost();
  const report: GpuReport = {
    ...about,
    flops,
    parameters,
    arms: measured.map((arm) => ({ ...arm, tokensPerSecond: (1000 * TOKENS) / arm.ms })),
    missing: typeof torch === "string" ? [torch] : [],
    peakFlopsPerSecond,
    shareOfPeak: flops / (measured[0].ms / 1000) / peakFlopsPerSecond,
    peakMemoryBytes: deviceMemory()?.peakBytes ?? 0,
  };
  print(report);
  return report;
}

/** FLOP/s of products of large matrices, in the precision of the benchmark. */
async function productPeak(): Promise<number> {
  const multiply = compile((a: Tensor, b: Tensor) => matmul(a, b));
  const square = compile(() => ones([PEAK_SIZE, PEAK_SIZE]).mul(0.5));
  const [a, b] = [await square(), await square()];
  for (let i = 0; i < 3; i++) await multiply(a, b);
  await synchronize();
  const start = performance.now();
  for (let i = 0; i < PEAK_RUNS; i++) await multiply(a, b);
  await synchronize();
  return (2 * PEAK_SIZE ** 3 * PEAK_RUNS) / ((performance.now() - start) / 1000);
}

function print({ parameters, flops, arms, missing, peakFlopsPerSecond, shareOfPeak, peakMemoryBytes }: GpuReport): void {
  console.log(`${GPU_WORKLOAD}   ${(parameters / 1e6).toFixed(0)} M parameters, ${(flops / 1e12).toFixed(2)} TFLOP a step of ${TOKENS} tokens`);
  for (const { label, ms, tokensPerSecond } of arms) console.log(`  ${label.padEnd(16)} ${ms.toFixed(1).padStart(9)} ms median  ${Math.round(tokensPerSecond).toLocaleString("en").padStart(10)} tokens/s`);
  console.log(`  ${(100 * shareOfPeak).toFixed(0)}% of the GPU's product peak (${(peakFlopsPerSecond / 1e12).toFixed(0)} TFLOP/s in bfloat16, ${PEAK_SIZE}³); peak memory ${(peakMemoryBytes / 2 ** 30).toFixed(1)} GiB`);
  for (const reason of missing) console.log(`  not measured: ${reason}`);
}
