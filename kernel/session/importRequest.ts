/** @file What a static import of a cell asks for. */
import ts from "typescript";
import type { Position } from "./cellSyntaxError";
import type { Tracer } from "./tracePosition";

export interface ImportedName {
  /** Name in the module; "default" for the default export. */
  readonly imported: string;
  /** Name in the notebook. */
  readonly local: string;
}

export interface ImportRequest {
  readonly specifier: string;
  /** Import attributes, as `{ type: "json" }`. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly names: readonly ImportedName[];
  /** Name that the whole module gets: `import * as name`. */
  readonly namespace?: string;
  /** Where the import stands in the cell. */
  readonly position?: Position;
}

/** The request that an import (or `export … from`) of JavaScript makes. Exported names are not brought in, the module is only run. */
export function importRequest(node: ts.ImportDeclaration | ts.ExportDeclaration, file: ts.SourceFile, trace: Tracer): ImportRequest {
  const { line, character } = file.getLineAndCharacterOfPosition(node.getStart(file));
  const attributes = Object.fromEntries((node.attributes?.elements ?? []).map(({ name, value }) => [name.text, ts.isStringLiteral(value) ? value.text : ""]));
  const specifier = node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier) ? node.moduleSpecifier.text : "";
  const clause = ts.isImportDeclaration(node) ? node.importClause : undefined;
  const bindings = clause?.namedBindings;
  const named = bindings !== undefined && ts.isNamedImports(bindings) ? bindings.elements.map((e) => ({ imported: (e.propertyName ?? e.name).text, local: e.name.text })) : [];
  return {
    specifier,
    attributes,
    names: [...(clause?.name === undefined ? [] : [{ imported: "default", local: clause.name.text }]), ...named],
    namespace: bindings !== undefined && ts.isNamespaceImport(bindings) ? bindings.name.text : undefined,
    position: trace({ line: line + 1, column: character + 1 }),
  };
}
