/** @file The methods as they are in this package: the catalogue, and which of them have a notebook. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import entries from "../../../kernel/methods/catalogue.json";
import { ACTS_ON, type ActsOn, type MethodEntry } from "../../../kernel/methods/catalogueSchema";
import type { NewCell } from "../../commands/notebookCells";

export interface Method extends MethodEntry {
  /** Path of its notebook in the package; undefined where there is none yet. */
  readonly notebook: string | undefined;
}

/** The first notebook: the tour. It is no method. */
export const START_SLUG = "start";
const START_FILE = "00-start.ipynb";

/** All methods, in the order of the catalogue. @param notebooks - folder of the package's notebooks. */
export function methodsIn(notebooks: string): readonly Method[] {
  const files = new Set(existsSync(notebooks) ? readdirSync(notebooks) : []);
  return entries.flatMap(({ acts, ...entry }) => {
    const known: ActsOn | undefined = ACTS_ON.find((one) => one === acts);
    const file = `${entry.slug}.ipynb`;
    return known === undefined ? [] : [{ ...entry, acts: known, notebook: files.has(file) ? join(notebooks, file) : undefined }];
  });
}

/** Path of the notebook that a slug names, "start" included; undefined where the package has none. */
export function notebookOf(notebooks: string, slug: string): string | undefined {
  const path = join(notebooks, slug === START_SLUG ? START_FILE : `${slug}.ipynb`);
  return existsSync(path) ? path : undefined;
}

/** Cells with this tag are what a method is, without the experiment around it. */
const INSERT_TAG = "insert";

/** The cells of a method's notebook that can stand in another one; none where the notebook marks none, or cannot be read. */
export function cellsToInsert(notebook: string): readonly NewCell[] {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(notebook, "utf8"));
  } catch {
    return [];
  }
  const cells: readonly unknown[] = isObject(content) && Array.isArray(content.cells) ? content.cells : [];
  return cells.flatMap((cell): NewCell[] => {
    if (!isObject(cell) || !isObject(cell.metadata) || !Array.isArray(cell.metadata.tags) || !cell.metadata.tags.includes(INSERT_TAG)) return [];
    const source = Array.isArray(cell.source) ? cell.source.join("") : cell.source;
    return typeof source !== "string" ? [] : [{ kind: cell.cell_type === "markdown" ? "markdown" : "code", source }];
  });
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;
