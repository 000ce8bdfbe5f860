/** @file The errors a user can meet: each says what, where and what to do, one line each. */

/** What an error is made of. */
export interface ErrorParts {
  /** Where it happened: a layer path, a file, a cell and line. Left out where nothing useful is known. */
  readonly where?: string;
  /** What to do about it, as an instruction. */
  readonly help: string;
  readonly cause?: unknown;
}

/** Base of all errors that IsoFLOP raises on purpose. `message` holds the three lines: what, `  at …`, `  help: …`. */
export class IsoflopError extends Error {
  readonly what: string;
  readonly where: string | undefined;
  readonly help: string;

  constructor(what: string, { where, help, cause }: ErrorParts) {
    super([what, ...(where === undefined ? [] : [`  at ${where}`]), `  help: ${help}`].join("\n"), cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.what = what;
    this.where = where;
    this.help = help;
  }
}

/** Shapes that do not fit an operation. */
export class ShapeError extends IsoflopError {}
/** Element types that do not fit an operation, or that a device cannot compute in. */
export class DtypeError extends IsoflopError {}
/** An operation or operator that cannot be expressed, imported or differentiated. */
export class UnsupportedOpError extends IsoflopError {}
/** A change (model surgery, override, donation) that changed nothing. */
export class NoEffectError extends IsoflopError {}
/** A number that must be finite and is not: a diverged loss. */
export class NumericError extends IsoflopError {}
/** A budget that cannot be met or is spent. */
export class BudgetError extends IsoflopError {}
/** A device or runtime that is missing, fails or runs out of memory. */
export class DeviceError extends IsoflopError {}
/** A file or message that is not what its format says: truncated, hostile, or of another version. */
export class FormatError extends IsoflopError {}
/** An option or argument outside what a function accepts. */
export class ArgumentError extends IsoflopError {}
/** A value used after its buffer was given away, or traced values used outside of their trace. */
export class LifetimeError extends IsoflopError {}
