/** @file All commands of `isoflop`, in the order of `isoflop --help`. */
import { type CommandEntry } from "./command";

export const COMMANDS: readonly CommandEntry[] = [
  { name: "run", summary: "execute a notebook without an editor", load: async () => (await import("./run")).run },
  { name: "bench", summary: "measure speed on this machine, against torch and JavaScript peers", load: async () => (await import("./bench")).bench },
];
