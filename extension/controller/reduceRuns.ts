/** @file The runs of a notebook's cells: a pure function from what has happened to what is to be done. */
import type { OutputMessage } from "../../kernel/protocol/messages";
import type { KnownDisplay } from "../kernel/notebookMemory";
import { cellKeyOf, executionId, type Item, newRun, RESTORED, type Run, type RunCommand, type RunEvent, type Runs } from "./cellRun";
import { flush } from "./flushRuns";
import { updated, withItem, withOutput } from "./runOutputs";

export interface Reduced {
  readonly state: Runs;
  readonly commands: readonly RunCommand[];
}

/** The next state, and the commands to carry out in their order. Messages of runs that are not known, or that a later run of the cell has replaced, change nothing. */
export function reduceRuns(state: Runs, event: RunEvent): Reduced {
  switch (event.kind) {
    case "queued":
      return opened(state, newRun(event.msgId, event.cellKey, true));
    case "restored":
      return { state: event.displays.reduce(restored, state), commands: NOTHING };
    case "message":
      return whenCaughtUp(messageOnly({ ...state, seq: event.seq }, event), event.atMs);
    case "reply":
      return whenCaughtUp(onReply({ ...state, seq: event.seq }, event), event.nowMs);
    case "attached":
      return onAttached(state, event);
    case "ended":
      return onEnded(state, event);
    case "flush":
      return flush(state, event.nowMs, !anyActive(state));
  }
}

const NOTHING: readonly RunCommand[] = [];
const isActive = (run: Run): boolean => run.phase.name !== "ended";
const anyActive = (state: Runs): boolean => [...state.runs.values()].some(isActive);

/** A new run of a cell; what an earlier one still says is not heard any more. */
function opened(state: Runs, run: Run): Reduced {
  const before = state.latest.get(run.cellKey);
  const runs = new Map(state.runs);
  const commands: RunCommand[] = [];
  const replaced = before === undefined ? undefined : runs.get(before);
  if (replaced !== undefined) {
    if (isActive(replaced)) commands.push({ kind: "close", msgId: replaced.msgId, success: undefined, atMs: 0 });
    runs.delete(replaced.msgId);
  }
  const displays = replaced === undefined ? state.displays : withoutRun(state.displays, replaced.msgId);
  runs.set(run.msgId, run);
  commands.push({ kind: "open", msgId: run.msgId, cellKey: run.cellKey });
  return { state: { ...state, runs, displays, latest: new Map(state.latest).set(run.cellKey, run.msgId) }, commands };
}

function whenCaughtUp(done: Reduced, nowMs: number): Reduced {
  const { catchUp, seq } = done.state;
  if (catchUp === undefined || seq < catchUp.seq) return done;
  const caught = caughtUp(done.state, nowMs);
  return { state: caught.state, commands: [...done.commands, ...caught.commands] };
}

function messageOnly(state: Runs, { msgId, seq, atMs, message }: Omit<Extract<RunEvent, { readonly kind: "message" }>, "kind">): Reduced {
  if (message.msg_type === "update_display_data") return { state: withUpdate(state, message), commands: NOTHING };
  const known = state.runs.get(msgId);
  if (known === undefined) {
    // Of a run that an earlier window sent: what it ran tells.
    const cellKey = message.msg_type === "execute_input" ? cellKeyOf(msgId) : undefined;
    if (cellKey === undefined || isSuperseded(state, cellKey)) return { state, commands: NOTHING };
    const open = opened(state, newRun(msgId, cellKey, false));
    const then = messageOnly(open.state, { msgId, seq, atMs, message });
    return { state: then.state, commands: [...open.commands, ...then.commands] };
  }
  switch (message.msg_type) {
    case "status":
      if (message.content.execution_state !== "idle" || known.phase.name === "ended") return { state, commands: NOTHING };
      // Idle without having run: it was taken back. This window's own are told so by their reply.
      if (known.phase.name === "queued") return known.awaitsReply ? { state, commands: NOTHING } : closed(state, known, { success: undefined, nowMs: atMs });
      return settle(put(state, { ...known, phase: { name: "running", idle: true } }), msgId, atMs);
    case "execute_input": {
      if (known.phase.name === "ended") return { state, commands: NOTHING };
      const start = started(state, known, { seq, atMs });
      return { state: start.state, commands: [...start.commands, { kind: "order", msgId, order: message.content.execution_count }] };
    }
    case "stream":
    case "display_data":
    case "execute_result":
    case "error":
    case "clear_output": {
      const start = started(state, known, { seq, atMs });
      return { state: withMessage(start.state, msgId, message), commands: start.commands };
    }
    default:
      return { state, commands: NOTHING };
  }
}

