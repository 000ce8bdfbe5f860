/** @file All commands of `isoflop`, in the order of `isoflop --help`. */
import { type CommandEntry } from "./command";

export const COMMANDS: readonly CommandEntry[] = [
  { name: "run", summary: "execute a notebook without an editor", load: async () => (await import("./run")).run },
  { name: "bench", summary: "measure speed on this machine, against torch and JavaScript peers", load: async () => (await import("./bench")).bench },
  { name: "devices", summary: "list what this machine can compute on, and what to do where a device is missing", load: async () => (await import("./devices")).devices },
];
