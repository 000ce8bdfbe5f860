/** @file Looks through the pages of a parquet file before they are decoded, so that a damaged length cannot fill the memory. */
import { type FileMetaData, parquetSchema, type ColumnMetaData } from "hyparquet";
import { compressors } from "hyparquet-compressors";
// The library's own parts, so that this reads headers and levels exactly as it will.
import { parquetHeader } from "hyparquet/src/column.js";
import { decompressPage } from "hyparquet/src/datapage.js";
import { getMaxDefinitionLevel, getMaxRepetitionLevel, getSchemaPath } from "hyparquet/src/schema.js";
import { readVarInt } from "hyparquet/src/thrift.js";

/** Values in one column chunk, and bytes of one unpacked page, beyond which a file is not read. Writers stay far below: pages are about 1 MB. */
const MAX_VALUES = 2 ** 27;
const MAX_PAGE_BYTES = 2 ** 28;
/** Runs may go over the number of values by padding: up to a group of 8, in old writers to the end of a larger one. */
const PADDING_VALUES = 4096;

/** @throws {Error} with a short reason, when a page's sizes, counts or runs do not fit the file. `columns` are the top-level names that will be read. */
export function checkPages(file: ArrayBuffer, metadata: FileMetaData, columns: readonly string[]): void {
  parquetSchema(metadata);
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows);
    for (const { meta_data: column } of group.columns) {
      if (column === undefined || !columns.includes(column.path_in_schema[0])) continue;
      const values = Number(column.num_values);
      if (!(rows >= 0 && values >= rows && values <= MAX_VALUES)) throw new Error(`column ${column.path_in_schema.join(".")} of ${values} values in ${rows} rows`);
      const found = countValues(file, metadata, column);
      if (found !== values) throw new Error(`column ${column.path_in_schema.join(".")} holds ${found} of ${values} values`);
    }
  }
}

/** Values in all pages of a column chunk, as far as their headers say. */
function countValues(file: ArrayBuffer, { schema }: FileMetaData, column: ColumnMetaData): number {
  const start = Math.min(Number(column.dictionary_page_offset || column.data_page_offset), Number(column.data_page_offset));
  const bytes = Number(column.total_compressed_size);
  if (!(start >= 0 && bytes >= 0 && start + bytes <= file.byteLength)) throw new Error(`pages at byte ${start}, ${bytes} long`);
  const path = getSchemaPath(schema, column.path_in_schema);
  const levels = [getMaxRepetitionLevel(path), getMaxDefinitionLevel(path)] as const;
  const reader = { view: new DataView(file, start, bytes), offset: 0 };
  let count = 0;
  // Like the decoder: a flat column ends with its last value, whatever stands behind; a nested one with the chunk.
  while (reader.offset < bytes - 1 && (levels[0] > 0 || count < Number(column.num_values))) {
    const header = parquetHeader(reader);
    const [packed, unpacked] = [header.compressed_page_size, header.uncompressed_page_size];
    if (!(packed >= 0 && reader.offset + packed <= bytes && unpacked >= 0 && unpacked <= MAX_PAGE_BYTES)) throw new Error(`a page of ${packed} bytes, ${unpacked} unpacked`);
    const page = new Uint8Array(file, start + reader.offset, packed);
    reader.offset += packed;
    const [v1, v2, dictionary] = [header.data_page_header, header.data_page_header_v2, header.dictionary_page_header];
    const values = (header.type === "DATA_PAGE" ? v1?.num_values : header.type === "DATA_PAGE_V2" ? v2?.num_values : dictionary?.num_values) ?? -1;
    if (!(values >= 0 && values <= MAX_VALUES)) throw new Error(`a page of ${values} values`);
    if (header.type === "DICTIONARY_PAGE") continue;
    count += values;
    if (header.type === "DATA_PAGE_V2" && v2 !== undefined) {
      const [repetition, definition] = [v2.repetition_levels_byte_length, v2.definition_levels_byte_length];
      const present = values - v2.num_nulls;
      if (!(repetition >= 0 && definition >= 0 && repetition + definition <= packed && present >= 0 && present <= values)) throw new Error("levels longer than their page");
      checkRuns(page, width(levels[0]), values);
      checkRuns(page.subarray(repetition), width(levels[1]), values);
      const body = page.subarray(repetition + definition);
      const rest = unpacked - repetition - definition;
      checkValues({ body: v2.is_compressed === false ? body : decompressPage(body, rest, column.codec, compressors), encoding: v2.encoding, column, values: present });
    } else if (v1 !== undefined) {
      let body = decompressPage(page, unpacked, column.codec, compressors);
      for (const level of levels) if (level > 0) body = body.subarray(checkPrefixedRuns(body, width(level), values));
      checkValues({ body, encoding: v1.encoding, column, values });
    }
  }
  return count;
}

interface PageValues {
  readonly body: Uint8Array;
  readonly encoding: string;
  readonly column: ColumnMetaData;
  readonly values: number;
}

/** The encodings whose decoding grows by what runs say: dictionary indices and run-length booleans. */
function checkValues({ body, encoding, column, values }: PageValues): void {
  if (values === 0 || body.length === 0) return;
  if (encoding === "RLE") checkPrefixedRuns(body, 1, values);
  else if (encoding === "RLE_DICTIONARY" || encoding === "PLAIN_DICTIONARY") {
    if (column.type === "BOOLEAN") checkPrefixedRuns(body, 1, values);
    else checkRuns(body.subarray(1), body[0], values);
  }
}

const width = (level: number): number => 32 - Math.clz32(level);

/** Runs after their length in 4 bytes. Where they end. */
function checkPrefixedRuns(body: Uint8Array, bits: number, values: number): number {
  const length = body.length < 4 ? -1 : new DataView(body.buffer, body.byteOffset).getUint32(0, true);
  if (length < 0 || 4 + length > body.length) throw new Error(`runs of ${length} bytes in a page of ${body.length}`);
  checkRuns(body.subarray(4), bits, values);
  return 4 + length;
}

/** Walks run-length and bit-packed runs from the start of `bytes` until `values` are seen or they end, without making them. Their stated length is not used: some writers state too little. */
function checkRuns(bytes: Uint8Array, bits: number, values: number): void {
  if (bits === 0) return;
  if (bits > 32) throw new Error(`values of ${bits} bits`);
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  for (let seen = 0; seen < values; ) {
    // Fewer than `values` are right where some are missing; where not, the decoder says so.
    if (reader.offset >= bytes.length) return;
    const header = readVarInt(reader);
    const packed = (header & 1) === 1;
    const run = packed ? (header >>> 1) * 8 : header >>> 1;
    if (seen + run > values + PADDING_VALUES) throw new Error(`a run of ${run} values in a page of ${values}`);
    reader.offset += packed ? (run / 8) * bits : (bits + 7) >> 3;
    seen += run;
  }
}
