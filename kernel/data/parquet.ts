/** @file Parquet files as tables. */
import { parquetMetadata, parquetReadObjects, parquetSchema } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { ArgumentError, FormatError } from "../errors";
import { messageOf, readBytes } from "./files";
import { checkPages } from "./parquetPages";
import { columnOf, Table } from "./table";

export interface ParquetOptions {
  /** Columns to read. Default all. */
  readonly columns?: readonly string[];
  /** First row. Default 0. */
  readonly start?: number;
  /** Row after the last one. Default all. */
  readonly end?: number;
}

/**
 * The table in a parquet file, with any of the usual compressions. Integers of 32 bits and less become int32, of 64 bits int64, floats float64,
 * lists of equal length [N, length], strings text; nested records and dates stay as they are (kind "other").
 * @throws {FormatError} when the file is damaged. @throws {ArgumentError} when there is no such file or column.
 */
export async function parquet(path: string, { columns, start = 0, end }: ParquetOptions = {}): Promise<Table> {
  const bytes = readBytes(path);
  const damaged = (cause: unknown): FormatError =>
    new FormatError(`a parquet file of ${bytes.length} bytes that cannot be read (${messageOf(cause).split("\n")[0]})`, { where: path, help: "get the file again; it may be truncated or of a kind not supported", cause });
  // A copy: the reader wants an ArrayBuffer of exactly the file.
  const file = bytes.slice().buffer;
  let names: string[];
  let metadata: ReturnType<typeof parquetMetadata>;
  try {
    metadata = parquetMetadata(file);
    names = parquetSchema(metadata).children.map((child) => child.element.name);
  } catch (cause) {
    throw damaged(cause);
  }
  // The file's own total is left aside: some writers leave it at 0.
  const rows = metadata.row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
  const unknown = columns?.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new ArgumentError(`no column ${JSON.stringify(unknown)}`, { where: path, help: `use one of ${names.map((name) => JSON.stringify(name)).join(", ")}` });
  const wanted = columns ?? names;
  const [rowStart, rowEnd] = [Math.max(0, start), Math.min(end ?? rows, rows)];
  let objects: readonly Readonly<Record<string, unknown>>[];
  try {
    checkPages(file, metadata, wanted);
    objects = rowStart < rowEnd ? await parquetReadObjects({ file, metadata, columns: [...wanted], compressors, rowStart, rowEnd }) : [];
  } catch (cause) {
    throw damaged(cause);
  }
  if (objects.length !== Math.max(0, rowEnd - rowStart)) throw damaged(new Error(`${objects.length} of ${rowEnd - rowStart} rows`));
  return new Table(objects.length, new Map(wanted.map((name) => [name, columnOf(objects.map((object) => object[name]))])), path);
}
