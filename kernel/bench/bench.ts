/** @file The benchmark report: our training steps against every peer on this machine, as ratios. */
import { describeMachine, physicalCores } from "../runtime/machine";
import { executor } from "../runtime/session";
import { ownArm, peersFor, startArm } from "./arms";
import { kernelTimes, type KernelTimes } from "./kernelTimes";
import { languageTimes, type LanguageTimes, printLanguage } from "./languageTimes";
import { type CompileTime, compileTime, interruptLatency, productPeak, runOverhead, startTime } from "./micro";
import { ownStep } from "./ownArm";
import { alternate, type Measured } from "./statistics";
import { type WorkloadName, WORKLOADS } from "./workloads";

export interface BenchOptions {
  readonly workloads: readonly WorkloadName[];
  readonly rounds: number;
  /** Steps a turn. */
  readonly steps: number;
  /** Also overhead, compile and start times, and those of a kernel and of the language service. */
  readonly micro: boolean;
  readonly commit: string;
}

/** What a run of the benchmark measured: printed, and written with `--json`. */
export interface BenchReport {
  readonly machine: string;
  readonly executor: string;
  readonly node: string;
  readonly commit: string;
  readonly peakGflops: number;
  readonly steps: readonly StepReport[];
  readonly micro?: MicroReport;
  readonly kernel?: KernelTimes;
  readonly language?: LanguageTimes;
}

export interface StepReport {
  readonly workload: WorkloadName;
  readonly flops: number;
  readonly parameters: number;
  readonly arms: readonly Measured[];
  readonly missing: readonly string[];
  /** Share of the machine's product peak that our step reaches. */
  readonly shareOfPeak: number;
}

const GIGA = 1e9;

/** Runs the benchmark and prints as it goes. */
export async function bench({ workloads, rounds, steps, micro, commit }: BenchOptions): Promise<BenchReport> {
  const threads = physicalCores();
  const peakGflops = await productPeak();
  const about = { machine: describeMachine(), executor: (await executor()).description, node: process.version, commit };
  console.log(`${about.machine}\n${about.executor}, Node ${about.node}, commit ${commit}\nproduct peak ${peakGflops.toFixed(0)} GFLOP/s (512³ and 1024³, float32)\n`);
  const reports: StepReport[] = [];
  for (const workload of workloads) {
    const report = await benchStep(workload, { rounds, steps, threads, peakGflops });
    reports.push(report);
    printStep(report);
  }
  const extra = micro ? await microReport() : undefined;
  if (extra !== undefined) printMicro(extra);
  const kernel = micro ? await kernelTimes() : undefined;
  if (kernel !== undefined) console.log(`kernel: a cell of 1+1 takes ${kernel.roundTripMs.toFixed(1)} ms (median), from the start of the process to the first result ${kernel.startMs.toFixed(0)} ms`);
  const language = micro ? languageTimes() : undefined;
  if (language !== undefined) printLanguage(language);
  return { ...about, peakGflops, steps: reports, micro: extra, kernel, language };
}

async function benchStep(workload: WorkloadName, { rounds, steps, threads, peakGflops }: { readonly rounds: number; readonly steps: number; readonly threads: number; readonly peakGflops: number }): Promise<StepReport> {
  const { found, missing } = peersFor(workload, { threads });
  const arms = [];
  try {
    for (const command of [ownArm(workload), ...found]) arms.push(await startArm(command));
    const { flops, parameters } = ownStep(WORKLOADS[workload]).cost();
    for (const arm of arms) if (arm.parameters !== undefined && arm.parameters !== parameters) throw new Error(`${workload}: ${arm.label} has ${arm.parameters} parameters, isoflop ${parameters}`);
    const measured = await alternate(arms, { rounds, steps });
    return { workload, flops, parameters, arms: measured, missing, shareOfPeak: flops / GIGA / (measured[0].ms / 1000) / peakGflops };
  } finally {
    for (const arm of arms) arm.close();
  }
}

function printStep({ workload, flops, parameters, arms, missing, shareOfPeak }: StepReport): void {
  console.log(`${workload}   ${(parameters / 1e6).toFixed(2)} M parameters, ${(flops / GIGA).toFixed(1)} GFLOP a step`);
  const [own] = arms;
  for (const { label, ms, best, samples } of arms) {
    const ratio = label === own.label ? `${(100 * shareOfPeak).toFixed(0)}% of product peak` : `isoflop is ${(ms / own.ms).toFixed(2)}× as fast`;
    console.log(`  ${label.padEnd(16)} ${ms.toFixed(1).padStart(9)} ms median  ${best.toFixed(1).padStart(9)} best  (${String(samples).padStart(3)} steps)  ${ratio}`);
  }
  for (const reason of missing) console.log(`  not measured: ${reason}`);
  console.log("");
}

const DEPTHS = [50, 250, 1000] as const;

interface MicroReport {
  /** Of a run, by the number of tensors in and out. */
  readonly overheadMicroseconds: Readonly<Record<string, number>>;
  readonly compile: readonly CompileTime[];
  /** From an interrupt within an operator of ours to the failure of the run. */
  readonly interruptMs: number;
  readonly startMs: number;
}

async function microReport(): Promise<MicroReport> {
  const compile = [];
  for (const depth of DEPTHS) compile.push(await compileTime(depth));
  return { overheadMicroseconds: { "1": await runOverhead(1), "100": await runOverhead(100) }, compile, interruptMs: await interruptLatency(), startMs: await startTime() };
}

function printMicro({ overheadMicroseconds, compile, interruptMs, startMs }: MicroReport): void {
  for (const [tensors, us] of Object.entries(overheadMicroseconds)) console.log(`run overhead, ${tensors.padStart(3)} tensors in and out   ${us.toFixed(0)} µs`);
  for (const { nodes, emitted, trace, emit, total } of compile) console.log(`compile ${String(nodes).padStart(5)} nodes (${emitted} when lowered)   ${total.toFixed(0)} ms to the first result (trace and lower ${trace.toFixed(0)}, write ${emit.toFixed(0)})`);
  console.log(`interrupt within attention   ${interruptMs.toFixed(1)} ms until the run has failed (median)`);
  console.log(`start of a process to its first tensor   ${startMs.toFixed(0)} ms`);
}
