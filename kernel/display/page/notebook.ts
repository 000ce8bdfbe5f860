/** @file Notebooks (nbformat 4) read with suspicion: whatever a file holds, what comes out has these types. */
import { FormatError } from "../../errors";

export type PageOutput =
  | { readonly type: "stream"; readonly name: string; readonly text: string }
  | { readonly type: "data"; readonly data: Readonly<Record<string, unknown>>; readonly metadata: Readonly<Record<string, unknown>> }
  | { readonly type: "error"; readonly name: string; readonly message: string; readonly traceback: string };

export interface PageCell {
  readonly type: "code" | "markdown" | "raw";
  readonly source: string;
  readonly executionCount: number | undefined;
  readonly outputs: readonly PageOutput[];
}

export type JsonRecord = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is JsonRecord => typeof value === "object" && value !== null && !Array.isArray(value);
const record = (value: unknown): JsonRecord => (isRecord(value) ? value : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** nbformat's multi-line string: one string, or lines that end with their line breaks. */
export const joined = (value: unknown): string =>
  typeof value === "string"
    ? value
    : list(value)
        .filter((line) => typeof line === "string")
        .join("");

/** Cells of a notebook. @throws {FormatError} when it has no list of cells. */
export function cellsOf(notebook: unknown): readonly PageCell[] {
  if (!isRecord(notebook) || !Array.isArray(notebook.cells))
    throw new FormatError(`a notebook without a list of cells`, { help: "give the parsed JSON of an .ipynb file (nbformat 4)" });
  return notebook.cells.map((cell) => {
    const { cell_type: type, source, execution_count: count, outputs } = record(cell);
    return {
      type: type === "code" || type === "markdown" ? type : "raw",
      source: joined(source),
      executionCount: typeof count === "number" ? count : undefined,
      outputs: type === "code" ? list(outputs).flatMap(outputOf) : [],
    };
  });
}

function outputOf(value: unknown): PageOutput[] {
  const output = record(value);
  switch (output.output_type) {
    case "stream":
      return [{ type: "stream", name: joined(output.name), text: joined(output.text) }];
    case "display_data":
    case "execute_result":
      return [{ type: "data", data: record(output.data), metadata: record(output.metadata) }];
    case "error":
      return [
        {
          type: "error",
          name: joined(output.ename),
          message: joined(output.evalue),
          traceback: list(output.traceback)
            .filter((line) => typeof line === "string")
            .join("\n"),
        },
      ];
    default:
      return [];
  }
}

/** Title of the notebook: its metadata's, or the first heading of its Markdown. */
export function titleOf(notebook: unknown, cells: readonly PageCell[]): string {
  const given = joined(record(record(notebook).metadata).title);
  const heading = cells
    .flatMap((cell) => (cell.type === "markdown" ? [/^#{1,3}\s+(.+)$/m.exec(cell.source)?.[1]] : []))
    .find((found) => found !== undefined);
  return given !== "" ? given : (heading?.replace(/[*_`]/g, "").trim() ?? "Notebook");
}
