/** @file The error of everything about kernel processes: what, where, and what to do, one line each. */

export interface KernelErrorParts {
  /** A file, a cell, a process. Left out where nothing useful is known. */
  readonly where?: string;
  /** An instruction. */
  readonly help: string;
  readonly cause?: unknown;
}

/** A kernel that cannot be found, started, reached, or that ended. `message` holds the lines: what, `  at …`, `  help: …`. */
export class KernelError extends Error {
  readonly what: string;
  readonly help: string;

  constructor(what: string, { where, help, cause }: KernelErrorParts) {
    super([what, ...(where === undefined ? [] : [`  at ${where}`]), `  help: ${help}`].join("\n"), cause === undefined ? undefined : { cause });
    this.name = "KernelError";
    this.what = what;
    this.help = help;
  }
}

/** What went wrong, in words: the message of an error, anything else as text. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
