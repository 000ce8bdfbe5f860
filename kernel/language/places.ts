/** @file Places of a program: what a cell's names stand for over cell borders, and where in which cell or file that is. */
import { isAbsolute } from "node:path";
import ts from "typescript";
import type { CellModule, CellProgram } from "./cellProgram";
import type { CellSpan, FileSpan } from "./messages";

/** A place in a file of the program. */
export interface ProgramPlace {
  readonly path: string;
  readonly position: number;
}

/** A name of the notebook: the cell that declares it gives it to others. */
export interface SharedName {
  readonly name: string;
  readonly origin: CellModule;
}

export class Places {
  constructor(private readonly cells: CellProgram) {}

  /** The token at a place of the cell, or the one that ends there. */
  token(module: CellModule, offset: number): ts.Node | undefined {
    const source = this.cells.tree(module);
    const position = this.cells.toModule(module, offset);
    const find = (node: ts.Node): ts.Node | undefined => {
      if (position < node.getStart(source) || position > node.getEnd()) return undefined;
      // The later of two that touch, if it is a name: "a.|b" is about b, "b|)" too.
      const inner = node.getChildren(source).map(find).filter((found) => found !== undefined);
      return inner.find((found) => ts.isIdentifier(found) && found.getEnd() > found.getStart(source)) ?? inner.at(-1) ?? (node.getChildCount(source) === 0 ? node : undefined);
    };
    return find(source);
  }

  /** Where cell `origin` declares `name`, in its own text. */
  declaredAt({ name, origin }: SharedName): ProgramPlace[] {
    const checker = this.cells.program.getTypeChecker();
    const source = this.cells.tree(origin);
    const module = checker.getSymbolAtLocation(source);
    const exported = module === undefined ? undefined : checker.tryGetMemberInModuleExports(name, module);
    const declarations = exported?.declarations ?? [];
    const [first] = declarations;
    const local = first !== undefined && ts.isExportSpecifier(first) ? checker.getExportSpecifierLocalTargetSymbol(first)?.declarations : declarations;
    return (local ?? []).flatMap((declaration) => {
      const node = ts.getNameOfDeclaration(declaration);
      if (node === undefined || node.getSourceFile() !== source || node.getStart(source) < origin.prefix.text.length) return [];
      return [{ path: origin.path, position: node.getStart(source) }];
    });
  }

  /** All places through which a name of the notebook is known: in the cell that declares it, and in the line before each cell that takes it. */
  anchors(shared: SharedName): ProgramPlace[] {
    const taken = this.cells.cells.flatMap(({ path, prefix }) => {
      const link = prefix.links.get(shared.name);
      return link?.from === shared.origin.id ? [{ path, position: link.at }] : [];
    });
    return [...this.declaredAt(shared), ...taken];
  }

  /** The name of the notebook that a place in the line before a cell is about. */
  sharedAt(path: string, position: number): SharedName | undefined {
    const module = this.cells.cellAt(path);
    if (module === undefined || position >= module.prefix.text.length) return undefined;
    for (const [name, { from, at, refers }] of module.prefix.links) {
      const origin = at === position || refers === position ? this.cells.cell(from) : undefined;
      if (origin !== undefined) return { name, origin };
    }
    const name = /^[\p{ID_Continue}$\u200c\u200d]+/u.exec(module.text.slice(position))?.[0];
    return name !== undefined && module.source.declarations.has(name) ? { name, origin: module } : undefined;
  }

  /** The same place as in the cell or file it is in; undefined in what was added to a cell. */
  found(path: string, span: ts.TextSpan): CellSpan | FileSpan | undefined {
    if (this.cells.cellAt(path) !== undefined) return this.cells.spanIn(path, span);
    const source = this.cells.program.getSourceFile(path);
    if (source === undefined || !isAbsolute(path)) return undefined;
    const from = source.getLineAndCharacterOfPosition(span.start);
    const to = source.getLineAndCharacterOfPosition(span.start + span.length);
    return { file: path, line: from.line, column: from.character, endLine: to.line, endColumn: to.character };
  }

  /** Definitions of what stands at a place, through the lines before cells. */
  definitions(place: ProgramPlace): readonly ts.DefinitionInfo[] {
    return (this.cells.service.getDefinitionAtPosition(place.path, place.position) ?? []).flatMap((definition) => {
      const shared = this.sharedAt(definition.fileName, definition.textSpan.start);
      if (shared === undefined) return [definition];
      const declared = this.declaredAt(shared);
      const own = declared.filter(({ path, position }) => path !== place.path || position !== place.position);
      return own.length === 0 ? [{ ...definition, fileName: shared.origin.path, textSpan: { start: declared[0]?.position ?? 0, length: shared.name.length } }] : own.flatMap((next) => this.atDeclaration(next));
    });
  }

  private atDeclaration(place: ProgramPlace): readonly ts.DefinitionInfo[] {
    return this.cells.service.getDefinitionAtPosition(place.path, place.position) ?? [];
  }
}
