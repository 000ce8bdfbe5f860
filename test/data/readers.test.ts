import fc from "fast-check";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseCsv } from "../../kernel/data/csv";
import { range } from "../../kernel/data/dataset";
import { decodeIdx, idx, idxImages } from "../../kernel/data/idx";
import { imageFolder } from "../../kernel/data/imageFolder";
import { parseJsonl, jsonl } from "../../kernel/data/jsonl";
import { npy } from "../../kernel/data/npy";
import { parquet } from "../../kernel/data/parquet";
import { resize } from "../../kernel/data/resize";
import type { Table } from "../../kernel/data/table";
import { ArgumentError, FormatError, IsoflopError, ShapeError } from "../../kernel/errors";
import { toNumbers } from "../../kernel/graph/dtype";
import { writeNpy } from "../../kernel/io/npy";
import { encodePixels } from "../../kernel/media/png";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "isoflop-readers-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

/** Bytes of an IDX file. */
function idxBytes(type: number, shape: readonly number[], data: Uint8Array): Uint8Array {
  const out = new Uint8Array(4 + 4 * shape.length + data.length);
  const view = new DataView(out.buffer);
  out.set([0, 0, type, shape.length]);
  shape.forEach((size, axis) => view.setUint32(4 + 4 * axis, size));
  out.set(data, 4 + 4 * shape.length);
  return out;
}

describe("IDX", () => {
  it("gives back what was written, packed or not", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { maxLength: 4 }), (shape) => {
        const data = Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (7 * i) % 256);
        expect(decodeIdx(idxBytes(8, shape, data))).toEqual({ dtype: "uint8", shape, data });
      }),
    );
    const path = file("a.idx.gz", gzipSync(idxBytes(8, [2, 2], Uint8Array.of(1, 2, 3, 255))));
    expect([...idx(path).data]).toEqual([1, 2, 3, 255]);
  });

  it("reads the other element types, big-endian", () => {
    const view = new DataView(new ArrayBuffer(16));
    view.setInt16(0, -300);
    view.setInt16(2, 7);
    expect(decodeIdx(idxBytes(0x0b, [2], new Uint8Array(view.buffer, 0, 4)))).toEqual({ dtype: "int32", shape: [2], data: Int32Array.of(-300, 7) });
    view.setFloat32(0, 1.5);
    expect([...decodeIdx(idxBytes(0x0d, [1], new Uint8Array(view.buffer, 0, 4))).data]).toEqual([1.5]);
    view.setFloat64(0, -1e300);
    expect([...decodeIdx(idxBytes(0x0e, [1], new Uint8Array(view.buffer, 0, 8))).data]).toEqual([-1e300]);
  });

  it("refuses files that are cut, too long, of another kind, or that claim huge sizes", () => {
    const whole = idxBytes(8, [3, 2], new Uint8Array(6));
    for (let length = 0; length < whole.length; length++) expect(() => decodeIdx(whole.subarray(0, length))).toThrow(FormatError);
    expect(() => decodeIdx(Uint8Array.of(...whole, 0))).toThrow(/7 bytes of data instead of 6/);
    expect(() => decodeIdx(idxBytes(8, [0xffffffff, 0xffffffff, 0xffffffff], new Uint8Array(3)))).toThrow(FormatError);
    expect(() => decodeIdx(idxBytes(0x0e, [0x20000000], new Uint8Array(0)))).toThrow(FormatError);
    expect(() => decodeIdx(idxBytes(0x0a, [1], new Uint8Array(1)))).toThrow(FormatError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          decodeIdx(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
    );
    expect(() => idx(file("cut.gz", gzipSync(whole).subarray(0, 20)))).toThrow(/damaged gzip.*cut\.gz/s);
    expect(() => idx(join(folder, "none"))).toThrow(ArgumentError);
  });

  it("images come with their labels, scaled and laid out", () => {
    const images = file("images", idxBytes(8, [2, 1, 2, 3], Uint8Array.of(0, 51, 102, 153, 204, 255, 255, 0, 0, 0, 0, 0)));
    const labels = file("labels", idxBytes(8, [2], Uint8Array.of(4, 9)));
    const first = idxImages({ images, labels, range: [-1, 1] }).rows([0, 1]);
    expect(first.image.shape).toEqual([2, 3, 1, 2]);
    expect([...toNumbers(first.image)].map((value) => Math.round(value * 10) / 10)).toEqual([-1, 0.2, -0.6, 0.6, -0.2, 1, 1, -1, -1, -1, -1, -1]);
    expect([...first.label.data]).toEqual([4, 9]);
    expect(() => idxImages({ images, labels: images })).toThrow(ShapeError);
  });
});

