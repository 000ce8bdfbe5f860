/** @file What the editor asks of the language worker and what it is told. Places are offsets in a cell's text in UTF-16 units, as editors count. */

/** A place in a cell. */
export interface CellSpan {
  readonly cell: string;
  readonly start: number;
  readonly end: number;
}

/** New text for a place. */
export interface CellEdit extends CellSpan {
  readonly text: string;
}

/** A place in a file that is no cell. */
export interface FileSpan {
  /** Absolute. */
  readonly file: string;
  /** From 0. */
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

export interface CellDiagnostic extends CellSpan {
  /** TypeScript's number; 0 for what it has no number for. */
  readonly code: number;
  readonly message: string;
  readonly severity: "error" | "unused" | "deprecated";
}

/** Names as TypeScript has them ("method", "var", "keyword", …); the editor picks icons by them. */
export type SymbolKind = string;

export interface Completion {
  readonly name: string;
  readonly kind: SymbolKind;
  readonly sortText: string;
  readonly insertText?: string;
  /** Replaces this; default: the word at the cursor. */
  readonly span?: CellSpan;
  readonly deprecated?: boolean;
  /** What it is imported from, where taking it adds an import. */
  readonly from?: string;
  /** Typed after it, these take it. */
  readonly commitCharacters?: readonly string[];
}

export interface Completions {
  readonly items: readonly Completion[];
  /** Where nothing is known of the value before the dot, its path: members of the live value are asked for. */
  readonly live?: string;
}

/** Of one completion, when it is looked at. */
export interface CompletionDetails {
  /** TypeScript code. */
  readonly signature: string;
  /** Markdown. */
  readonly docs: string;
  /** Imports to add. */
  readonly edits: readonly CellEdit[];
}

export interface Hover extends CellSpan {
  readonly signature: string;
  readonly docs: string;
  /** Where it stands for a variable of the notebook, or a part of one: "model.blocks.0". */
  readonly live?: string;
}

export interface SignatureHelp {
  readonly signatures: readonly { readonly label: string; readonly docs: string; readonly parameters: readonly { readonly start: number; readonly end: number; readonly docs: string }[] }[];
  readonly activeSignature: number;
  readonly activeParameter: number;
}

export interface OutlineItem extends CellSpan {
  readonly name: string;
  readonly kind: SymbolKind;
  /** Of its name. */
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly children: readonly OutlineItem[];
}

export type RenamePlace = CellSpan & { readonly name: string };
export type RenameResult = { readonly edits: readonly CellEdit[] } | { readonly refused: string };

export interface FormatOptions {
  readonly tabSize: number;
  readonly insertSpaces: boolean;
}

interface At {
  readonly cell: string;
  readonly offset: number;
}
interface InCell {
  readonly cell: string;
}

/** What can be asked, and the answer. Undefined: nothing is there. */
export interface LanguageMethods {
  readonly complete: { readonly params: At & { readonly trigger?: string }; readonly result: Completions | undefined };
  readonly resolve: { readonly params: At & { readonly name: string; readonly from?: string }; readonly result: CompletionDetails | undefined };
  readonly hover: { readonly params: At; readonly result: Hover | undefined };
  readonly signature: { readonly params: At & { readonly trigger?: string; readonly retrigger: boolean }; readonly result: SignatureHelp | undefined };
  readonly definition: { readonly params: At; readonly result: readonly (CellSpan | FileSpan)[] };
  readonly references: { readonly params: At & { readonly declaration: boolean }; readonly result: readonly (CellSpan | FileSpan)[] };
  readonly highlights: { readonly params: At; readonly result: readonly (CellSpan & { readonly write: boolean })[] };
  readonly prepareRename: { readonly params: At; readonly result: RenamePlace | { readonly refused: string } };
  readonly rename: { readonly params: At & { readonly name: string }; readonly result: RenameResult };
  readonly outline: { readonly params: InCell; readonly result: readonly OutlineItem[] };
  /** Of the whole cell, of a part of it, or of what a typed character has finished. */
  readonly format: { readonly params: InCell & { readonly options: FormatOptions; readonly start?: number; readonly end?: number; readonly typed?: { readonly offset: number; readonly key: string } }; readonly result: readonly CellEdit[] };
  /** Five numbers each: start, length, index in TOKEN_TYPES, bits of TOKEN_MODIFIERS, 0. */
  readonly tokens: { readonly params: InCell; readonly result: readonly number[] };
  readonly diagnostics: { readonly params: InCell; readonly result: readonly CellDiagnostic[] };
  /** Adds imports for a name that is not found. */
  readonly fixes: { readonly params: CellSpan; readonly result: readonly { readonly title: string; readonly edits: readonly CellEdit[] }[] };
}
export type LanguageMethod = keyof LanguageMethods;
export type LanguageParams<M extends LanguageMethod> = LanguageMethods[M]["params"];
export type LanguageResult<M extends LanguageMethod> = LanguageMethods[M]["result"];

/** To the worker. `sync` comes before the requests that need it. */
export type ToWorker =
  | {
      readonly kind: "sync";
      readonly notebook: string;
      /** The notebook's folder. */
      readonly cwd: string;
      /** All cells in order; `code` only of those that changed. */
      readonly cells: readonly { readonly id: string; readonly code?: string }[];
    }
  | { readonly kind: "close"; readonly notebook: string }
  | { readonly kind: "request"; readonly id: number; readonly notebook: string; readonly method: LanguageMethod; readonly params: LanguageParams<LanguageMethod> };

/** From the worker: each request is answered once. */
export type FromWorker = { readonly kind: "ready" } | { readonly kind: "answer"; readonly id: number; readonly result: unknown } | { readonly kind: "cancelled"; readonly id: number } | { readonly kind: "failed"; readonly id: number; readonly message: string };

/** Given to the worker as `workerData`. A request is cancelled by storing its id at `id % length`. */
export interface WorkerData {
  readonly cancelled: SharedArrayBuffer;
}
