/** @file What has to be written to the document of what runs have shown: as little as possible, and live views not at all while they change. */
import type { Content, Item, Run, RunCommand, Runs, WrittenItem } from "./cellRun";

/** A live view is written to the document at most this often while its cell runs; in between it gets messages. */
const CHECKPOINT_MS = 5000;
/** Displays that no view of ours shows can only be rewritten. */
const REWRITE_MS = 250;
const VIEW_MIME = /^application\/vnd\.isoflop\.[a-z]+\.v\d+\+json$/;

/** Writes what is pending. `all`: also what could wait, as nothing more may come. */
export function flush(state: Runs, nowMs: number, all: boolean): { readonly state: Runs; readonly commands: readonly RunCommand[] } {
  if (state.dirty.size === 0) return { state, commands: [] };
  const runs = new Map(state.runs);
  const dirty = new Set<string>();
  const commands: RunCommand[] = [];
  for (const msgId of state.dirty) {
    const run = runs.get(msgId);
    if (run === undefined) continue;
    const done = flushRun(run, { nowMs, all, commands });
    runs.set(msgId, done);
    if (done.items.some((item) => item.pending !== undefined)) dirty.add(msgId);
  }
  return { state: { ...state, runs, dirty }, commands };
}

function flushRun(run: Run, { nowMs, all, commands }: { readonly nowMs: number; readonly all: boolean; readonly commands: RunCommand[] }): Run {
  const { msgId } = run;
  // A cell that waits shows what it showed before.
  if (run.phase.name === "queued") return run;
  const written = (item: Item): Item => ({ ...item, pending: undefined, inDocument: true, writtenMs: nowMs, posted: false });
  if (run.clearDocument) {
    commands.push({ kind: "replaceAll", msgId, items: run.items.flatMap(writable) });
    return { ...run, clearDocument: false, items: run.items.map(written) };
  }
  const added: WrittenItem[] = [];
  const items = run.items.map((item): Item => {
    const { pending } = item;
    if (pending === undefined) return item;
    if (!item.inDocument) {
      added.push({ id: item.id, content: pending });
      return written(item);
    }
    if (pending.type === "stream") {
      commands.push({ kind: "appendText", msgId, item: { id: item.id, content: pending } });
      return written(item);
    }
    const view = viewOf(pending);
    if (!all && nowMs - item.writtenMs < (view === undefined ? REWRITE_MS : CHECKPOINT_MS)) {
      if (view === undefined || item.posted || item.displayId === undefined) return item;
      commands.push({ kind: "post", displayId: item.displayId, ...view });
      return { ...item, posted: true };
    }
    commands.push({ kind: "replaceItem", msgId, item: { id: item.id, content: pending } });
    return written(item);
  });
  if (added.length > 0) commands.push({ kind: "append", msgId, items: added });
  return { ...run, items };
}

const writable = ({ id, pending }: Item): WrittenItem[] => (pending === undefined ? [] : [{ id, content: pending }]);

function viewOf(content: Content): { readonly mime: string; readonly payload: unknown } | undefined {
  if (content.type !== "display_data" && content.type !== "execute_result") return undefined;
  const found = Object.entries(content.data).find(([mime]) => VIEW_MIME.test(mime));
  return found === undefined ? undefined : { mime: found[0], payload: found[1] };
}
