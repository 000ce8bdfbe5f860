/** @file Which cell gives a name to which: later cells may declare names anew, and functions may use what a later cell declares. */
import type { Declaration, Declarations } from "../session/declarations";

/** The names of a notebook, by the places of the cells that declare them. */
export class CellNames {
  private readonly cells: readonly Declarations[];
  /** Places, ascending. */
  private readonly declared = new Map<string, number[]>();

  constructor(cells: readonly Declarations[]) {
    this.cells = cells;
    for (const [index, declarations] of cells.entries()) {
      for (const name of declarations.keys()) {
        const places = this.declared.get(name);
        if (places === undefined) this.declared.set(name, [index]);
        else places.push(index);
      }
    }
  }

  /** All names that a cell declares. */
  get all(): Iterable<string> {
    return this.declared.keys();
  }

  /** The cell that gives `name` to cell `index`: the last before it that declares it, else the last after it. Undefined where the cell has all of it itself. */
  originOf(name: string, index: number): number | undefined {
    const places = this.declared.get(name);
    if (places === undefined) return undefined;
    const before = places.findLast((place) => place < index);
    const after = places.at(-1);
    const from = before ?? (after !== undefined && after > index ? after : undefined);
    const own = this.cells[index]?.get(name);
    if (from === undefined || own === undefined) return from;
    const found = this.cells[from].get(name);
    // A type here and a value there are two halves of one name. Where both have a half, the cell's own counts.
    return before !== undefined && found !== undefined && adds(found, own) ? before : undefined;
  }
}

const adds = (other: Declaration, own: Declaration): boolean => (other.value && !own.value) || (other.type && !own.type);
