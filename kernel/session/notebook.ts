/** @file Notebook files: nbformat 4 in and out. What is not understood is kept as it was. */
import { FormatError } from "../errors";
import type { Output } from "./outputs";

/** Fields that a program needs; all others are carried along. */
export interface Cell {
  readonly cell_type: "code" | "markdown" | "raw";
  readonly source: string | readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly id?: string;
  readonly outputs?: readonly Output[];
  readonly execution_count?: number | null;
}

export interface Notebook {
  readonly cells: readonly Cell[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly nbformat: 4;
  readonly nbformat_minor: number;
}

const CELL_TYPES: readonly unknown[] = ["code", "markdown", "raw"];
/** Deeper nesting than any output has; JSON of hostile depth would overflow the stack when it is written again. */
const MAX_DEPTH = 200;

/** The notebook in `text`. `where` names the file in errors.
 * @throws {FormatError} when the text is not JSON, not a notebook, or one of nbformat 3 or older. */
export function parseNotebook(text: string, where: string): Notebook {
  let value: unknown;
  try {
    // Some editors put a byte-order mark before the JSON.
    value = JSON.parse(text.startsWith("\ufeff") ? text.slice(1) : text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FormatError(text.trim() === "" ? "the notebook is an empty file" : `the notebook is not JSON: ${reason.slice(0, 160)}`, { where, help: "the file is truncated or damaged: take an older copy, or make a new notebook" });
  }
  const bad = (what: string, help = "open it in Jupyter or VS Code and save it again"): FormatError => new FormatError(what, { where, help });
  if (!isRecord(value)) throw bad("the file holds JSON, but no notebook");
  if (value.nbformat !== 4) {
    if (typeof value.nbformat === "number" && value.nbformat < 4) throw bad(`the notebook has format ${value.nbformat}, which is older than 4`, "convert it: jupyter nbconvert --to notebook --nbformat 4");
    throw bad(value.nbformat === undefined ? "the file holds JSON, but no notebook (it has no `nbformat`)" : `the notebook has format ${JSON.stringify(value.nbformat)?.slice(0, 40)}; 4 is known`);
  }
  if (!Array.isArray(value.cells)) throw bad("the notebook has no list of cells");
  if (depthOf(value, 0) > MAX_DEPTH) throw bad(`the notebook is nested more than ${MAX_DEPTH} levels deep`, "this is no notebook that a program wrote; do not trust it");
  const metadata = value.metadata ?? {};
  if (!isRecord(metadata)) throw bad("the notebook's metadata is no object");
  const minor = typeof value.nbformat_minor === "number" ? value.nbformat_minor : 0;
  const cells = value.cells.map((cell: unknown, index) => parseCell(cell, (what) => bad(`cell ${index + 1} of the file: ${what}`)));
  return { ...value, cells, metadata, nbformat: 4, nbformat_minor: minor };
}

function parseCell(cell: unknown, bad: (what: string) => FormatError): Cell {
  if (!isRecord(cell)) throw bad("no object");
  const { outputs, execution_count: count, ...others } = cell;
  const { cell_type: type, source = "", metadata = {} } = others;
  if (!isCellType(type)) throw bad(`its type is ${JSON.stringify(type)?.slice(0, 40)}; code, markdown or raw are known`);
  if (!isText(source)) throw bad("its source is neither text nor lines of text");
  if (!isRecord(metadata)) throw bad("its metadata is no object");
  // Only code cells have outputs and a count.
  if (type !== "code") return { ...others, cell_type: type, source, metadata };
  if (outputs !== undefined && !(Array.isArray(outputs) && outputs.every(isOutput))) throw bad("its outputs are no list of objects");
  return { ...cell, cell_type: type, source, metadata, outputs: outputs ?? [], execution_count: typeof count === "number" ? count : null };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);
const isCellType = (value: unknown): value is Cell["cell_type"] => CELL_TYPES.includes(value);
const isText = (value: unknown): value is string | string[] => typeof value === "string" || (Array.isArray(value) && value.every((line) => typeof line === "string"));
const isOutput = (value: unknown): value is Output => isRecord(value) && typeof value.output_type === "string";

function depthOf(value: unknown, depth: number): number {
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return depth;
  let deepest = depth;
  for (const child of Object.values(value)) deepest = Math.max(deepest, depthOf(child, depth + 1));
  return deepest;
}

/** The text of a notebook file: sources as lists of lines, one space of indentation, a newline at the end, as Jupyter writes it. */
export function formatNotebook(notebook: Notebook): string {
  const cells = notebook.cells.map((cell) => ({ ...cell, source: toLines(sourceOf(cell)) }));
  return `${JSON.stringify({ ...notebook, cells }, null, 1)}\n`;
}

/** A cell's source as one text. */
export const sourceOf = ({ source }: Pick<Cell, "source">): string => (typeof source === "string" ? source : source.join(""));

/** A cell's tags. */
export const tagsOf = ({ metadata }: Cell): readonly string[] => (Array.isArray(metadata.tags) ? metadata.tags.filter((tag): tag is string => typeof tag === "string") : []);

/** Lines with their line ends, as nbformat stores text; none for the empty text. */
export function toLines(text: string): string[] {
  const lines = text.split("\n").map((line, k, all) => (k < all.length - 1 ? `${line}\n` : line));
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}
