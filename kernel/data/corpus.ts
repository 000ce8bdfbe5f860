/** @file Real text without a download: what the packages that IsoFLOP depends on bring along. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ArgumentError } from "../errors";
import { listFolder, readText } from "./files";
import { textOf, utf8 } from "./tokenizers/tokenizer";

export interface CorpusDocument {
  /** Package and path: "typescript/lib/lib.dom.d.ts". */
  readonly name: string;
  readonly text: string;
}

/** Text in documents, with what is needed to say what it was. */
export interface Corpus {
  readonly documents: readonly CorpusDocument[];
  /** UTF-8 length of all documents. */
  readonly bytes: number;
  /** SHA-256 of all documents, hexadecimal: equal where the text is. */
  readonly digest: string;
}

/**
 * Kinds of text, which have nothing in common but the language of their authors:
 * - `english`: licence texts, and the prose of the comments in TypeScript's declaration files (descriptions of the web and the language);
 * - `licences`: licence texts alone;
 * - `markdown`: READMEs and documentation pages as they are;
 * - `typescript`: declaration files without their comments;
 * - `javascript`: programs as they were written, none that a tool shortened;
 * - `cpp`: C and C++ sources and headers;
 * - `json`: JSON files, most of it the messages of a compiler in many languages, Czech first.
 */
export type CorpusKind = "english" | "licences" | "markdown" | "typescript" | "javascript" | "cpp" | "json";

export interface CorpusOptions {
  /** Default `english`. */
  readonly kind?: CorpusKind;
  /** At most this many bytes; the last document is cut at a line. Default 2 MiB. */
  readonly bytes?: number;
  /** Packages to read instead of IsoFLOP's own dependencies. */
  readonly packages?: readonly string[];
}

/** Direct dependencies with text and without platform-specific files, in the order they are read. Their versions are locked, so the text is the same everywhere. */
const PACKAGES = [
  "typescript", "@bufbuild/protobuf", "@huggingface/tokenizers", "d3-scale", "d3-shape", "esbuild", "fast-png", "gifenc", "hyparquet",
  "hyparquet-compressors", "koffi", "magic-string", "ml-matrix", "onnxruntime-node",
] as const;

const DEFAULT_BYTES = 2 ** 21;
/** Comments shorter than this are labels rather than prose. */
const MIN_PROSE_UNITS = 60;
const LICENCE_NAME = /^(licen[sc]e|copying|notice|thirdpartynotice)/i;

/**
 * Text from installed packages: the same on every machine with the same package lock. Documents and comments that appear twice are taken once.
 * @throws {ArgumentError} when a package is not installed.
 */
export function corpus({ kind = "english", bytes: limit = DEFAULT_BYTES, packages = PACKAGES }: CorpusOptions = {}): Corpus {
  if (!(limit > 0)) throw new ArgumentError(`corpus(): ${limit} bytes`, { help: "give a positive number of bytes" });
  const files = packages.flatMap((name) => filesOf(packageFolder(name)).map((path) => ({ name: `${name}/${path}`, path: join(packageFolder(name), path) })));
  const seen = new Set<string>();
  const once = (text: string): boolean => text.trim() !== "" && !seen.has(text) && seen.add(text) !== undefined;
  const documents: CorpusDocument[] = [];
  let left = limit;
  for (const reader of READERS[kind]) {
    for (const { name, path } of files) {
      if (left <= 0) return corpusOf(documents);
      const text = reader(name, () => readText(path).replaceAll("\r\n", "\n"), once);
      if (text === undefined || !once(text)) continue;
      const kept = cut(text, left);
      left -= utf8(kept).length;
      if (kept !== "") documents.push({ name, text: kept });
    }
  }
  return corpusOf(documents);
}

/** A corpus of texts at hand. */
export function corpusOf(documents: readonly CorpusDocument[]): Corpus {
  const hash = createHash("sha256");
  let total = 0;
  for (const { text } of documents) {
    const encoded = utf8(text);
    total += encoded.length;
    hash.update(`${encoded.length}\n`).update(encoded);
  }
  return { documents, bytes: total, digest: hash.digest("hex") };
}