describe("CSV", () => {
  const quote = (field: string): string => (/[",\r\n]/.test(field) || field === "" ? `"${field.replaceAll('"', '""')}"` : field);

  it("gives back any fields that were written with quotes", () => {
    const field = fc.oneof(fc.constantFrom("", "a,b", 'say "hi"', "two\nlines", "x\r\ny", " blank ", "7", "é"), fc.string({ maxLength: 6 }).filter((text) => !text.includes("\r")));
    fc.assert(
      fc.property(fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 8 }), fc.constantFrom("\n", "\r\n"), fc.boolean(), (records, end, last) => {
        const text = records.map((record) => record.map(quote).join(",")).join(end) + (last ? end : "");
        const table = parseCsv(text, { header: false });
        expect(table.rows).toBe(records.length);
        for (const c of [0, 1]) {
          const column = table.column(String(c));
          if (column.kind === "text") expect(column.values).toEqual(records.map((record) => record[c]));
        }
      }),
    );
  });

  it("infers types column by column", () => {
    const table = parseCsv("\ufeffid,x,ok,name,code,gap\n1,0.5,true,Ann,007,\n-2,1e3,FALSE,,010,3\n");
    expect(table.numbers("id")).toEqual({ dtype: "int32", shape: [2], data: Int32Array.of(1, -2) });
    expect(table.numbers("x")).toEqual({ dtype: "float64", shape: [2], data: Float64Array.of(0.5, 1000) });
    expect(table.numbers("ok")).toEqual({ dtype: "bool", shape: [2], data: Uint8Array.of(1, 0) });
    expect(table.text("name")).toEqual(["Ann", ""]);
    expect(table.text("code")).toEqual(["007", "010"]);
    expect([...table.numbers("gap").data]).toEqual([NaN, 3]);
    expect([...parseCsv("a\n4000000000\n").numbers("a").data]).toEqual([4e9]);
    expect([...parseCsv("a\nnan\n-inf\n").numbers("a").data]).toEqual([NaN, -Infinity]);
  });

  it("makes data sets of columns", () => {
    const set = parseCsv("a,b,kind,n\n1,2.5,cat,3\n3,4,dog,4\n5,6,cat,5\n").dataset({ x: ["a", "b"], y: "kind", n: "n" });
    const rows = set.rows([2, 0]);
    expect(rows.x).toEqual({ dtype: "float32", shape: [2, 2], data: Float32Array.of(5, 6, 1, 2.5) });
    expect([...rows.y.data, ...rows.n.data]).toEqual([0, 0, 5, 3]);
    expect(parseCsv("k\nb\na\nb\n").classes("k")).toEqual({ tensor: { dtype: "int32", shape: [3], data: Int32Array.of(1, 0, 1) }, names: ["a", "b"] });
    expect(parseCsv("k\n10\n9\n10\n").classes("k").names).toEqual(["9", "10"]);
  });

  it("names the line of a ragged record, of a quote that does not match, and unknown columns", () => {
    expect(() => parseCsv("a,b\n1,2\n3\n")).toThrow(/1 fields where the first has 2\n  at csv text, line 3/);
    expect(() => parseCsv('a,b\n"x\ny",2\n3,4,5\n')).toThrow(/line 4/);
    expect(() => parseCsv('a,b\n1,"2\n3,4\n')).toThrow(/never closed\n  at csv text, line 2/);
    expect(() => parseCsv('a\n"b"c\n')).toThrow(/"c" after a closing quote/);
    expect(() => parseCsv('a\nb"c\n')).toThrow(FormatError);
    expect(() => parseCsv("a,a\n1,2\n")).toThrow(/two columns named "a"/);
    expect(() => parseCsv("a;b\n1;2\n", { delimiter: ";" }).column("c")).toThrow(/use one of "a", "b"/);
    expect(() => parseCsv("a\n1\n", { delimiter: '"' })).toThrow(FormatError);
    expect(() => parseCsv("a\nx\n").numbers("a")).toThrow(/holds text, not numbers/);
    expect(parseCsv("").rows).toBe(0);
  });

  it("never fails otherwise, whatever the text", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('"', ",", "\n", "\r\n", "\r", "a", "1", ""), { maxLength: 20 }), (parts) => {
        try {
          parseCsv(parts.join(""));
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("JSON lines", () => {
  it("become columns of what they hold", () => {
    const table = parseJsonl('{"text":"a","n":1,"v":[1,2.5]}\r\n\n{"text":"b","v":[3,4],"odd":{"x":1}}\n');
    expect(table.rows).toBe(2);
    expect(table.text("text")).toEqual(["a", "b"]);
    expect([...table.numbers("n").data]).toEqual([1, NaN]);
    expect(table.numbers("v")).toEqual({ dtype: "float64", shape: [2, 2], data: Float64Array.of(1, 2.5, 3, 4) });
    expect(table.column("odd").kind).toBe("other");
    expect(() => table.text("odd")).toThrow(ArgumentError);
  });

  it("come back as written, from packed files too", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ a: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), s: fc.string() }), { minLength: 1 }), (records) => {
        const table = parseJsonl(records.map((record) => JSON.stringify(record)).join("\n"));
        expect([...table.numbers("a").data]).toEqual(records.map((record) => record.a));
        expect(table.text("s")).toEqual(records.map((record) => record.s));
      }),
    );
    expect(jsonl(file("x.jsonl.gz", gzipSync('{"a":1}\n'))).rows).toBe(1);
  });

  it("name the line that is broken", () => {
    expect(() => parseJsonl('{"a":1}\n{"a":')).toThrow(/line 2/);
    expect(() => parseJsonl("[1]\n")).toThrow(/a list instead of an object/);
    expect(() => parseJsonl("null\n")).toThrow(FormatError);
    expect(parseJsonl('{"__proto__":1,"b":2}\n').numbers("b").shape).toEqual([1]);
  });
});

