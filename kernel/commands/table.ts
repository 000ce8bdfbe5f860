/** @file All commands of `isoflop`, in the order of `isoflop --help`. */
import { type CommandEntry } from "./command";

export const COMMANDS: readonly CommandEntry[] = [
  { name: "run", summary: "execute a notebook without an editor", load: async () => (await import("./run")).run },
];
