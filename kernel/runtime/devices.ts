/** @file The devices a program can run on: which there are, and what to do where one is missing. */
import { ArgumentError, DeviceError } from "../errors";
import { describeMachine } from "./machine";
import { cudaDevice } from "./native/device/cudaDevice";
import { probeWebgpu, type Adapter, type WebgpuProbe } from "./webgpuProbe";

/** The devices that IsoFLOP computes on, the default first. */
export const DEVICE_NAMES = ["cpu", "webgpu", "cuda"] as const;
/** Host memory that stands for a GPU's, for tests of what runs there: not listed, and slow. */
export const SIMULATED = "simulated";
export type DeviceName = (typeof DEVICE_NAMES)[number] | typeof SIMULATED;

export interface Device {
  readonly name: DeviceName;
  /** What it is: the processor's model, cores and memory; the graphics adapter's name. */
  readonly description: string;
  readonly available: boolean;
  /** Of the device, whoever uses it; absent where it has none of its own, or does not tell. */
  readonly memory?: { readonly freeBytes: number; readonly totalBytes: number };
  /** Why it is missing, one line; absent where it is there. */
  readonly reason?: string;
  /** What to do about that; absent where it is there. */
  readonly help?: string;
  /** What is there but works with less, and what to do about it. */
  readonly lacking?: string;
}

let probed: Promise<WebgpuProbe> | undefined;

/**
 * The devices of this machine, missing ones included. The first call tries WebGPU out in a process of its own, which takes
 * about a second; the answer holds for the life of this process.
 */
export async function devices(): Promise<readonly Device[]> {
  return Promise.all(DEVICE_NAMES.map(deviceOf));
}

/** @throws {ArgumentError} when `name` is no device's; `where` says whence it came. */
export function deviceName(name: string, where?: string): DeviceName {
  const known = [...DEVICE_NAMES, SIMULATED].find((one): one is DeviceName => one === name);
  if (known === undefined) throw new ArgumentError(`no device is called ${JSON.stringify(name)}`, { where, help: `the devices are ${DEVICE_NAMES.map((one) => `"${one}"`).join(", ")}` });
  return known;
}

/**
 * The device, which is there.
 * @throws {DeviceError} when it is missing; it says why and what to do.
 */
export async function requireDevice(name: DeviceName): Promise<Device> {
  return requireThere(await deviceOf(name));
}

/** @throws {DeviceError} when the device is missing. */
export function requireThere(device: Device): Device {
  const { name } = device;
  if (!device.available) throw new DeviceError(`the device "${name}" is missing: ${device.reason}`, { where: device.description, help: `${device.help}; "cpu" is always there` });
  return device;
}

async function deviceOf(name: DeviceName): Promise<Device> {
  switch (name) {
    case "cpu":
      return { name, description: describeMachine(), available: true };
    case "webgpu":
      return webgpuDevice(await (probed ??= probeWebgpu()), process.platform);
    case "cuda":
      return { name, ...cudaDevice() };
    case "simulated":
      return { name, description: "host memory that stands for a GPU's", available: true };
  }
}

/** The device that a probe found, or did not find, on a platform as `process.platform` names it. */
export function webgpuDevice(probe: WebgpuProbe, platform: NodeJS.Platform): Device {
  const { works, adapters, failure } = probe;
  const description = adapters.length === 0 ? `WebGPU on ${LIBRARY[platform] ?? "Vulkan"}` : `WebGPU on ${adapters.map(describeAdapter).join(" or ")}`;
  return works ? { name: "webgpu", description, available: true } : { name: "webgpu", description, available: false, reason: failure, help: helpFor(probe, platform) };
}

/** What WebGPU is made of, by platform; Vulkan on all others. */
const LIBRARY: Readonly<Partial<Record<NodeJS.Platform, string>>> = { darwin: "Metal", win32: "Direct3D 12" };

const describeAdapter = ({ name, software }: Adapter): string => (software ? `${name}, computed by the processor` : name);

/** Mesa before this version lacks what WebGPU asks for: 22.3 was refused, 25.0 works. */
const MESA_VERSION = 25;

function helpFor({ adapters, noLoader }: WebgpuProbe, platform: NodeJS.Platform): string {
  const again = "then start again";
  if (platform !== "linux") return `update the graphics driver, ${again}`;
  const mesa = `Mesa ${MESA_VERSION} or newer (Debian 12 has it in bookworm-backports)`;
  if (noLoader) return `install the Vulkan loader (libvulkan1 on Debian) and a Vulkan driver: the vendor's, or mesa-vulkan-drivers of ${mesa}, ${again}`;
  if (adapters.length === 0) return `install a Vulkan driver: the GPU vendor's, or mesa-vulkan-drivers of ${mesa}, ${again}`;
  return `update the Vulkan driver: the GPU vendor's, or mesa-vulkan-drivers of ${mesa}, ${again}`;
}