describe("parquet", () => {
  const written = (): Uint8Array =>
    new Uint8Array(
      parquetWriteBuffer({
        columnData: [
          { name: "i", data: [1, 2, -3], type: "INT32" },
          { name: "l", data: [1n, 2n ** 40n, -3n], type: "INT64" },
          { name: "f", data: [0.5, 1.5, -2], type: "DOUBLE" },
          { name: "s", data: ["a", "b", "a"], type: "STRING" },
          { name: "b", data: [true, false, true], type: "BOOLEAN" },
        ],
      }),
    );

  it("becomes columns with the file's types, or those and the rows asked for", async () => {
    const path = file("a.parquet", written());
    const table = await parquet(path);
    expect(table.names).toEqual(["i", "l", "f", "s", "b"]);
    expect(table.numbers("i")).toEqual({ dtype: "int32", shape: [3], data: Int32Array.of(1, 2, -3) });
    expect(table.numbers("l")).toEqual({ dtype: "int64", shape: [3], data: BigInt64Array.of(1n, 2n ** 40n, -3n) });
    expect([...table.numbers("f").data]).toEqual([0.5, 1.5, -2]);
    expect(table.text("s")).toEqual(["a", "b", "a"]);
    expect([...table.numbers("b").data]).toEqual([1, 0, 1]);
    const part = await parquet(path, { columns: ["s", "i"], start: 1 });
    expect([part.names, part.text("s"), [...part.numbers("i").data]]).toEqual([["s", "i"], ["b", "a"], [2, -3]]);
    expect([...(await parquet(path)).dataset({ x: ["i", "f"], y: "s" }).rows([1]).x.data]).toEqual([2, 1.5]);
  });

  it("that is cut anywhere, or damaged, is an error and never a hang", async () => {
    const whole = written();
    for (let length = 0; length < whole.length; length += 7) {
      const path = file("cut.parquet", whole.subarray(0, length));
      await expect(parquet(path)).rejects.toThrow(FormatError);
    }
    // The first byte of a page's runs: without a look at the pages first, it makes the decoder write a billion values.
    for (const at of [20, 57, 98, 143, 183]) {
      const changed = whole.slice();
      changed[at] = 255;
      await expect(parquet(file("runs.parquet", changed))).rejects.toThrow(FormatError);
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, value) => {
        const changed = whole.slice();
        changed[at] = value;
        // A change of the data themselves is not seen: parquet has no checksum here.
        await parquet(file("changed.parquet", changed)).catch((error: unknown) => expect(error).toBeInstanceOf(IsoflopError));
      }),
      { numRuns: 300 },
    );
    await expect(parquet(join(folder, "none"))).rejects.toThrow(ArgumentError);
    await expect(parquet(file("a.parquet", whole), { columns: ["zz"] })).rejects.toThrow(/no column "zz"/);
  });
});

