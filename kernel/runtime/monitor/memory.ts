/** @file Memory of the machine as this process may use it: what the system says, within the limit of its container. */
import { readFileSync } from "node:fs";
import { freemem, totalmem } from "node:os";

export interface MemoryState {
  /** What can be had without swapping: caches count as free. */
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Limit and use of the container, version 2 and 1 of cgroups. */
const CGROUPS = [
  { limit: "/sys/fs/cgroup/memory.max", used: "/sys/fs/cgroup/memory.current", stat: "/sys/fs/cgroup/memory.stat" },
  { limit: "/sys/fs/cgroup/memory/memory.limit_in_bytes", used: "/sys/fs/cgroup/memory/memory.usage_in_bytes", stat: "/sys/fs/cgroup/memory/memory.stat" },
] as const;

export function memoryState(): MemoryState {
  const totalBytes = totalmem();
  const freeBytes = availableBytes() ?? freemem();
  const container = containerState();
  if (container === undefined || container.totalBytes >= totalBytes) return { freeBytes, totalBytes };
  return { freeBytes: Math.max(0, Math.min(freeBytes, container.freeBytes)), totalBytes: container.totalBytes };
}

/** Linux counts what caches would give back; elsewhere undefined. */
function availableBytes(): number | undefined {
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(read("/proc/meminfo") ?? "")?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

function containerState(): MemoryState | undefined {
  for (const { limit, used, stat } of CGROUPS) {
    const [total, current] = [Number(read(limit) ?? NaN), Number(read(used) ?? NaN)];
    // "max" is no number: no limit.
    if (!Number.isFinite(total) || !Number.isFinite(current)) continue;
    // Pages of files that nobody uses go first when memory is short.
    const cached = Number(/^(?:total_)?inactive_file (\d+)$/m.exec(read(stat) ?? "")?.[1] ?? 0);
    return { totalBytes: total, freeBytes: total - current + cached };
  }
  return undefined;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}
