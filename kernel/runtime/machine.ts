/** @file What this machine has to compute with. */
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";

/**
 * Cores that compute at full speed side by side: hardware threads of one core count once. One thread more than that
 * makes a training step 1.6 times slower. The environment variable ISOFLOP_THREADS, where it is a positive number, is a limit.
 */
export function physicalCores(): number {
  const wish = Number(process.env.ISOFLOP_THREADS ?? 0);
  const allowed = Math.min(availableParallelism(), wish >= 1 ? Math.floor(wish) : Infinity);
  try {
    const cores = new Set<string>();
    for (const entry of readdirSync("/sys/devices/system/cpu")) {
      if (!/^cpu\d+$/.test(entry)) continue;
      cores.add(readFileSync(`/sys/devices/system/cpu/${entry}/topology/thread_siblings_list`, "utf8").trim());
    }
    return cores.size === 0 ? allowed : Math.min(allowed, cores.size);
  } catch {
    return allowed; // not Linux: no topology to read
  }
}

/** One line for records: processor, cores and memory. */
export function describeMachine(): string {
  const model = cpus()[0]?.model.replace(/\s+/g, " ").trim() ?? "unknown processor";
  return `${model}, ${physicalCores()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`;
}
