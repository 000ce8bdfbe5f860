/** @file The outputs of a notebook's cells, built from the messages of a session as nbformat stores them. */
import type { MimeBundle, OutputMessage } from "../protocol/messages";
import { toLines } from "./notebook";

/** One output of nbformat 4. Fields in alphabetical order, as Jupyter writes them. */
export type Output = Readonly<Record<string, unknown>> & { readonly output_type: string };

/** More text than that in one cell is a runaway loop; the rest is left out and said so. */
export const MAX_STREAM_CHARACTERS = 1_000_000;
const TEXT_MIMES: ReadonlySet<string> = new Set(["application/javascript", "image/svg+xml"]);

interface Stream {
  readonly kind: "stream";
  readonly name: string;
  parts: string[];
}

interface Shown {
  readonly kind: "shown";
  readonly id: string | undefined;
  output: Output;
}

interface CellState {
  items: (Stream | Shown)[];
  characters: number;
  clearNext: boolean;
}

/** Collects messages of many cells: texts joined, updates put into the display they update, in whichever cell that is. */
export class Outputs {
  private readonly cells = new Map<string, CellState>();
  private readonly displays = new Map<string, Shown[]>();

  /** Forgets what `cell` has shown. */
  reset(cell: string): void {
    this.cells.set(cell, { items: [], characters: 0, clearNext: false });
  }

  /** The outputs of `cell`. */
  of(cell: string): Output[] {
    return (this.cells.get(cell)?.items ?? []).map((item) => (item.kind === "shown" ? item.output : { name: item.name, output_type: "stream", text: toLines(item.parts.join("")) }));
  }

  add(message: OutputMessage, cell: string): void {
    const state = this.stateOf(cell);
    if (message.msg_type === "clear_output") {
      if (message.content.wait) state.clearNext = true;
      else clear(state);
      return;
    }
    if (message.msg_type === "update_display_data") {
      const { data, metadata, transient } = message.content;
      for (const shown of this.displays.get(transient?.display_id ?? "") ?? []) shown.output = { ...shown.output, data: storedBundle(data), metadata };
      return;
    }
    if (state.clearNext) clear(state);
    if (message.msg_type === "stream") {
      addText(state, message.content.name, message.content.text);
      return;
    }
    const shown = shownBy(message);
    state.items.push(shown);
    if (shown.id !== undefined) this.displays.set(shown.id, [...(this.displays.get(shown.id) ?? []), shown]);
  }

  private stateOf(cell: string): CellState {
    const old = this.cells.get(cell);
    if (old !== undefined) return old;
    this.reset(cell);
    return this.stateOf(cell);
  }
}

function clear(state: CellState): void {
  state.items = [];
  state.characters = 0;
  state.clearNext = false;
}

function addText(state: CellState, name: string, text: string): void {
  const room = MAX_STREAM_CHARACTERS - state.characters;
  // Once over the limit the note is there already.
  if (room < 0 || text === "") return;
  state.characters += text.length;
  const kept = text.length <= room ? text : `${text.slice(0, room)}\n… (more than ${MAX_STREAM_CHARACTERS} characters of output; the rest is left out)\n`;
  const last = state.items.at(-1);
  if (last?.kind === "stream" && last.name === name) last.parts.push(kept);
  else state.items.push({ kind: "stream", name, parts: [kept] });
}

function shownBy(message: Exclude<OutputMessage, { readonly msg_type: "stream" | "clear_output" | "update_display_data" }>): Shown {
  if (message.msg_type === "error") return { kind: "shown", id: undefined, output: { ename: message.content.ename, evalue: message.content.evalue, output_type: "error", traceback: [...message.content.traceback] } };
  const { data, metadata, transient } = message.content;
  const id = transient?.display_id;
  if (message.msg_type === "execute_result") return { kind: "shown", id, output: { data: storedBundle(data), execution_count: message.content.execution_count, metadata, output_type: "execute_result" } };
  return { kind: "shown", id, output: { data: storedBundle(data), metadata, output_type: "display_data" } };
}

/** Text as lines, base64 and JSON as they are. */
function storedBundle(data: MimeBundle): MimeBundle {
  return Object.fromEntries(Object.entries(data).map(([mime, value]) => [mime, typeof value === "string" && (mime.startsWith("text/") || TEXT_MIMES.has(mime)) ? toLines(value) : value]));
}
