/** @file Our execution provider for devices (native/provider): found, described, and registered with onnxruntime. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DeviceError } from "../../../errors";
import { Runtime } from "../runtime";
import type { MoreOperators } from "../operatorLibrary";
import { foreign } from "../../foreign";
import type { Pointer } from "../ortApi";

/** A GPU by CUDA, or host memory that stands for a device's: the same provider runs on it, slowly, so that it can be tested anywhere. */
export type ProviderName = "cuda" | "simulated";

/** Counts since the process began. */
export interface DeviceStatistics {
  readonly bytesInUse: number;
  readonly peakBytes: number;
  readonly bytesReserved: number;
  readonly allocations: number;
  /** Times that the device was asked for memory, instead of the pool. */
  readonly deviceAllocations: number;
  readonly copiesToDevice: number;
  readonly bytesToDevice: number;
  readonly copiesToHost: number;
  readonly bytesToHost: number;
  readonly copiesOnDevice: number;
  readonly kernels: number;
  readonly recordings: number;
  readonly replays: number;
  /** Of these, what programs have for constants and intermediate values; the rest are buffers of tensors. */
  readonly programBytesInUse: number;
  readonly programPeakBytes: number;
  readonly programAllocations: number;
  readonly programExtensions: number;
}

/** What a library says of its device. */
export interface DeviceDescription {
  /** "NVIDIA H200, 139 GiB"; empty where there is none. */
  readonly device: string;
  /** Why there is no device; absent where there is one. */
  readonly problem?: string;
  /** What was not found beside it, and what that costs; absent where all is there. */
  readonly lacking?: string;
}

/** Memory of a device, whoever uses it. */
export interface WholeMemory {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

const buildOf = (name: ProviderName): string => `npm run build:${name}`;

/** Where a library may lie: beside the bundle, or in the repository's dist when run from its sources; ISOFLOP_CUDA and ISOFLOP_SIMULATED name another. */
export function providerPath(name: ProviderName): string | undefined {
  const wish = process.env[`ISOFLOP_${name.toUpperCase()}`];
  if (wish !== undefined) return wish;
  const folder = `native/${process.platform}-${process.arch}`;
  const here = dirname(fileURLToPath(import.meta.url));
  const file = `libisoflop_${name}.so`;
  return [join(here, folder, file), join(here, "../../../../dist", folder, file)].find((path) => existsSync(path));
}

/**
 * The library of another execution provider for the same device, which then computes with our operators: ISOFLOP_CUDA_PROVIDER names it, as
 * Microsoft's libonnxruntime_providers_cuda_plugin.so.
 */
export const otherProvider = (name: ProviderName): string | undefined => process.env[`ISOFLOP_${name.toUpperCase()}_PROVIDER`];

type Library = ReturnType<ReturnType<typeof foreign>["load"]>;

/** Device memory keeps its allocator's kind 0. */
const DEVICE_MEMORY = 0;

/** A provider's library, one of each name for each process. */
export class DeviceLibrary {
  private static readonly loaded = new Map<ProviderName, DeviceLibrary>();

  /** @throws {DeviceError} where it was not built or does not load. */
  static get(name: ProviderName): DeviceLibrary {
    const known = DeviceLibrary.loaded.get(name) ?? new DeviceLibrary(name);
    DeviceLibrary.loaded.set(name, known);
    return known;
  }

  readonly description: DeviceDescription;
  /** Held: a collected library is unmapped under its functions. */
  private readonly library: Library;
  private readonly path: string;
  private readonly providerName: string;
  private readonly other: string | undefined;
  private readonly statisticsNames: readonly string[];
  private readonly readStatistics: (out: BigInt64Array) => void;
  private readonly waitForDevice: { readonly async: (done: (error: unknown, failure: string | null) => void) => void };
  private readonly resetPeak: () => void;
  private readonly readMemory: (out: BigInt64Array) => void;
  /** What is asked of our library for another provider. */
  private withOther: { readonly operators: (base: Pointer, provider: string, out: [Pointer | null]) => number | bigint; readonly fault: () => string | null } | undefined;
  private attached: { readonly provider: string; readonly device: Pointer; readonly allocator: Pointer } | undefined;

  private constructor(readonly name: ProviderName) {
    const path = providerPath(name);
    if (path === undefined)
      throw new DeviceError(`the execution provider "${name}" is not part of this installation`, {
        help: `build it with ${buildOf(name)} where ${name === "cuda" ? "CUDA 12 or 13 with nvcc" : "a C++ compiler"} is installed`,
      });
    try {
      this.library = foreign().load(path);
    } catch (error) {
      throw new DeviceError(`the execution provider "${name}" does not load: ${error instanceof Error ? error.message : String(error)}`, { where: path, help: `build it again with ${buildOf(name)}` });
    }
    this.path = path;
    const [provider, device, problem, lacking] = String(this.library.func("str IsoflopDeviceDescribe()")()).split("\n");
    this.providerName = provider;
    this.description = { device, ...(problem === "" ? {} : { problem }), ...(lacking === "" ? {} : { lacking }) };
    this.statisticsNames = String(this.library.func("str IsoflopStatisticsNames()")()).trim().split(" ");
    this.readStatistics = this.library.func("void IsoflopStatistics(void *out)");
    this.waitForDevice = this.library.func("str IsoflopSynchronize()");
    this.resetPeak = this.library.func("void IsoflopResetPeak()");
    this.readMemory = this.library.func("void IsoflopDeviceMemory(void *out)");
    this.other = otherProvider(name);
    if (this.other !== undefined && !existsSync(this.other)) throw new DeviceError("there is no such execution provider", { where: `ISOFLOP_${name.toUpperCase()}_PROVIDER=${this.other}`, help: "name the provider's library, or unset the variable to use IsoFLOP's own" });
  }

