/** @file Whether the process of a run is still there: not only whether some process has its number. */
import { readFileSync } from "node:fs";
import { hostname, uptime } from "node:os";
import type { RunRecord, RunStatus } from "./schema";

/** The status as it is now. A run of another machine (a shared folder) is believed. */
export function presentStatus({ status, process: owner, started }: Pick<RunRecord, "status" | "process" | "started">): RunStatus {
  if (status !== "running" || owner.host !== hostname()) return status;
  return isAlive(owner.pid, Date.parse(started)) ? "running" : "died";
}

/** Clocks are read one after another, and the process is older than its run. */
const SLACK_MS = 5000;

function isAlive(pid: number, runStarted: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there and belongs to someone else.
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  return (processStart(pid) ?? Date.now() - uptime() * 1000) <= runStarted + SLACK_MS;
}

/** Linux counts in hundredths of a second for all user programs (USER_HZ). */
const TICKS_A_SECOND = 100;
/** Place of `starttime` behind the name in brackets in /proc/<pid>/stat: field 22, see proc(5). */
const START_FIELD = 22 - 3;

/** When the process started, in ms since 1970; undefined where the system does not tell. A number that was given out again starts after the run. */
function processStart(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const ticks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[START_FIELD]);
    const seconds = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
    return Number.isFinite(ticks) ? Date.now() - (seconds - ticks / TICKS_A_SECOND) * 1000 : undefined;
  } catch {
    return undefined;
  }
}
