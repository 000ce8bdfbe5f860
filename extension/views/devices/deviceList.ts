/** @file The devices of this machine, asked for once: WebGPU is tried out, which takes a second. */
import type { Services } from "../../services";
import { isoflopJson } from "../../commands/isoflopCli";

export interface ListedDevice {
  readonly name: string;
  readonly description: string;
  readonly available: boolean;
  readonly reason?: string;
  readonly help?: string;
}

const isDevice = (value: unknown): value is ListedDevice =>
  typeof value === "object" && value !== null && "name" in value && typeof value.name === "string" && "description" in value && typeof value.description === "string" && "available" in value && typeof value.available === "boolean";

export class DeviceList {
  private asked: Promise<readonly ListedDevice[]> | undefined;

  constructor(private readonly services: Pick<Services, "config" | "context">) {}

  /** @throws {UserError} when they cannot be listed; the next call tries again. */
  get(): Promise<readonly ListedDevice[]> {
    return (this.asked ??= isoflopJson(this.services, ["devices", "--json"]).then(
      (value) => (Array.isArray(value) ? value.filter(isDevice) : []),
      (error: unknown) => {
        this.asked = undefined;
        throw error;
      },
    ));
  }
}
