/** @file Executions that wait and the one that runs, in the order they came. */
import type { AttachReply, JupyterMessage, RequestContent } from "../protocol/jupyter";
import type { ClientId } from "../protocol/transport";

export type ExecuteContent = RequestContent<"execute_request">;

export interface Execution {
  readonly message: JupyterMessage;
  readonly content: ExecuteContent;
  readonly client: ClientId;
}

export interface Running extends Execution {
  readonly executionCount: number;
  /** What errors call the cell. */
  readonly cell: string;
}

export class ExecutionQueue {
  private waiting: Execution[] = [];
  private running: Running | undefined;
  private count = 0;

  get current(): Running | undefined {
    return this.running;
  }

  get idle(): boolean {
    return this.running === undefined && this.waiting.length === 0;
  }

  /** The one that runs first. */
  get pending(): AttachReply["pending"] {
    const describe = ({ message, content }: Execution, started: boolean) => ({ msg_id: message.header.msg_id, cell: content.isoflop_cell_id ?? content.isoflop_cell ?? "", started });
    return [...(this.running === undefined ? [] : [describe(this.running, true)]), ...this.waiting.map((execution) => describe(execution, false))];
  }

  add(execution: Execution): void {
    this.waiting.push(execution);
  }

  /** The next one, which runs from now on; undefined where one runs already or none waits. */
  start(): Running | undefined {
    if (this.running !== undefined) return undefined;
    const next = this.waiting.shift();
    if (next === undefined) return undefined;
    const counts = next.content.silent !== true && next.content.store_history !== false;
    if (counts) this.count++;
    this.running = { ...next, executionCount: this.count, cell: next.content.isoflop_cell ?? String(Math.max(1, this.count)) };
    return this.running;
  }

  finish(): void {
    this.running = undefined;
  }

  /** Those that wait, which are taken out. */
  takeBack(): readonly Execution[] {
    const taken = this.waiting;
    this.waiting = [];
    return taken;
  }
}
