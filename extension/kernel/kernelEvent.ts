/** @file What a kernel tells the part that runs cells, in one stream whose order is kept. */
import type { AttachReply, InputRequest, IopubMessage, ReplyContent } from "../../kernel/protocol/jupyter";

export type KernelEvent =
  /** Connected, to a kernel that may have run for long. What was sent before on an earlier connection gets no reply any more. */
  | { readonly kind: "attached"; readonly pending: AttachReply["pending"]; /** The last message so far; those after `from` are replayed. */ readonly seq: number; readonly from: number }
  /** `msgId` is that of the request it belongs to; "" for none. */
  | { readonly kind: "message"; readonly seq: number; readonly msgId: string; readonly message: IopubMessage; readonly atMs: number }
  | { readonly kind: "reply"; readonly msgId: string; readonly seq: number; readonly content: ReplyContent<"execute_request"> }
  | { readonly kind: "input"; readonly msgId: string; readonly request: InputRequest; readonly answer: (value: string) => void }
  /** The process is gone, or was ended. `reason` is undefined where the user wanted it. */
  | { readonly kind: "ended"; readonly reason: string | undefined };
