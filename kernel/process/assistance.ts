/** @file Completion and inspection for Jupyter clients, from the types of the cells that ran and their live values. */
import { ArgumentError } from "../errors";
import type { ReplyContent } from "../protocol/jupyter";
import type { Session } from "../session/session";
import type { Asking } from "./requests";
import { variablesReply } from "./variables/variablesReply";

/** What could stand at the cursor. The first call loads the compiler's service and the library's types: about a second. */
export async function completeReply(asking: Asking): Promise<ReplyContent<"complete_request">> {
  const { completeAt } = await import("../language/consoleLanguage");
  const { session } = asking;
  const { matches, cursorStart, cursorEnd, types } = completeAt({ ...placeOf(asking), names: session.variables.keys(), members: (path) => membersOf(session, path) });
  return { status: "ok", matches, cursor_start: cursorStart, cursor_end: cursorEnd, metadata: { _jupyter_types_experimental: types } };
}

/** Type and documentation of what the cursor is on. */
export async function inspectReply(asking: Asking): Promise<ReplyContent<"inspect_request">> {
  const { inspectAt } = await import("../language/consoleLanguage");
  const found = inspectAt(placeOf(asking));
  return { status: "ok", found: found !== undefined, data: found ?? {}, metadata: {} };
}

interface Place {
  readonly code: string;
  readonly cursorPos: number;
  readonly cells: readonly string[];
  readonly cwd: string;
}

function placeOf({ content: { code, cursor_pos: cursor }, cells }: Asking): Place {
  if (typeof code !== "string") throw new ArgumentError('the request has no "code"', { help: 'send it as text: { "code": "…" }' });
  return { code, cursorPos: typeof cursor === "number" ? cursor : Infinity, cells, cwd: process.cwd() };
}

function membersOf(session: Session, path: string): readonly string[] {
  const reply = variablesReply(session, { path });
  return reply.status === "ok" ? reply.variables.map(({ name }) => name).filter((name) => /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)) : [];
}
