/** @file NVIDIA GPUs through their driver's management library, opened only where there is one. */
import { existsSync } from "node:fs";
import { foreign } from "../foreign";

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

interface Functions {
  readonly memory: Call;
  readonly utilization: Call;
  readonly power: Call;
  readonly energy: Call;
}

interface GpuHandle {
  readonly handle: unknown;
  readonly name: string;
}

const SUCCESS = 0;
const NAME_BYTES = 96;
/** A driver that is not loaded cannot be asked; without its device file nothing is opened. */
const PRESENT: Readonly<Partial<Record<NodeJS.Platform, string>>> = { linux: "/dev/nvidiactl", win32: "C:\\Windows\\System32\\nvml.dll" };
const LIBRARY: Readonly<Partial<Record<NodeJS.Platform, string>>> = { linux: "libnvidia-ml.so.1", win32: "nvml.dll" };

/** The driver's management library, opened. */
export class GpuDriver {
  private constructor(
    private readonly devices: readonly GpuHandle[],
    private readonly functions: Functions,
  ) {}

  /** Opens the library `file`; undefined where it does not start. @throws when there is none, or it lacks what is asked of it. */
  static open(file: string): GpuDriver | undefined {
    const library = foreign().load(file);
    const count = new Uint32Array(1);
    if (library.func("int nvmlInit_v2()")() !== SUCCESS || library.func("int nvmlDeviceGetCount_v2(void *count)")(count) !== SUCCESS) return undefined;
    const handleOf: Call = library.func("int nvmlDeviceGetHandleByIndex_v2(uint32_t index, _Out_ void **device)");
    const nameOf: Call = library.func("int nvmlDeviceGetName(void *device, void *name, uint32_t length)");
    const devices = Array.from({ length: count[0] }, (_, index): GpuHandle | undefined => {
      const out: [unknown] = [null];
      const name = Buffer.alloc(NAME_BYTES);
      if (handleOf(index, out) !== SUCCESS || nameOf(out[0], name, name.length) !== SUCCESS) return undefined;
      return { handle: out[0], name: name.toString("utf8").split("\0")[0] };
    });
    return new GpuDriver(
      devices.filter((device) => device !== undefined),
      {
        memory: library.func("int nvmlDeviceGetMemoryInfo(void *device, void *memory)"),
        utilization: library.func("int nvmlDeviceGetUtilizationRates(void *device, void *rates)"),
        power: library.func("int nvmlDeviceGetPowerUsage(void *device, void *milliwatts)"),
        energy: library.func("int nvmlDeviceGetTotalEnergyConsumption(void *device, void *millijoules)"),
      },
    );
  }

  states(): readonly GpuState[] {
    return this.devices.map(({ handle, name }) => {
      const memory = new BigUint64Array(3); // total, free, used
      const rates = new Uint32Array(2); // processor, memory; percent
      const milliwatts = new Uint32Array(1);
      const known = this.functions.memory(handle, memory) === SUCCESS;
      return {
        name,
        totalBytes: known ? Number(memory[0]) : 0,
        usedBytes: known ? Number(memory[2]) : 0,
        ...(this.functions.utilization(handle, rates) === SUCCESS ? { load: rates[0] / 100 } : {}),
        ...(this.functions.power(handle, milliwatts) === SUCCESS ? { watts: milliwatts[0] / 1000 } : {}),
      };
    });
  }

  /** Of all devices that tell, since the driver was loaded; undefined where none does. */
  joules(): number | undefined {
    const values = this.devices.flatMap(({ handle }) => {
      const millijoules = new BigUint64Array(1);
      return this.functions.energy(handle, millijoules) === SUCCESS ? [Number(millijoules[0]) / 1000] : [];
    });
    return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
  }
}

let opened: GpuDriver | null | undefined;

/** Opened once, where the driver is there; one that is broken counts as none. */
function driver(): GpuDriver | undefined {
  if (opened !== undefined) return opened ?? undefined;
  const [present, file] = [PRESENT[process.platform], LIBRARY[process.platform]];
  opened = null;
  if (present === undefined || file === undefined || !existsSync(present)) return undefined;
  try {
    opened = GpuDriver.open(file) ?? null;
  } catch {
    // No library beside the driver.
  }
  return opened ?? undefined;
}

/** The machine's GPUs; none where there is no driver. */
export const gpuStates = (): readonly GpuState[] => driver()?.states() ?? [];

/** Joules of all GPUs since their driver was loaded; undefined where none tells. */
export const gpuJoules = (): number | undefined => driver()?.joules();
