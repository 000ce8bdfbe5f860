/** @file The state of machine and kernel, once a second, from the protocol's thread: also while a cell holds the other one. */
import type { KernelInfo, KernelStatus } from "../protocol/jupyter";
import { deviceMemoryOf } from "../runtime/native/device/deviceLibrary";
import { gpuStates } from "../runtime/monitor/gpu";
import { memoryState } from "../runtime/monitor/memory";
import { MemoryGuard } from "./memoryGuard";

export interface StatusMonitorOptions {
  /** FLOPs so far, in shared memory. */
  readonly work: Float64Array;
  readonly warningShare: number;
  readonly info: () => Pick<KernelInfo, "executor" | "device">;
  /** Whether anyone looks. Memory is watched all the same. */
  readonly wanted: () => boolean;
  readonly send: (status: KernelStatus) => void;
  /** Memory has become short. */
  readonly onWarning: (warning: string) => void;
}

const INTERVAL_MS = 1000;
const MICROSECONDS = 1e6;

export class StatusMonitor {
  private readonly guard: MemoryGuard;
  private readonly timer: NodeJS.Timeout;
  private cpu = process.cpuUsage();
  private flops: number;
  private at = performance.now();

  constructor(private readonly options: StatusMonitorOptions) {
    this.guard = new MemoryGuard(options.warningShare);
    this.flops = options.work[0];
    this.timer = setInterval(() => this.tick(), INTERVAL_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private tick(): void {
    const { options } = this;
    const memory = memoryState();
    const rssBytes = process.memoryUsage.rss();
    const warning = this.guard.look(memory, rssBytes);
    if (warning?.first === true) options.onWarning(warning.warning);
    const rates = this.rates();
    if (!options.wanted()) return;
    const info = options.info();
    const deviceMemory = deviceMemoryOf(info.device);
    options.send({ ...info, ...memory, ...rates, rssBytes, gpus: gpuStates(), ...(deviceMemory === undefined ? {} : { deviceMemory }), ...(warning === undefined ? {} : { warning: warning.warning }) });
  }

  /** Since the last call. */
  private rates(): Pick<KernelStatus, "cpuLoad" | "flopsPerSecond"> {
    const [cpu, at, flops] = [process.cpuUsage(), performance.now(), this.options.work[0]];
    const seconds = Math.max(1e-3, (at - this.at) / 1000);
    const rates = { cpuLoad: (cpu.user + cpu.system - this.cpu.user - this.cpu.system) / MICROSECONDS / seconds, flopsPerSecond: Math.max(0, flops - this.flops) / seconds };
    [this.cpu, this.at, this.flops] = [cpu, at, flops];
    return rates;
  }
}
