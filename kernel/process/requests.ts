/** @file Requests that need the notebook's names or the library, answered on the main thread. */
import { ArgumentError, IsoflopError } from "../errors";
import type { ReplyContent } from "../protocol/jupyter";
import { chromeTrace, startProfile, stopProfile } from "../runtime/profile";
import type { Session } from "../session/session";
import type { MainRequest, RequestOrder } from "./channel";
import { completeReply, inspectReply } from "./assistance";
import { completeness } from "./completeness";
import { exportReply } from "./exportReply";
import { kernelInfo } from "./kernelInfo";
import type { Library } from "./library";
import { variablesReply } from "./variables/variablesReply";
import { viewReply } from "./views/viewReply";

export interface Asking extends Pick<RequestOrder, "type" | "content"> {
  readonly session: Session;
  readonly library: Library;
  /** Sources of the cells that ran, oldest first. */
  readonly cells: readonly string[];
}

type Answers = { readonly [T in MainRequest]: (asking: Asking) => ReplyContent<T> | Promise<ReplyContent<T>> };

const ANSWERS: Answers = {
  complete_request: completeReply,
  inspect_request: inspectReply,
  is_complete_request: ({ content }) => completeness(text(content, "code")),
  isoflop_variables_request: ({ content, session }) => variablesReply(session, { path: optionalText(content, "path"), limit: typeof content.limit === "number" ? content.limit : undefined }),
  isoflop_view_request: async ({ content, session, library }) => viewReply(session, { path: text(content, "path"), view: text(content, "view"), library: await library.load() }),
  isoflop_profile_request: ({ content }) => profileReply(content.enable === true),
  isoflop_export_request: async ({ content, session, library }) => exportReply(session, { path: text(content, "path"), file: text(content, "file"), library: await library.load() }),
  isoflop_device_request: async ({ content, library }) => ({ status: "ok", kernel: kernelInfo(await library.use(text(content, "device"))) }),
};

/** Begins a profile of what runs next, or ends it; gives the one so far. */
function profileReply(enable: boolean): ReplyContent<"isoflop_profile_request"> {
  const made = stopProfile();
  if (enable) startProfile();
  return { status: "ok", ...(made === undefined ? {} : { trace: chromeTrace(made) }) };
}

/** Sends the reply, at once where that is possible. Never rejects: what went wrong is the reply. */
export async function answerRequest(asking: Asking, reply: (content: ReplyContent<MainRequest>) => void): Promise<void> {
  try {
    const answer = ANSWERS[asking.type](asking);
    reply(answer instanceof Promise ? await answer : answer);
  } catch (error) {
    const { ename, evalue } = error instanceof Error ? { ename: error.name, evalue: error.message } : { ename: "Error", evalue: String(error) };
    const stack = error instanceof Error && !(error instanceof IsoflopError) ? (error.stack ?? evalue) : `${ename}: ${evalue}`;
    reply({ status: "error", ename, evalue, traceback: stack.split("\n") });
  }
}

function text(content: Readonly<Record<string, unknown>>, name: string): string {
  const value = content[name];
  if (typeof value !== "string") throw new ArgumentError(`the request has no ${JSON.stringify(name)}`, { help: `send it as text: { "${name}": "…" }` });
  return value;
}

const optionalText = (content: Readonly<Record<string, unknown>>, name: string): string | undefined => (content[name] === undefined ? undefined : text(content, name));