/** Text of a file for one kind of corpus, or undefined for files that do not belong to it. */
type Reader = (name: string, read: () => string, once: (text: string) => boolean) => string | undefined;

const baseName = (name: string): string => name.slice(name.lastIndexOf("/") + 1);
const isDeclaration = (name: string): boolean => name.endsWith(".d.ts");

const licence: Reader = (name, read) => (LICENCE_NAME.test(baseName(name)) ? read() : undefined);
const comments: Reader = (name, read, once) => (isDeclaration(name) ? prose(read()).filter(once).join("\n\n") + "\n" : undefined);
const markdown: Reader = (name, read) => (/\.md$/i.test(name) && !LICENCE_NAME.test(baseName(name)) ? read() : undefined);
const declarations: Reader = (name, read) =>
  isDeclaration(name)
    ? read()
        .replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "")
        .replace(/[ \t]+$/gm, "")
        .replace(/\n{2,}/g, "\n")
    : undefined;
const javascript: Reader = (name, read) => (/\.[cm]?js$/.test(name) ? written(read()) : undefined);
const cpp: Reader = (name, read) => (/\.(cc|hh|h)$/.test(name) ? read() : undefined);
const json: Reader = (name, read) => (name.endsWith(".json") ? read() : undefined);

const READERS: { readonly [kind in CorpusKind]: readonly Reader[] } = {
  english: [licence, comments],
  licences: [licence],
  markdown: [markdown],
  typescript: [declarations],
  javascript: [javascript],
  cpp: [cpp],
  json: [json],
};

/** Characters of a mean line, above which a program is one that a tool has shortened. */
const LONG_LINE_UNITS = 120;

const written = (source: string): string | undefined => (source.length <= LONG_LINE_UNITS * source.split("\n").length ? source : undefined);

/** The paragraphs of documentation comments, without their stars, link syntax, reference links and examples. */
function prose(source: string): string[] {
  return [...source.matchAll(/\/\*\*([\s\S]*?)\*\//g)].flatMap(([, body]) => {
    const text = body
      .replace(/^[ \t]*\* ?/gm, "")
      .replace(/```[\s\S]*?(```|$)/g, "")
      .replace(/^\[MDN Reference\].*$/gm, "")
      .replace(/\{@link(?:code|plain)? ([^}|]*?)(?:\s*\|\s*([^}]*))?\}/g, (_, target: string, label?: string) => label ?? target)
      .replace(/\[([^\]]+)\]\([^)]*\)/g, "$1")
      .replace(/^@(example|see)[\s\S]*?(?=^@|$(?![\s\S]))/gm, "")
      .replace(/\n{3,}/g, "\n\n")
      .trim();
    return text.length >= MIN_PROSE_UNITS ? [text] : [];
  });
}

/** The beginning of `text` of at most `limit` bytes, to the end of a line (or of a character, where a line is longer than that). */
function cut(text: string, limit: number): string {
  const encoded = utf8(text);
  if (encoded.length <= limit) return text;
  const whole = encoded.lastIndexOf(10, limit - 1) + 1;
  let end = Math.floor(limit);
  while (end > 0 && (encoded[end] & 0xc0) === 0x80) end--;
  return textOf(encoded.subarray(0, whole > 0 ? whole : end));
}

/** Paths of all files of a package, relative to it, sorted by name folder by folder; without packages inside it. */
function filesOf(folder: string, inside = ""): string[] {
  return listFolder(join(folder, inside)).flatMap((entry) => {
    const path = inside === "" ? entry.name : `${inside}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesOf(folder, path);
    return entry.isFile() ? [path] : [];
  });
}

/** The folder of an installed package, looked for as Node does from here. */
function packageFolder(name: string): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) throw new ArgumentError(`package ${name} is not installed`, { help: "run npm ci, or name installed packages" });
  }
}