describe("npy", () => {
  it("files become the fields of a data set", async () => {
    await writeNpy(join(folder, "x.npy"), { dtype: "float32", shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) });
    await writeNpy(join(folder, "y.npy"), { dtype: "int64", shape: [3], data: BigInt64Array.of(7n, 8n, 9n) });
    const set = await npy({ x: join(folder, "x.npy"), y: join(folder, "y.npy") });
    const rows = set.rows([2, 0]);
    expect([[...rows.x.data], [...rows.y.data]]).toEqual([[5, 6, 1, 2], [9n, 7n]]);
    await writeNpy(join(folder, "y.npy"), { dtype: "int64", shape: [2], data: BigInt64Array.of(7n, 8n) });
    await expect(npy({ x: join(folder, "x.npy"), y: join(folder, "y.npy") })).rejects.toThrow(ShapeError);
  });
});

describe("resize", () => {
  interface Case {
    readonly from: readonly [number, number];
    readonly to: readonly [number, number];
    readonly pixels: readonly number[];
    readonly resized: readonly number[];
  }
  const cases: readonly Case[] = JSON.parse(readFileSync(new URL("../fixtures/data/resize.json", import.meta.url), "utf8"));

  it.each(cases)("of $from to $to pixels is torch's, with anti-aliasing", ({ from: [height, width], to: [toHeight, toWidth], pixels, resized }) => {
    const out = resize(pixels, 2, { from: { top: 0, left: 0, height, width, stride: width }, to: { height: toHeight, width: toWidth } });
    expect(out.length).toBe(resized.length);
    resized.forEach((value, i) => expect(out[i]).toBeCloseTo(value, 2));
  });

  it("by boxes keeps the mean, and of a size to itself changes nothing", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), (from, to) => {
        const pixels = Float32Array.from({ length: from * from }, (_, i) => Math.sin(i * i));
        const area = { top: 0, left: 0, height: from, width: from, stride: from };
        const mean = (values: Float32Array): number => values.reduce((a, b) => a + b, 0) / values.length;
        if (to <= from) expect(mean(resize(pixels, 1, { from: area, to: { height: to, width: to }, filter: "box" }))).toBeCloseTo(mean(pixels), 5);
        for (const filter of ["box", "bilinear"] as const) expect(resize(pixels, 1, { from: area, to: { height: from, width: from }, filter })).toEqual(pixels);
      }),
    );
  });
});

