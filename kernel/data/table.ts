/** @file Columns by name: what CSV, JSON lines and parquet files become. */
import { ArgumentError } from "../errors";
import { hostArrayFrom, toNumbers, type HostTensor } from "../graph/dtype";
import { arrays, record, type Dataset } from "./dataset";

/** One value a row: numbers as a tensor [N, …], text, or values that are neither (nested records, dates). */
export type Column =
  | { readonly kind: "numbers"; readonly tensor: HostTensor }
  | { readonly kind: "text"; readonly values: readonly string[] }
  | { readonly kind: "other"; readonly values: readonly unknown[] };

/** A column of class numbers: int32 [N], and the name of each class. */
export interface Classes {
  readonly tensor: HostTensor;
  readonly names: readonly string[];
}

/** Columns with the same number of rows. */
export class Table {
  readonly names: readonly string[];

  constructor(
    readonly rows: number,
    private readonly columns: ReadonlyMap<string, Column>,
    /** File it was read from, for errors. */
    private readonly where?: string,
  ) {
    this.names = [...columns.keys()];
  }

  /** @throws {ArgumentError} when there is no such column, listing those there are. */
  column(name: string): Column {
    const column = this.columns.get(name);
    if (column === undefined) throw new ArgumentError(`no column ${JSON.stringify(name)}`, { where: this.where, help: `use one of ${this.names.map((known) => JSON.stringify(known)).join(", ")}` });
    return column;
  }

  /** A column of numbers: [N] or [N, …]. @throws {ArgumentError} when it holds something else. */
  numbers(name: string): HostTensor {
    const column = this.column(name);
    if (column.kind !== "numbers") throw this.wrongKind(name, "numbers");
    return column.tensor;
  }

  /** A column of text; missing values are "". @throws {ArgumentError} when it holds something else. */
  text(name: string): readonly string[] {
    const column = this.column(name);
    if (column.kind !== "text") throw this.wrongKind(name, "text");
    return column.values;
  }

  /** The different values of a column of text or whole numbers, sorted, and for each row which one it has.
   * @throws {ArgumentError} for other columns. */
  classes(name: string): Classes {
    const column = this.column(name);
    if (column.kind === "other") throw this.wrongKind(name, "text or whole numbers");
    const values: readonly (string | number)[] = column.kind === "text" ? column.values : Array.from(toNumbers(column.tensor));
    if (values.length !== this.rows || values.some((value) => typeof value === "number" && !Number.isInteger(value))) throw this.wrongKind(name, "text or whole numbers");
    const names = [...new Set(values)].sort((a, b) => (a < b ? -1 : 1));
    const ids = new Map(names.map((value, id) => [value, id]));
    return { tensor: { dtype: "int32", shape: [this.rows], data: Int32Array.from(values, (value) => ids.get(value) ?? 0) }, names: names.map(String) };
  }

  /**
   * A data set with the given fields. A list of columns becomes float32 [their number]; one column keeps its shape: whole numbers and bool become int32,
   * other numbers float32, text its class numbers (int32, as `classes` gives them).
   * @throws {ArgumentError} for columns that hold neither numbers nor text, or lists of columns that are not one number a row.
   */
  dataset<K extends string>(fields: { readonly [name in K]: string | readonly string[] }): Dataset<K> {
    // SAFETY: own keys of the record of fields.
    return arrays(record(Object.keys(fields) as K[], (name) => this.field(fields[name])));
  }

  private field(source: string | readonly string[]): HostTensor {
    if (typeof source === "string") {
      const column = this.column(source);
      if (column.kind === "text") return this.classes(source).tensor;
      const tensor = this.numbers(source);
      const dtype = tensor.dtype === "float64" || tensor.dtype === "float32" ? "float32" : tensor.dtype === "uint8" || tensor.dtype === "int8" ? tensor.dtype : "int32";
      if (dtype === tensor.dtype) return tensor;
      const values = toNumbers(tensor);
      if (dtype === "int32" && values.some((value) => value !== Math.trunc(value) || Math.abs(value) > 2 ** 31 - 1)) throw this.wrongKind(source, "numbers that int32 holds");
      return { dtype, shape: tensor.shape, data: hostArrayFrom(dtype, values) };
    }
    const out = new Float32Array(this.rows * source.length);
    source.forEach((name, c) => {
      const values = toNumbers(this.numbers(name));
      if (values.length !== this.rows) throw this.wrongKind(name, "one number a row");
      values.forEach((value, row) => (out[row * source.length + c] = value));
    });
    return { dtype: "float32", shape: [this.rows, source.length], data: out };
  }

  private wrongKind(name: string, wanted: string): ArgumentError {
    const column = this.column(name);
    const kind = column.kind === "numbers" ? `${column.tensor.dtype} [${column.tensor.shape.join(", ")}]` : column.kind === "text" ? "text" : "values of mixed kinds";
    return new ArgumentError(`column ${JSON.stringify(name)} holds ${kind}, not ${wanted}`, { where: this.where, help: "choose another column, or convert it first" });
  }
}

const INT32_LIMIT = 2 ** 31;
const isInt32 = (value: number): boolean => Number.isInteger(value) && value >= -INT32_LIMIT && value < INT32_LIMIT && !Object.is(value, -0);

/**
 * A column of JavaScript values: numbers become int32 when all are such, else float64 with NaN for missing ones; bigints int64; booleans bool;
 * equally long lists of numbers [N, length]; strings text with "" for missing ones.
 */
export function columnOf(values: readonly unknown[]): Column {
  const present = values.filter((value) => value !== null && value !== undefined);
  const missing = present.length < values.length;
  if (present.length === 0) return { kind: "other", values };
  const tensor = (dtype: HostTensor["dtype"], numbers: ArrayLike<number>, shape: readonly number[] = [values.length]): Column => ({ kind: "numbers", tensor: { dtype, shape, data: hostArrayFrom(dtype, numbers) } });

  if (present.every(isNumber)) {
    if (!missing && present.every(isInt32)) return tensor("int32", present);
    return tensor("float64", values.map((value) => (isNumber(value) ? value : NaN)));
  }
  if (!missing && present.every(isBoolean)) return tensor("bool", present.map(Number));
  if (!missing && present.every(isBigInt) && present.every((value) => BigInt.asIntN(64, value) === value))
    return { kind: "numbers", tensor: { dtype: "int64", shape: [values.length], data: BigInt64Array.from(present) } };
  if (present.every(isString)) return { kind: "text", values: values.map((value) => (isString(value) ? value : "")) };
  if (!missing && present.every(isNumberList)) {
    const lists = present.map((list) => Array.from(list, Number));
    const length = lists[0].length;
    if (lists.every((list) => list.length === length)) {
      const flat = lists.flat();
      return tensor(flat.every(isInt32) ? "int32" : "float64", flat, [values.length, length]);
    }
  }
  return { kind: "other", values };
}

const isNumber = (value: unknown): value is number => typeof value === "number";
const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";
const isBigInt = (value: unknown): value is bigint => typeof value === "bigint";
const isString = (value: unknown): value is string => typeof value === "string";
const isNumberList = (value: unknown): value is ArrayLike<number | bigint> =>
  (Array.isArray(value) && value.every((item) => isNumber(item) || isBigInt(item))) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
