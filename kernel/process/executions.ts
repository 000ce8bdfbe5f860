/** @file Executions on the main thread: a cell, what it shows, asks and costs, and its user expressions. */
import type { MimeBundle } from "../protocol/messages";
import type { CellResult, Session } from "../session/session";
import type { Ask } from "../session/captureOutput";
import { profileSpan } from "../runtime/profile";
import { CostMeter } from "./costMeter";
import type { ExecuteOrder, Outcome } from "./channel";
import type { Outgoing } from "./outgoing";

export interface ExecutionsParts {
  readonly session: Session;
  readonly out: Outgoing;
}

export class Executions {
  private current: string | undefined;
  private questions = 0;
  private readonly answers = new Map<number, (answer: string) => void>();

  constructor(private readonly parts: ExecutionsParts) {}

  /** Runs the cell and reports its end. Never rejects. */
  async run(order: ExecuteOrder): Promise<void> {
    const { session, out } = this.parts;
    const execution = order.parent.msg_id;
    this.current = execution;
    const meter = new CostMeter();
    const start = performance.now();
    const result = await session.execute(order.code, {
      cell: order.cell,
      executionCount: order.executionCount,
      ask: order.allowStdin ? this.asker(execution) : undefined,
      emit: (message) => {
        // The protocol says itself when the kernel is busy.
        if (message.msg_type === "status" || (order.silent && message.msg_type === "execute_result")) return;
        out.output(order, message);
      },
    });
    const cost = meter.stop(result.durationMs);
    profileSpan({ name: `cell ${order.cell}`, start, end: performance.now(), track: "cells" });
    const expressions = result.status === "ok" ? await this.evaluate(order) : {};
    this.current = undefined;
    // An unanswered question ends with its cell.
    this.answers.clear();
    out.post({ kind: "done", execution, outcome: outcomeOf(result, { expressions, cost }) });
  }

  /** Stops the execution if it is the one that runs. */
  interrupt(execution: string): void {
    if (this.current === execution) this.parts.session.interrupt();
  }

  answer({ question, value }: { readonly question: number; readonly value: string }): void {
    this.answers.get(question)?.(value);
    this.answers.delete(question);
  }

  private asker(execution: string): Ask {
    return ({ prompt, password }) =>
      new Promise((resolve) => {
        const question = ++this.questions;
        this.answers.set(question, resolve);
        this.parts.out.post({ kind: "ask", execution, question, prompt, password });
      });
  }

  /** User expressions, each as Jupyter has it: a bundle, or an error. */
  private async evaluate({ expressions, cell, executionCount }: ExecuteOrder): Promise<Record<string, unknown>> {
    const values: Record<string, unknown> = {};
    for (const [name, code] of Object.entries(expressions)) {
      const { error, value } = await this.parts.session.execute(String(code), { cell, executionCount, emit: () => undefined });
      values[name] = error === undefined ? { status: "ok", data: asJson(value ?? { "text/plain": "undefined" }), metadata: {} } : { status: "error", ...error };
    }
    return values;
  }
}

/** What of a bundle can be sent: its text where the rest cannot. */
function asJson(bundle: MimeBundle): unknown {
  try {
    return JSON.parse(JSON.stringify(bundle));
  } catch {
    return { "text/plain": String(bundle["text/plain"] ?? "(a value that cannot be sent)") };
  }
}

const outcomeOf = ({ status, error }: CellResult, rest: Pick<Outcome, "expressions" | "cost">): Outcome => ({ ...rest, status: status === "ok" ? "ok" : "error", error });
