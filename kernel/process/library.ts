/** @file The library that cells import: loaded once, at the first import or ahead of it. */
import type { KernelInfo } from "../protocol/jupyter";

const importLibrary = () => import("../index");
export type LibraryModule = Awaited<ReturnType<typeof importLibrary>>;

export class Library {
  private loading: Promise<LibraryModule> | undefined;
  private loaded: LibraryModule | undefined;

  /** @param tell - hears what computes, once that is known and when it changes. */
  constructor(private readonly tell: (info: Pick<KernelInfo, "executor" | "device">) => void) {}

  load(): Promise<LibraryModule> {
    return (this.loading ??= this.start());
  }

  /** The library, where it is there already. */
  get present(): LibraryModule | undefined {
    return this.loaded;
  }

  /** Computes on `device` from now on. @throws {DeviceError} when it is missing. */
  async use(device: string): Promise<Pick<KernelInfo, "executor" | "device">> {
    const { useDevice, deviceName } = { ...(await this.load()), ...(await import("../runtime/devices")) };
    const name = deviceName(device);
    await useDevice(name);
    process.env.ISOFLOP_DEVICE = name;
    return this.announce();
  }

  /** Ends the program that runs. Without the library there is none. */
  interrupt(): void {
    void this.loaded?.interruptRuns();
  }

  /** Says what computes now. A device that is missing is told as such; it fails when it is first used. */
  async announce(): Promise<Pick<KernelInfo, "executor" | "device">> {
    const device = process.env.ISOFLOP_DEVICE ?? "cpu";
    const { executor } = await import("../runtime/session");
    const info = await executor().then(
      ({ description }) => ({ executor: description, device }),
      (error: unknown) => ({ executor: `none: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`, device }),
    );
    this.tell(info);
    return info;
  }

  private async start(): Promise<LibraryModule> {
    const library = await importLibrary();
    this.loaded = library;
    void this.announce();
    return library;
  }
}