describe("imageFolder", () => {
  const png = (width: number, height: number, channels: 1 | 3 | 4, at: (x: number, y: number, c: number) => number): Uint8Array =>
    encodePixels({ width, height, channels, data: Uint8Array.from({ length: width * height * channels }, (_, i) => at(Math.floor(i / channels) % width, Math.floor(i / channels / width), i % channels)) });

  it("labels images by their folders, crops, scales and lays them out", () => {
    const root = join(folder, "pictures");
    for (const name of ["dogs", "cats/young"]) mkdirSync(join(root, name), { recursive: true });
    writeFileSync(join(root, "dogs", "b.png"), png(8, 4, 3, (x, _y, c) => (c === 0 ? 255 : x < 2 || x >= 6 ? 255 : 0)));
    writeFileSync(join(root, "dogs", "a.png"), png(4, 4, 1, () => 51));
    writeFileSync(join(root, "cats", "young", "c.PNG"), png(4, 4, 4, (_x, _y, c) => (c === 3 ? 51 : 255)));
    writeFileSync(join(root, "cats", "notes.txt"), "no image");
    const set = imageFolder(root, { side: 2, range: [0, 5] });
    expect(set.classes).toEqual(["cats", "dogs"]);
    expect(set.files.map((path) => path.slice(root.length + 1))).toEqual(["cats/young/c.PNG", "dogs/a.png", "dogs/b.png"]);
    expect(set.skipped.length).toBe(1);
    const rows = set.rows(range(3));
    expect(rows.image.shape).toEqual([3, 3, 2, 2]);
    expect([...rows.label.data]).toEqual([0, 1, 1]);
    const values = [...toNumbers(rows.image)].map((value) => Math.round(value * 1000) / 1000);
    // A fifth opaque white over black, grey 51, and the middle square: red alone.
    expect(values).toEqual([...new Array<number>(24).fill(1), ...new Array<number>(4).fill(5), ...new Array<number>(8).fill(0)]);
    const grey = imageFolder(root, { side: 2, channels: 1, layout: "last", fit: "stretch", filter: "box" }).rows([2]).image;
    expect(grey.shape).toEqual([1, 2, 2, 1]);
    expect(Number(grey.data[0])).toBeCloseTo(0.299 + (1 - 0.299) / 2, 3);
  });

  it("names a damaged file, and folders without images", () => {
    const root = join(folder, "broken");
    mkdirSync(join(root, "a"), { recursive: true });
    const whole = png(16, 16, 3, (x, y) => (x * y) % 256);
    writeFileSync(join(root, "a", "cut.png"), whole.subarray(0, whole.length / 2));
    const set = imageFolder(root, { side: 4 });
    expect(() => set.rows([0])).toThrow(FormatError);
    expect(() => set.rows([0])).toThrow(/cut\.png/);
    writeFileSync(join(root, "a", "cut.png"), "not a picture");
    expect(() => set.rows([0])).toThrow(FormatError);
    rmSync(join(root, "a", "cut.png"));
    expect(() => imageFolder(root, { side: 4 })).toThrow(/no PNG files/);
    expect(() => imageFolder(join(folder, "nowhere"), { side: 4 })).toThrow(ArgumentError);
    expect(() => imageFolder(root, { side: 0 })).toThrow(ArgumentError);
  });
});

describe("tables", () => {
  it("refuse to make int32 of what it does not hold", async () => {
    const table: Table = parseJsonl(`{"a":${2 ** 40}}\n`);
    expect(table.dataset({ a: "a" }).rows([0]).a.dtype).toBe("float32");
    const big = await parquet(file("big.parquet", new Uint8Array(parquetWriteBuffer({ columnData: [{ name: "n", data: [2n ** 40n], type: "INT64" }] }))));
    expect(() => big.dataset({ n: "n" })).toThrow(/int32/);
  });
});