/** A display that an earlier window has shown can be updated as if this one had. */
function restored(state: Runs, { id, cellKey, index }: KnownDisplay): Runs {
  const msgId = executionId(cellKey, RESTORED);
  if (state.latest.has(cellKey) && state.latest.get(cellKey) !== msgId) return state;
  const run = state.runs.get(msgId) ?? { ...newRun(msgId, cellKey, false), phase: { name: "ended" }, clearDocument: false };
  const item: Item = { id: index, displayId: id, pending: undefined, type: "display_data", inDocument: true, writtenMs: 0, posted: false };
  const next: Run = { ...run, items: [...run.items, item], nextItem: Math.max(run.nextItem, index + 1) };
  return { ...put(state, next), latest: new Map(state.latest).set(cellKey, msgId), displays: withRun(state.displays, id, msgId) };
}

/** A cell that has been asked to run since is not given to a run that came before. */
function isSuperseded(state: Runs, cellKey: string): boolean {
  const latest = state.runs.get(state.latest.get(cellKey) ?? "");
  return latest?.phase.name === "queued" && latest.awaitsReply;
}

function started(state: Runs, run: Run, { seq, atMs }: { readonly seq: number; readonly atMs: number }): Reduced {
  if (run.phase.name !== "queued") return { state, commands: NOTHING };
  const next: Run = { ...run, phase: { name: "running", idle: false }, firstSeq: seq };
  return { state: dirtied(put(state, next), run.msgId), commands: [{ kind: "start", msgId: run.msgId, atMs }, { kind: "cost", cellKey: run.cellKey, cost: undefined }] };
}

function withMessage(state: Runs, msgId: string, message: Exclude<OutputMessage, { readonly msg_type: "update_display_data" }>): Runs {
  const run = state.runs.get(msgId);
  if (run === undefined) return state;
  const next = withOutput(run, message);
  const shown = next.items.at(-1)?.displayId;
  const displays = shown === undefined || next.nextItem === run.nextItem ? state.displays : withRun(state.displays, shown, msgId);
  return dirtied({ ...put(state, next), displays }, msgId);
}

function withUpdate(state: Runs, message: Extract<OutputMessage, { readonly msg_type: "update_display_data" }>): Runs {
  const id = message.content.transient?.display_id;
  if (id === undefined) return state;
  let next = state;
  for (const msgId of state.displays.get(id) ?? []) {
    const run = next.runs.get(msgId);
    const changed = run === undefined ? undefined : updated(run, id, message.content);
    if (changed !== undefined && changed !== run) next = dirtied(put(next, changed), msgId);
  }
  return next;
}

function onReply(state: Runs, { msgId, content, nowMs }: Extract<RunEvent, { readonly kind: "reply" }>): Reduced {
  const run = state.runs.get(msgId);
  if (run === undefined || run.phase.name === "ended") return { state, commands: NOTHING };
  const cost: RunCommand[] = content.isoflop === undefined ? [] : [{ kind: "cost", cellKey: run.cellKey, cost: content.isoflop }];
  const done = settle(put(state, { ...run, replied: content.status }), msgId, nowMs);
  return { state: done.state, commands: [...cost, ...done.commands] };
}

/** Ends the run if nothing more is to come of it. */
function settle(state: Runs, msgId: string, nowMs: number): Reduced {
  const run = state.runs.get(msgId);
  if (run === undefined || run.phase.name === "ended") return { state, commands: NOTHING };
  const idle = run.phase.name === "running" && run.phase.idle;
  if (run.replied === "aborted") return closed(state, run, { success: undefined, nowMs });
  if (!idle || (run.awaitsReply && run.replied === undefined)) return { state, commands: NOTHING };
  return closed(state, run, { success: run.replied === undefined ? !run.failed : run.replied === "ok", nowMs });
}

