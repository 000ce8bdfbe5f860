/** @file NVIDIA GPUs through their driver's management library, opened only where there is one. */
import { existsSync } from "node:fs";
import { foreign } from "../native/ortApi";

/** A GPU as it is now. */
export interface GpuState {
  readonly name: string;
  readonly usedBytes: number;
  readonly totalBytes: number;
  /** 0…1; absent where the driver does not tell. */
  readonly load?: number;
  readonly watts?: number;
}

type Call = (...args: readonly unknown[]) => number;

interface Driver {
  readonly devices: readonly { readonly handle: unknown; readonly name: string }[];
  readonly memory: Call;
  readonly utilization: Call;
  readonly power: Call;
  readonly energy: Call;
}

const SUCCESS = 0;
const NAME_BYTES = 96;
/** A driver that is not loaded cannot be asked; without its device file nothing is opened. */
const PRESENT: Readonly<Partial<Record<NodeJS.Platform, string>>> = { linux: "/dev/nvidiactl", win32: "C:\\Windows\\System32\\nvml.dll" };
const LIBRARY: Readonly<Partial<Record<NodeJS.Platform, string>>> = { linux: "libnvidia-ml.so.1", win32: "nvml.dll" };

let opened: Driver | null | undefined;

function driver(): Driver | undefined {
  if (opened === undefined) {
    try {
      opened = open() ?? null;
    } catch {
      opened = null;
    }
  }
  return opened ?? undefined;
}

function open(): Driver | undefined {
  const [present, file] = [PRESENT[process.platform], LIBRARY[process.platform]];
  if (present === undefined || file === undefined || !existsSync(present)) return undefined;
  const library = foreign().load(file);
  if (library.func("int nvmlInit_v2()")() !== SUCCESS) return undefined;
  const count = new Uint32Array(1);
  if (library.func("int nvmlDeviceGetCount_v2(void *count)")(count) !== SUCCESS) return undefined;
  const handleOf: Call = library.func("int nvmlDeviceGetHandleByIndex_v2(uint32_t index, _Out_ void **device)");
  const nameOf: Call = library.func("int nvmlDeviceGetName(void *device, void *name, uint32_t length)");
  const devices = Array.from({ length: count[0] }, (_, index) => {
    const out: [unknown] = [null];
    const name = Buffer.alloc(NAME_BYTES);
    if (handleOf(index, out) !== SUCCESS || nameOf(out[0], name, name.length) !== SUCCESS) return undefined;
    return { handle: out[0], name: name.toString("utf8").split("\0")[0] };
  }).filter((device) => device !== undefined);
  return {
    devices,
    memory: library.func("int nvmlDeviceGetMemoryInfo(void *device, void *memory)"),
    utilization: library.func("int nvmlDeviceGetUtilizationRates(void *device, void *rates)"),
    power: library.func("int nvmlDeviceGetPowerUsage(void *device, void *milliwatts)"),
    energy: library.func("int nvmlDeviceGetTotalEnergyConsumption(void *device, void *millijoules)"),
  };
}

/** The machine's GPUs; none where there is no driver. */
export function gpuStates(): readonly GpuState[] {
  const found = driver();
  if (found === undefined) return [];
  return found.devices.map(({ handle, name }): GpuState => {
    const memory = new BigUint64Array(3); // total, free, used
    const rates = new Uint32Array(2); // processor, memory; percent
    const milliwatts = new Uint32Array(1);
    const known = found.memory(handle, memory) === SUCCESS;
    return {
      name,
      totalBytes: known ? Number(memory[0]) : 0,
      usedBytes: known ? Number(memory[2]) : 0,
      ...(found.utilization(handle, rates) === SUCCESS ? { load: rates[0] / 100 } : {}),
      ...(found.power(handle, milliwatts) === SUCCESS ? { watts: milliwatts[0] / 1000 } : {}),
    };
  });
}

/** Joules of all GPUs since their driver was loaded; undefined where none tells. */
export function gpuJoules(): number | undefined {
  const found = driver();
  if (found === undefined) return undefined;
  const values = found.devices.flatMap(({ handle }) => {
    const millijoules = new BigUint64Array(1);
    return found.energy(handle, millijoules) === SUCCESS ? [Number(millijoules[0]) / 1000] : [];
  });
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}
