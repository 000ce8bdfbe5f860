/** @file Completion and inspection for consoles and Jupyter clients: code and cursor, after the cells that ran before. */
import type { MimeBundle } from "../protocol/messages";
import type { LanguageOptions } from "./compilerHost";
import { NotebookLanguage } from "./notebookLanguage";

export interface ConsoleRequest {
  readonly code: string;
  /** Place of the cursor, in Unicode code points as Jupyter counts; behind the end means the end. */
  readonly cursorPos: number;
  /** Sources of the cells that ran, oldest first. */
  readonly cells: readonly string[];
  /** Names of the running notebook, with which what no cell declares is completed too. */
  readonly names?: Iterable<string>;
  /** Members of a live value by its path ("model.blocks"), for values whose type is not known. */
  readonly members?: (path: string) => readonly string[];
}

export interface CompletedCode {
  readonly matches: readonly string[];
  /** What they replace, in code points. */
  readonly cursorStart: number;
  readonly cursorEnd: number;
  /** As IPython tells it: kinds for the list. */
  readonly types: readonly { readonly start: number; readonly end: number; readonly text: string; readonly type: string }[];
}

const CURRENT = "current";
/** Cells far back rarely matter, and a console may run for days. */
const MAX_CELLS = 300;
const MAX_MATCHES = 500;

/** Answers one console or notebook; keeps what it has read of earlier cells. */
export class ConsoleLanguage {
  private readonly language: NotebookLanguage;

  constructor(options: LanguageOptions) {
    this.language = new NotebookLanguage(options);
  }

  /** What could stand at the cursor, best first. */
  completeAt(request: ConsoleRequest): CompletedCode {
    const { code, names = [], members } = request;
    const cursor = this.show(request);
    const word = /[\p{ID_Continue}$\u200c\u200d]*$/u.exec(code.slice(0, cursor))?.[0] ?? "";
    const start = cursor - word.length;
    const found = this.language.ask("complete", { cell: CURRENT, offset: cursor });
    const items = (found?.items ?? []).filter(({ name, from, insertText, span }) => from === undefined && (insertText === undefined || insertText === name) && (span === undefined || span.start === start));
    const kinds = new Map(items.toSorted((a, b) => compare(a.sortText, b.sortText) || compare(a.name, b.name)).map(({ name, kind }) => [name, kind]));
    if (found?.live !== undefined) for (const name of members?.(found.live) ?? []) if (!kinds.has(name)) kinds.set(name, "property");
    if (code[start - 1] !== "." && kinds.has("globalThis")) for (const name of names) if (!kinds.has(name)) kinds.set(name, "var");
    const fits = [...kinds].filter(([name]) => name.toLowerCase().startsWith(word.toLowerCase())).slice(0, MAX_MATCHES);
    const from = pointsIn(code.slice(0, start));
    const to = pointsIn(code.slice(0, cursor));
    return { matches: fits.map(([name]) => name), cursorStart: from, cursorEnd: to, types: fits.map(([text, type]) => ({ start: from, end: to, text, type })) };
  }

  /** Type and documentation of what the cursor is on or behind, as text and Markdown; undefined where there is nothing. */
  inspectAt(request: ConsoleRequest): MimeBundle | undefined {
    const cursor = this.show(request);
    // Within a call's brackets, the function is meant: `nn.gpt(|`.
    const before = /[([,]\s*$/.exec(request.code.slice(0, cursor))?.index;
    const places = [cursor, Math.max(0, cursor - 1), ...(before === undefined ? [] : [before])];
    for (const offset of places) {
      const hover = this.language.ask("hover", { cell: CURRENT, offset });
      if (hover !== undefined) return { "text/plain": hover.docs === "" ? hover.signature : `${hover.signature}\n\n${hover.docs}`, "text/markdown": `\`\`\`typescript\n${hover.signature}\n\`\`\`\n\n${hover.docs}` };
    }
    return undefined;
  }

  /** The cursor in UTF-16 units. */
  private show({ code, cursorPos, cells }: ConsoleRequest): number {
    const kept = cells.slice(-MAX_CELLS).map((text, index) => ({ id: String(cells.length - Math.min(cells.length, MAX_CELLS) + index), code: text }));
    this.language.update([...kept, { id: CURRENT, code }]);
    return Array.from(code).slice(0, Math.max(0, cursorPos)).join("").length;
  }
}

const pointsIn = (text: string): number => Array.from(text).length;

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

let shared: { readonly key: string; readonly language: ConsoleLanguage } | undefined;

/** One service for a process: a kernel has one notebook. */
function languageFor(options: LanguageOptions): ConsoleLanguage {
  const key = JSON.stringify(options);
  if (shared?.key !== key) shared = { key, language: new ConsoleLanguage(options) };
  return shared.language;
}

/** What could stand at the cursor of a `complete_request`. The first call reads the library's types: about a second. */
export const completeAt = (request: ConsoleRequest & LanguageOptions): CompletedCode => languageFor(optionsOf(request)).completeAt(request);

/** What an `inspect_request` asks about; undefined where nothing is. */
export const inspectAt = (request: ConsoleRequest & LanguageOptions): MimeBundle | undefined => languageFor(optionsOf(request)).inspectAt(request);

const optionsOf = ({ cwd, types }: LanguageOptions): LanguageOptions => ({ cwd, types });
