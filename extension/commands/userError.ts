/** @file A command that cannot do what it was asked for, with what to do instead. */

/** Two lines: what, and what to do. */
export class UserError extends Error {
  override readonly name = "UserError";

  constructor(what: string, help: string) {
    super(`${what}\n  help: ${help}`);
  }
}
