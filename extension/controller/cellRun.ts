/** @file Runs of cells as a value: what they are, what happens to them, what has to be done about it. */
import type { CellCost, AttachReply, IopubMessage, ReplyContent } from "../../kernel/protocol/jupyter";
import type { ErrorContent, MimeBundle } from "../../kernel/protocol/messages";
import type { KnownDisplay } from "../kernel/notebookMemory";

/** What an output shows, as the kernel sent it. */
export type Content =
  | { readonly type: "stream"; readonly name: "stdout" | "stderr"; readonly text: string }
  | { readonly type: "display_data"; readonly data: MimeBundle; readonly metadata: MimeBundle; readonly displayId: string | undefined }
  | { readonly type: "execute_result"; readonly data: MimeBundle; readonly metadata: MimeBundle; readonly displayId: string | undefined; readonly executionCount: number }
  | ({ readonly type: "error" } & ErrorContent);

/** One output of a run. What the document has of it is not kept here. */
export interface Item {
  /** Counts the outputs of the run, cleared ones too. */
  readonly id: number;
  readonly displayId: string | undefined;
  /** What the document does not have yet: further text of a stream, all of anything else. */
  readonly pending: Content | undefined;
  readonly type: Content["type"];
  readonly name?: "stdout" | "stderr";
  readonly inDocument: boolean;
  /** When the document got it last. */
  readonly writtenMs: number;
  /** The pending content was shown to the mounted view. */
  readonly posted: boolean;
}

export type Phase =
  /** Sent; others come first. */
  | { readonly name: "queued" }
  | { readonly name: "running"; readonly idle: boolean }
  | { readonly name: "ended" };

export interface Run {
  readonly msgId: string;
  /** Finds the cell in the document, also after it was opened again. */
  readonly cellKey: string;
  readonly phase: Phase;
  readonly items: readonly Item[];
  readonly nextItem: number;
  /** Outputs in the document that must go before anything new comes. */
  readonly clearDocument: boolean;
  /** `clear_output` with wait came last. */
  readonly clearNext: boolean;
  /** Of text. */
  readonly characters: number;
  readonly failed: boolean;
  /** A reply is to come: the request was sent on this connection. */
  readonly awaitsReply: boolean;
  readonly replied: "ok" | "error" | "aborted" | undefined;
  /** Number of its first message. */
  readonly firstSeq: number | undefined;
}

export interface Runs {
  readonly runs: ReadonlyMap<string, Run>;
  /** The latest run of each cell. */
  readonly latest: ReadonlyMap<string, string>;
  /** Runs that have something to write, so that a flush looks at these only. */
  readonly dirty: ReadonlySet<string>;
  /** Runs that show a display, by its id. */
  readonly displays: ReadonlyMap<string, readonly string[]>;
  readonly seq: number;
  /** What the kernel said when it was attached to, until all that was replayed has come. */
  readonly catchUp: { readonly seq: number; readonly pending: ReadonlySet<string> } | undefined;
}

export type RunEvent =
  /** Displays that are in the document from before this window. */
  | { readonly kind: "restored"; readonly displays: readonly KnownDisplay[] }
  | { readonly kind: "queued"; readonly msgId: string; readonly cellKey: string }
  | { readonly kind: "message"; readonly msgId: string; readonly seq: number; readonly atMs: number; readonly message: IopubMessage }
  | { readonly kind: "reply"; readonly msgId: string; readonly seq: number; readonly content: ReplyContent<"execute_request">; readonly nowMs: number }
  | { readonly kind: "attached"; readonly pending: AttachReply["pending"]; readonly seq: number; readonly from: number; readonly nowMs: number }
  /** The process is gone; `reason` is undefined where the user ended it. */
  | { readonly kind: "ended"; readonly reason: string | undefined; readonly nowMs: number }
  | { readonly kind: "flush"; readonly nowMs: number };

export type RunCommand =
  /** Show the cell as waiting. */
  | { readonly kind: "open"; readonly msgId: string; readonly cellKey: string }
  | { readonly kind: "start"; readonly msgId: string; readonly atMs: number }
  | { readonly kind: "order"; readonly msgId: string; readonly order: number }
  /** The outputs of the cell become `items`. */
  | { readonly kind: "replaceAll"; readonly msgId: string; readonly items: readonly WrittenItem[] }
  | { readonly kind: "append"; readonly msgId: string; readonly items: readonly WrittenItem[] }
  | { readonly kind: "appendText"; readonly msgId: string; readonly item: WrittenItem }
  | { readonly kind: "replaceItem"; readonly msgId: string; readonly item: WrittenItem }
  /** To the view that shows the display. */
  | { readonly kind: "post"; readonly displayId: string; readonly mime: string; readonly payload: unknown }
  | { readonly kind: "cost"; readonly cellKey: string; readonly cost: CellCost | undefined }
  | { readonly kind: "close"; readonly msgId: string; readonly success: boolean | undefined; readonly atMs: number }
  /** Messages up to `seq` need not come again. */
  | { readonly kind: "settled"; readonly seq: number };

export interface WrittenItem {
  readonly id: number;
  readonly content: Content;
}

export const NO_RUNS: Runs = { runs: new Map(), latest: new Map(), dirty: new Set(), displays: new Map(), seq: 0, catchUp: undefined };

const SEPARATOR = "~";
/** Stands for the run of an earlier window whose outputs the document has. Its items are numbered as the outputs of the cell are. */
export const RESTORED = "restored";

/** The id of a request that runs a cell: the cell can be told from it by a window that did not send it. */
export const executionId = (cellKey: string, unique: string): string => `${cellKey}${SEPARATOR}${unique}`;

/** The cell of a request; undefined for requests of others. */
export function cellKeyOf(msgId: string): string | undefined {
  const at = msgId.lastIndexOf(SEPARATOR);
  return at > 0 ? msgId.slice(0, at) : undefined;
}

export const newRun = (msgId: string, cellKey: string, awaitsReply: boolean): Run => ({
  msgId,
  cellKey,
  phase: { name: "queued" },
  items: [],
  nextItem: 0,
  clearDocument: true,
  clearNext: false,
  characters: 0,
  failed: false,
  awaitsReply,
  replied: undefined,
  firstSeq: undefined,
});