function closed(state: Runs, run: Run, { success, nowMs }: { readonly success: boolean | undefined; readonly nowMs: number }): Reduced {
  const written = flush(state, nowMs, true);
  // Flushed before it ends: the editor takes outputs of open executions only.
  const last = written.state.runs.get(run.msgId) ?? run;
  const next = put(written.state, { ...last, phase: { name: "ended" } });
  const firsts = [...next.runs.values()].filter((other) => isActive(other) && other.firstSeq !== undefined).map((other) => (other.firstSeq ?? 1) - 1);
  return { state: next, commands: [...written.commands, { kind: "close", msgId: run.msgId, success, atMs: nowMs }, { kind: "settled", seq: Math.min(next.seq, ...firsts) }] };
}

/** Runs of this window get no reply any more; runs of an earlier one are taken up. */
function onAttached(before: Runs, { pending, seq, from, nowMs }: Extract<RunEvent, { readonly kind: "attached" }>): Reduced {
  const runs = new Map([...before.runs].map(([id, run]): [string, Run] => [id, isActive(run) ? { ...run, awaitsReply: false } : run]));
  let state: Runs = { ...before, runs, seq: from, catchUp: { seq, pending: new Set(pending.map(({ msg_id: id }) => id)) } };
  const commands: RunCommand[] = [];
  for (const { msg_id: msgId, started: runsAlready } of pending) {
    const cellKey = cellKeyOf(msgId);
    // What has begun is opened by its first message, which is replayed.
    if (cellKey === undefined || runsAlready || state.runs.has(msgId)) continue;
    const open = opened(state, newRun(msgId, cellKey, false));
    state = open.state;
    commands.push(...open.commands);
  }
  if (state.seq < seq) return { state, commands };
  const caught = caughtUp(state, nowMs);
  return { state: caught.state, commands: [...commands, ...caught.commands] };
}

/** All is replayed: runs that the kernel does not know any more have ended while nobody was attached. */
function caughtUp(before: Runs, nowMs: number): Reduced {
  const pending = before.catchUp?.pending ?? new Set<string>();
  let state: Runs = { ...before, catchUp: undefined };
  const commands: RunCommand[] = [];
  for (const run of before.runs.values()) {
    if (!isActive(run) || pending.has(run.msgId) || run.awaitsReply) continue;
    const done = closed(state, run, { success: run.phase.name === "queued" ? undefined : !run.failed, nowMs });
    state = done.state;
    commands.push(...done.commands);
  }
  return { state, commands };
}

/** Every open run ends. One that was running says why; `help` says how to go on. */
function onEnded(before: Runs, { reason, nowMs }: Extract<RunEvent, { readonly kind: "ended" }>): Reduced {
  let state: Runs = { ...before, catchUp: undefined };
  const commands: RunCommand[] = [];
  for (const { msgId } of before.runs.values()) {
    const run = state.runs.get(msgId);
    if (run === undefined || !isActive(run)) continue;
    const runs = run.phase.name === "running";
    if (runs && reason !== undefined) state = dirtied(put(state, withItem(run, died(reason))), msgId);
    const done = closed(state, state.runs.get(msgId) ?? run, { success: runs ? false : undefined, nowMs });
    state = done.state;
    commands.push(...done.commands);
  }
  // Numbers and displays of the next process start anew.
  return { state: { ...state, seq: 0, displays: new Map() }, commands };
}

function died(reason: string): Parameters<typeof withItem>[1] {
  const help = "  help: run the cells above again (Restart Kernel and Run to Here); a fresh kernel starts with the next cell you run";
  return { type: "error", ename: "KernelError", evalue: reason, traceback: [`KernelError: ${reason}`, "  what the cell had shown is kept, its variables are gone", help] };
}

const put = (state: Runs, run: Run): Runs => ({ ...state, runs: new Map(state.runs).set(run.msgId, run) });
const dirtied = (state: Runs, msgId: string): Runs => (state.dirty.has(msgId) ? state : { ...state, dirty: new Set(state.dirty).add(msgId) });

const withRun = (displays: Runs["displays"], id: string, msgId: string): Runs["displays"] => {
  const before = displays.get(id) ?? [];
  return before.includes(msgId) ? displays : new Map(displays).set(id, [...before, msgId]);
};
const withoutRun = (displays: Runs["displays"], msgId: string): Runs["displays"] =>
  new Map([...displays].map(([id, ids]): [string, readonly string[]] => [id, ids.filter((other) => other !== msgId)]).filter(([, ids]) => ids.length > 0));
