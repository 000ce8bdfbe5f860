/** @file What of a cell other cells can see: when only its inside has changed, they need not be looked at again. */
import type { CellModule, CellProgram } from "./cellProgram";

interface Shape {
  /** Version of the text it was made of. */
  readonly version: number;
  /** Declarations of what the cell exports. */
  readonly text: string;
  /** Counts changes of the text. */
  readonly changes: number;
}

/** Declarations of all cells, followed through edits as TypeScript's own incremental builds do it. */
export class CellShapes {
  private readonly shapes = new Map<string, Shape>();
  private external = "";

  constructor(private readonly cells: CellProgram) {}

  /** Another number for a cell whose exported types changed since it was asked last. `refresh` first. */
  changesOf({ id }: CellModule): number {
    return this.shapes.get(id)?.changes ?? 0;
  }

  /** Follows the edits since last time: declarations of cells whose text changed, and of those that take names from a cell whose declarations changed. */
  refresh(external: string): void {
    const everything = external !== this.external;
    this.external = external;
    const wanted = new Set(this.cells.cells.filter((module) => everything || this.shapes.get(module.id)?.version !== module.version));
    // The program is that after all edits, so each is right at once, in whatever order they come.
    for (const module of wanted) if (this.renew(module)) for (const user of this.usersOf(module)) wanted.add(user);
    for (const id of this.shapes.keys()) if (this.cells.cell(id) === undefined) this.shapes.delete(id);
  }

  /** Whether its declarations are others now. */
  private renew(module: CellModule): boolean {
    const old = this.shapes.get(module.id);
    const text = this.declarationsOf(module);
    const changed = old === undefined || old.text !== text;
    this.shapes.set(module.id, { version: module.version, text, changes: (old?.changes ?? 0) + Number(changed) });
    return changed;
  }

  private usersOf({ id }: CellModule): readonly CellModule[] {
    return this.cells.cells.filter(({ prefix }) => [...prefix.links.values()].some(({ from }) => from === id));
  }

  /** Where a type cannot be written down, the text of the cell stands for it. */
  private declarationsOf({ path, version }: CellModule): string {
    const output = this.cells.service.getEmitOutput(path, true, true);
    const complaints: unknown = Reflect.get(output, "diagnostics");
    const whole = output.outputFiles.length > 0 && Array.isArray(complaints) && complaints.length === 0;
    return whole ? output.outputFiles.map(({ text }) => text).join("\n") : `version ${version}`;
  }
}
