/** @file What messages do to the outputs of a run: texts joined, displays added and updated, outputs cleared. */
import type { OutputMessage } from "../../kernel/protocol/messages";
import type { Content, Item, Run } from "./cellRun";

/** More text than that in one cell is a runaway loop; the rest is left out and said so. The same limit holds for notebooks that run headless. */
export const MAX_STREAM_CHARACTERS = 1_000_000;

/** The run after a message that is no update: updates concern displays of any run, see `updated`. */
export function withOutput(run: Run, message: Exclude<OutputMessage, { readonly msg_type: "update_display_data" }>): Run {
  if (message.msg_type === "clear_output") return message.content.wait ? { ...run, clearNext: true } : cleared(run);
  const base = run.clearNext ? cleared(run) : run;
  if (message.msg_type === "stream") return withText(base, message.content.name, message.content.text);
  const added = withItem(base, contentOf(message));
  return message.msg_type === "error" ? { ...added, failed: true } : added;
}

/** The run with new content for its outputs of that display; the same run if it has none. */
export function updated(run: Run, displayId: string, { data, metadata }: { readonly data: Readonly<Record<string, unknown>>; readonly metadata: Readonly<Record<string, unknown>> }): Run {
  if (!run.items.some((item) => item.displayId === displayId)) return run;
  const items = run.items.map((item): Item => {
    if (item.displayId !== displayId) return item;
    // A result that waits to be written stays a result; one that is written is replaced item by item, which keeps its kind.
    const pending: Content = item.pending?.type === "execute_result" ? { ...item.pending, data, metadata } : { type: "display_data", data, metadata, displayId };
    return { ...item, pending, posted: false };
  });
  return { ...run, items };
}

export function withItem(run: Run, content: Content): Run {
  const displayId = "displayId" in content ? content.displayId : undefined;
  const name = content.type === "stream" ? { name: content.name } : {};
  const item: Item = { id: run.nextItem, displayId, pending: content, type: content.type, ...name, inDocument: false, writtenMs: 0, posted: false };
  return { ...run, items: [...run.items, item], nextItem: run.nextItem + 1 };
}

function cleared(run: Run): Run {
  return { ...run, items: [], characters: 0, clearNext: false, clearDocument: run.clearDocument || run.items.some((item) => item.inDocument) };
}

function withText(run: Run, name: "stdout" | "stderr", text: string): Run {
  const room = MAX_STREAM_CHARACTERS - run.characters;
  // Once over the limit the note is there already.
  if (room < 0 || text === "") return run;
  const kept = text.length <= room ? text : `${text.slice(0, room)}\n… (more than ${MAX_STREAM_CHARACTERS} characters of output; the rest is left out)\n`;
  const counted = { ...run, characters: run.characters + text.length };
  const last = run.items.at(-1);
  if (last?.type !== "stream" || last.name !== name) return withItem(counted, { type: "stream", name, text: kept });
  const before = last.pending?.type === "stream" ? last.pending.text : "";
  return { ...counted, items: [...run.items.slice(0, -1), { ...last, pending: { type: "stream", name, text: before + kept } }] };
}

function contentOf(message: Exclude<OutputMessage, { readonly msg_type: "stream" | "clear_output" | "update_display_data" }>): Content {
  if (message.msg_type === "error") return { type: "error", ...message.content };
  const { data, metadata, transient } = message.content;
  const displayId = transient?.display_id;
  if (message.msg_type === "execute_result") return { type: "execute_result", data, metadata, displayId, executionCount: message.content.execution_count };
  return { type: "display_data", data, metadata, displayId };
}
