/** @file Messages to the thread of the protocol, with a brake for cells that write faster than anyone can read. */
import type { MessagePort } from "node:worker_threads";
import type { MimeBundle, SessionMessage } from "../protocol/messages";
import { isStopped } from "../session/interrupt";
import type { ExecuteOrder, Shared, ToProtocol } from "./channel";

/** More than that is not in the queue between the threads. */
const MAX_UNREAD_BYTES = 32e6;
/** An interrupt is noticed after so long. */
const WAIT_MS = 20;
/** What a message takes besides its text. */
const MESSAGE_BYTES = 200;

export class Outgoing {
  constructor(
    private readonly port: MessagePort,
    private readonly shared: Shared,
  ) {}

  post(message: ToProtocol): void {
    this.port.postMessage(message);
  }

  /** Sends what a cell emits. Waits while too much of it is unread; an interrupt ends the wait. */
  output({ parent, cell }: Pick<ExecuteOrder, "parent" | "cell">, message: SessionMessage): void {
    const size = sizeOf(message);
    const { unread, flag } = this.shared;
    for (let bytes = Atomics.load(unread, 0); bytes > MAX_UNREAD_BYTES && !isStopped(flag); bytes = Atomics.load(unread, 0)) Atomics.wait(unread, 0, bytes, WAIT_MS);
    Atomics.add(unread, 0, size);
    try {
      this.post({ kind: "output", parent, cell, message, size });
    } catch (error) {
      // A display may hold functions, or properties that throw: nothing that can be sent or stored.
      const text = `(the output cannot be sent: ${error instanceof Error ? error.message.split("\n")[0] : String(error)})\n`;
      this.post({ kind: "output", parent, cell, message: { msg_type: "stream", content: { name: "stderr", text } }, size });
    }
  }
}

/** About how many bytes; exact for text, which is what there can be much of. */
function sizeOf({ content }: SessionMessage): number {
  const text = "text" in content ? content.text.length : "data" in content ? textLength(content.data) : 0;
  return Math.min(MESSAGE_BYTES + text, 2 ** 30);
}

const textLength = (data: MimeBundle): number => Object.values(data).reduce<number>((sum, value) => sum + (typeof value === "string" ? value.length : MESSAGE_BYTES), 0);
