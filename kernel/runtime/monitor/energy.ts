/** @file Energy counters of the machine: processor packages through Intel's and AMD's RAPL, GPUs through their driver. */
import { readdirSync, readFileSync } from "node:fs";
import { gpuJoules } from "./gpu";

const RAPL_FOLDER = "/sys/class/powercap";
/** Packages only: their parts ("intel-rapl:0:1") are counted in them. AMD's driver has the same names. */
const PACKAGE = /^intel-rapl:\d+$/;

let counters: readonly string[] | undefined;

/** Files that can be read; mostly none without special rights. */
function findCounters(): readonly string[] {
  try {
    const files = readdirSync(RAPL_FOLDER).filter((name) => PACKAGE.test(name)).map((name) => `${RAPL_FOLDER}/${name}/energy_uj`);
    return files.filter((file) => read(file) !== undefined);
  } catch {
    return [];
  }
}

function read(file: string): number | undefined {
  try {
    const microjoules = Number(readFileSync(file, "utf8"));
    return Number.isFinite(microjoules) ? microjoules : undefined;
  } catch {
    return undefined;
  }
}

/** Joules since some moment in the past, of processors and GPUs together; undefined where nothing tells. Only differences mean something. */
export function energyJoules(): number | undefined {
  counters ??= findCounters();
  const processors = counters.length === 0 ? undefined : counters.reduce((sum, file) => sum + (read(file) ?? NaN), 0) / 1e6;
  const gpus = gpuJoules();
  return processors === undefined && gpus === undefined ? undefined : (processors ?? 0) + (gpus ?? 0);
}
