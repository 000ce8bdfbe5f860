/** @file `isoflop devices`: what this machine can compute on, and what to do where a device is missing. */
import { parseArgs } from "node:util";
import { bytesText } from "../display/format";
import { type Device, devices as list } from "../runtime/devices";
import { EXIT_OK, readArguments, type Command } from "./command";

const HELP = `usage: isoflop devices [--json]

Lists the devices, and for a missing one why it is missing and what to do about it.
A notebook computes on the cpu unless it calls useDevice("cuda") or useDevice("webgpu"), or ISOFLOP_DEVICE is set to one of them.

  --json   as JSON: name, description, available, memory, reason, help
`;

export const devices: Command = {
  help: HELP,
  run: async (args) => {
    const json = wantsJson(args);
    const found = await list();
    process.stdout.write(json ? `${JSON.stringify(found, undefined, 2)}\n` : found.map(describe).join(""));
    return EXIT_OK;
  },
};

/** A device in a line or a few. */
export function describe({ name, description, available, memory, reason, help, lacking }: Device): string {
  const indent = " ".repeat(18);
  const free = memory === undefined ? "" : `${indent}${bytesText(memory.freeBytes)} of ${bytesText(memory.totalBytes)} free\n`;
  const line = `${name.padEnd(8)} ${(available ? "there" : "missing").padEnd(8)} ${description}\n${free}`;
  if (available) return lacking === undefined ? line : `${line}${indent}${lacking}\n`;
  return `${line}${indent}${reason}\n${indent}help: ${help}\n`;
}

function wantsJson(args: readonly string[]): boolean {
  return readArguments("devices", () => parseArgs({ args: [...args], options: { json: { type: "boolean", default: false } } }).values.json);
}
