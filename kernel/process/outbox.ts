/** @file Outputs on their way to the clients: text joined, updates at most ten a second, large ones shortened. */
import type { Header } from "../protocol/jupyter";
import type { OutputMessage, SessionMessage } from "../protocol/messages";
import { shortError, withinLimit } from "./largeOutput";
import type { SideFiles } from "./sideFiles";
import { StreamText } from "./streamText";
import { UpdateThrottle } from "./updateThrottle";

export interface OutboxOptions {
  readonly limitBytes: number;
  readonly files: SideFiles;
  readonly publish: (message: SessionMessage, parent: Header) => void;
}

interface Execution {
  readonly parent: Header;
  readonly cell: string;
  readonly text: StreamText;
}

/** Executions whose leftovers may still write: the oldest are forgotten. */
const MAX_EXECUTIONS = 20;

export class Outbox {
  private readonly executions = new Map<string, Execution>();
  private readonly updates: UpdateThrottle;

  constructor(private readonly options: OutboxOptions) {
    this.updates = new UpdateThrottle((message, parent) => options.publish(message, parent));
  }

  /** Takes a message of an execution, called `cell` by its user. */
  add(message: OutputMessage, { parent, cell }: { readonly parent: Header; readonly cell: string }): void {
    const execution = this.executionOf(parent, cell);
    if (message.msg_type === "stream") {
      execution.text.add(message.content);
      return;
    }
    execution.text.flush();
    switch (message.msg_type) {
      case "update_display_data":
        this.updates.add({ ...message, content: this.short(message.content, cell) }, parent);
        return;
      case "display_data":
        // An update that still waits is older than this.
        this.updates.release(message.content.transient?.display_id);
        this.options.publish({ ...message, content: this.short(message.content, cell) }, parent);
        return;
      case "execute_result":
        this.options.publish({ ...message, content: { ...message.content, ...this.short(message.content, cell) } }, parent);
        return;
      case "error":
        this.options.publish({ ...message, content: shortError(message.content) }, parent);
        return;
      case "clear_output":
        this.updates.flush(parent);
        execution.text.reset();
        this.options.publish(message, parent);
    }
  }

  /** Sends all that waits of an execution. */
  flush(parent: Header): void {
    this.executions.get(parent.msg_id)?.text.flush();
    this.updates.flush(parent);
  }

  /** Sends all that waits. */
  flushAll(): void {
    for (const { parent } of this.executions.values()) this.flush(parent);
  }

  private short<C extends Parameters<typeof withinLimit>[0]["content"]>(content: C, cell: string): C {
    return { ...content, ...withinLimit({ content, cell, limitBytes: this.options.limitBytes, files: this.options.files }) };
  }

  private executionOf(parent: Header, cell: string): Execution {
    const known = this.executions.get(parent.msg_id);
    if (known !== undefined) return known;
    const { limitBytes, files, publish } = this.options;
    const text = new StreamText({ cell, limitBytes, files, send: (content) => publish({ msg_type: "stream", content }, parent) });
    const made: Execution = { parent, cell, text };
    this.executions.set(parent.msg_id, made);
    const [oldest] = this.executions.values();
    if (this.executions.size > MAX_EXECUTIONS) {
      this.flush(oldest.parent);
      oldest.text.close();
      this.executions.delete(oldest.parent.msg_id);
    }
    return made;
  }
}