  memory(): WholeMemory {
    const found = new BigInt64Array(2);
    this.readMemory(found);
    return { freeBytes: Number(found[0]), totalBytes: Number(found[1]) };
  }

  /** Whether another provider than ours computes: its runs end with their work, and are not recorded. */
  get isOther(): boolean {
    return this.other !== undefined;
  }

  /** Kernels of ours count, whoever provides the memory. */
  statistics(): DeviceStatistics {
    const values = new BigInt64Array(this.statisticsNames.length);
    this.readStatistics(values);
    // SAFETY: the library counts what the interface names; test/runtime/device compares them.
    const counted = Object.fromEntries(this.statisticsNames.map((name, i) => [name, Number(values[i])])) as unknown as DeviceStatistics;
    if (!this.isOther || this.attached === undefined) return counted;
    const { inUseBytes: bytesInUse = counted.bytesInUse, peakBytes = counted.peakBytes, reservedBytes: bytesReserved = counted.bytesReserved } = Runtime.get().statisticsOf(this.attached.allocator);
    return { ...counted, bytesInUse, peakBytes, bytesReserved };
  }

  /** Lets the peak of memory count anew from here. */
  restartPeak(): void {
    this.resetPeak();
  }

  /** Waits for all work given to the device. @throws {DeviceError} when some of it failed. */
  synchronize(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waitForDevice.async((error, failure) => {
        if (error !== null && error !== undefined) reject(error instanceof Error ? error : new Error(String(error)));
        else if (failure !== null) reject(new DeviceError(`${this.name}: ${failure}`, { help: "what was computed since the last result is lost; start the kernel again" }));
        else resolve();
      });
    });
  }

  /** Adds the provider to sessions made with `options`. */
  append(options: Pointer): void {
    const { api, environment } = Runtime.get();
    api.call("SessionOptionsAppendExecutionProvider_V2", options, environment, [this.attach().device], 1, null, null, 0);
    if (!this.isOther) return;
    // The simulated device's own provider leaves our operators out then; Microsoft's computes in TF32 if nobody says anything.
    api.call("AddSessionConfigEntry", options, "isoflop.custom", "1");
    api.call("AddSessionConfigEntry", options, `ep.${this.provider.toLowerCase()}.use_tf32`, process.env.ISOFLOP_PRODUCTS === "tf32" ? "1" : "0");
  }

  /** Our operators for another provider; undefined with our own, whose registry has their kernels. */
  operatorsForOther(): MoreOperators | undefined {
    if (!this.isOther) return undefined;
    const out: [Pointer | null] = [null];
    this.withOther ??= { operators: this.library.func("size_t IsoflopOperatorsFor(void *base, str provider, _Out_ void **operators)"), fault: this.library.func("str IsoflopFault()") };
    const count = Number(this.withOther.operators(Runtime.get().api.base, this.provider, out));
    return out[0] === null ? undefined : { operators: out[0], count };
  }

  /** After a copy to the host. @throws {DeviceError} when a kernel of ours met an index outside of its table; our own provider tells that itself. */
  requireNoFault(): void {
    const failure = this.withOther?.fault() ?? null;
    if (failure !== null) throw new DeviceError(failure, { where: `device "${this.name}"`, help: "check indices and targets" });
  }

  /** onnxruntime's allocator of device memory. */
  get allocator(): Pointer {
    return this.attach().allocator;
  }

  /** The name of the execution provider in use. */
  get provider(): string {
    return this.attach().provider;
  }

  private attach(): NonNullable<typeof this.attached> {
    if (this.attached !== undefined) return this.attached;
    const { problem } = this.description;
    if (problem !== undefined) throw new DeviceError(`there is no device for "${this.name}": ${problem}`, { help: "run `isoflop doctor`" });
    const { api, environment } = Runtime.get();
    const path = this.other ?? this.path;
    const namesOf = (): string[] => api.list("GetEpDevices", environment).map((one) => String(api.ask("EpDevice_EpName", one)));
    const before = new Set(namesOf());
    api.call("RegisterExecutionProviderLibrary", environment, this.providerName, path);
    const provider = this.other === undefined ? this.providerName : (namesOf().find((name) => !before.has(name)) ?? "");
    const device = api.list("GetEpDevices", environment).find((one) => api.ask("EpDevice_EpName", one) === provider);
    if (device === undefined) throw new DeviceError(`onnxruntime ${api.version} does not take the execution provider "${this.name}", or it finds no device`, { where: path, help: this.isOther ? "check what onnxruntime versions it is for, and the driver" : "install the onnxruntime-node version of package-lock.json" });
    const memory = api.ask("EpDevice_MemoryInfo", device, DEVICE_MEMORY) ?? undefined;
    if (memory === undefined) throw new DeviceError(`the execution provider "${this.name}" names no memory`, { where: path, help: `build it again with ${buildOf(this.name)}` });
    return (this.attached = { provider, device, allocator: api.make("GetSharedAllocator", environment, memory) });
  }
}

/** What this process has on a device, counted by its provider for all threads; undefined where `name` is no device with memory of its own. Never throws. */
export function deviceMemoryOf(name: string): Pick<DeviceStatistics, "bytesInUse" | "peakBytes" | "bytesReserved"> | undefined {
  if (name !== "cuda" && name !== "simulated") return undefined;
  try {
    const { bytesInUse, peakBytes, bytesReserved } = DeviceLibrary.get(name).statistics();
    return { bytesInUse, peakBytes, bytesReserved };
  } catch {
    return undefined; // whoever computes on it is told why it is not there
  }
}
