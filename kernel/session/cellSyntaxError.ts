/** @file A cell that is not TypeScript: what is wrong, at which line and column of the cell. */

/** A place in a cell, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Raised before anything of the cell ran. */
export class CellSyntaxError extends SyntaxError {
  readonly position: Position;

  constructor(message: string, position: Position) {
    super(message);
    this.name = "SyntaxError";
    this.position = position;
  }
}
