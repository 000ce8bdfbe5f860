/** @file Sets parameters of a notebook: gives top-level variables other values than the ones written there. */
import ts from "typescript";
import { ArgumentError } from "../errors";
import { type Cell, type Notebook, sourceOf, tagsOf } from "./notebook";
import { suggest } from "./suggest";

/** The tag of the cell whose variables are the notebook's parameters, as papermill has it. */
export const PARAMETERS_TAG = "parameters";

/** The notebook with new initial values. A name is looked for in the cells tagged `parameters`, then in all others, first declaration first.
 * A value is JSON, or text where it is none; for a variable that holds text it always is text.
 * @throws {ArgumentError} when no cell declares the name with a value, or the value is not of the kind that stands there. */
export function setParameters(notebook: Notebook, values: ReadonlyMap<string, string>): Notebook {
  const cells = [...notebook.cells];
  for (const [name, text] of values) {
    const places = cells.flatMap((cell, index) => (cell.cell_type === "code" ? [{ index, tagged: tagsOf(cell).includes(PARAMETERS_TAG) }] : []));
    const ordered = [...places.filter(({ tagged }) => tagged), ...places.filter(({ tagged }) => !tagged)];
    const place = ordered.find(({ index }) => declarationOf(name, sourceOf(cells[index])) !== undefined);
    if (place === undefined) throw unknown(name, ordered.map(({ index }) => cells[index]));
    cells[place.index] = { ...cells[place.index], source: withValue({ name, text, source: sourceOf(cells[place.index]) }) };
  }
  return { ...notebook, cells };
}

interface Found {
  readonly start: number;
  readonly end: number;
  readonly kind: Kind | undefined;
}

type Kind = "number" | "string" | "boolean" | "array" | "object";

function declarationOf(name: string, source: string): Found | undefined {
  const declaration = variables(source).find((d) => ts.isIdentifier(d.name) && d.name.text === name);
  if (declaration?.initializer === undefined) return undefined;
  const { initializer, type } = declaration;
  return { start: initializer.getStart(), end: initializer.end, kind: kindOfType(type) ?? kindOfValue(initializer) };
}

/** Top-level variables with a value. */
function variables(source: string): ts.VariableDeclaration[] {
  const file = ts.createSourceFile("cell.ts", source, ts.ScriptTarget.ESNext, true);
  return file.statements.flatMap((statement) => (ts.isVariableStatement(statement) ? statement.declarationList.declarations.filter(({ initializer }) => initializer !== undefined) : []));
}

function kindOfType(type: ts.TypeNode | undefined): Kind | undefined {
  if (type === undefined) return undefined;
  if (type.kind === ts.SyntaxKind.NumberKeyword) return "number";
  if (type.kind === ts.SyntaxKind.StringKeyword) return "string";
  return type.kind === ts.SyntaxKind.BooleanKeyword ? "boolean" : ts.isArrayTypeNode(type) ? "array" : undefined;
}

function kindOfValue(value: ts.Expression): Kind | undefined {
  if (ts.isAsExpression(value) || ts.isSatisfiesExpression(value) || ts.isParenthesizedExpression(value)) return kindOfValue(value.expression);
  if (ts.isNumericLiteral(value)) return "number";
  if (ts.isPrefixUnaryExpression(value) && (value.operator === ts.SyntaxKind.MinusToken || value.operator === ts.SyntaxKind.PlusToken)) return kindOfValue(value.operand);
  if (ts.isBinaryExpression(value) && ARITHMETIC.has(value.operatorToken.kind)) return kindOfValue(value.left) === "number" && kindOfValue(value.right) === "number" ? "number" : undefined;
  if (ts.isStringLiteralLike(value) || ts.isTemplateExpression(value)) return "string";
  if (value.kind === ts.SyntaxKind.TrueKeyword || value.kind === ts.SyntaxKind.FalseKeyword) return "boolean";
  return ts.isArrayLiteralExpression(value) ? "array" : ts.isObjectLiteralExpression(value) ? "object" : undefined;
}

const ARITHMETIC: ReadonlySet<ts.SyntaxKind> = new Set([ts.SyntaxKind.PlusToken, ts.SyntaxKind.MinusToken, ts.SyntaxKind.AsteriskToken, ts.SyntaxKind.SlashToken, ts.SyntaxKind.AsteriskAsteriskToken]);

interface NewValue {
  readonly name: string;
  readonly text: string;
  readonly source: string;
}

function withValue({ name, text, source }: NewValue): string {
  const found = declarationOf(name, source);
  if (found === undefined) return source;
  const value = parseValue(text, found.kind);
  const kind = Array.isArray(value) ? "array" : value === null ? "null" : typeof value;
  if (found.kind !== undefined && kind !== found.kind)
    throw new ArgumentError(`--set ${name}=${text}: \`${name}\` holds ${article(found.kind)}, this is ${article(kind)}`, { help: `give ${article(found.kind)}; in the notebook it is \`${source.slice(found.start, Math.min(found.end, found.start + 60))}\`` });
  return source.slice(0, found.start) + JSON.stringify(value) + source.slice(found.end);
}

const article = (kind: string): string => (kind === "null" ? "null" : `${/^[ao]/.test(kind) ? "an" : "a"} ${kind}`);

function parseValue(text: string, kind: Kind | undefined): unknown {
  const json = parseJson(text);
  if (kind === "string") return typeof json === "string" ? json : text;
  // Numbers as JavaScript writes them: 1_000, .5, 0x10.
  const number = text.trim() === "" ? NaN : Number(text.replaceAll("_", ""));
  return json ?? (kind === "number" && Number.isFinite(number) ? number : text.trim() === "null" ? null : text);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unknown(name: string, cells: readonly Cell[]): ArgumentError {
  const names = cells.flatMap((cell) => variables(sourceOf(cell)).flatMap((d) => (ts.isIdentifier(d.name) ? [d.name.text] : [])));
  const near = suggest(name, names);
  const known = [...new Set(names)].slice(0, 12).join(", ");
  return new ArgumentError(`--set ${name}: no cell declares \`${name}\` at its top level`, { help: near !== undefined ? `did you mean \`${near}\`?` : known === "" ? "the notebook declares no variables" : `the notebook declares ${known}` });
}
