/** @file What a command of `isoflop` is. */
import { IsoflopError } from "../errors";

export interface Command {
  /** Shown by `isoflop <name> --help`: usage first, then options. */
  readonly help: string;
  /** Returns the exit code. `args` are those after the command's name.
   * @throws {UsageError} when they make no sense; any IsoflopError for what goes wrong with files and devices. */
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** An entry of the command table. The command's code is loaded when it is called, so that the others start fast. */
export interface CommandEntry {
  readonly name: string;
  /** One line for `isoflop --help`. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Arguments that a command cannot make sense of. Exit code 2. */
export class UsageError extends IsoflopError {}

/** What `read` makes of arguments; what `parseArgs` throws at them becomes a usage error, in its first sentence. @param command - its name; "" for isoflop itself. */
export function readArguments<T>(command: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const what = error instanceof Error ? error.message.split("\n")[0].split(". ")[0] : String(error);
    throw new UsageError(what, { help: `see ${["isoflop", command, "--help"].filter((word) => word !== "").join(" ")}` });
  }
}

export const EXIT_OK = 0;
/** Something failed: a cell, a file, a device. */
export const EXIT_FAILED = 1;
/** The command was called wrongly. */
export const EXIT_USAGE = 2;
/** Ended by Ctrl-C: 128 + SIGINT, as shells have it. */
export const EXIT_INTERRUPTED = 130;
