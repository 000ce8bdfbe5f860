/** @file A notebook document that does what the commands of runs say, as the editor would: for tests of the reducer. */
import { expect } from "vitest";
import { type Content, NO_RUNS, type RunCommand, type RunEvent, type Runs } from "../../../extension/controller/cellRun";
import { reduceRuns } from "../../../extension/controller/reduceRuns";
import { toLines } from "../../../kernel/session/notebook";

interface RunInDocument {
  readonly cellKey: string;
  phase: "queued" | "running" | "ended";
  order?: number;
  success?: boolean;
}

export class Document {
  state: Runs = NO_RUNS;
  readonly runs = new Map<string, RunInDocument>();
  /** Outputs by cell, each with the number of its item. */
  readonly cells = new Map<string, { readonly run: string; readonly id: number; content: Content }[]>();
  readonly posted: { readonly displayId: string; readonly payload: unknown }[] = [];
  readonly settled: number[] = [];
  writes = 0;

  take(event: RunEvent): readonly RunCommand[] {
    const { state, commands } = reduceRuns(this.state, event);
    this.state = state;
    for (const command of commands) this.carryOut(command);
    return commands;
  }

  outputs(cellKey: string): unknown[] {
    return (this.cells.get(cellKey) ?? []).map(({ content }) => nbformat(content));
  }

  private carryOut(command: RunCommand): void {
    switch (command.kind) {
      case "open":
        if (this.runs.has(command.msgId)) expect(this.runs.get(command.msgId)?.phase, "opened once").toBe("ended");
        for (const run of this.runs.values()) if (run.cellKey === command.cellKey) expect(run.phase, "one open execution for a cell").toBe("ended");
        this.runs.set(command.msgId, { cellKey: command.cellKey, phase: "queued" });
        break;
      case "start": {
        const run = this.known(command.msgId);
        expect(run.phase, "started once").toBe("queued");
        run.phase = "running";
        break;
      }
      case "order":
        expect(this.known(command.msgId).phase).not.toBe("ended");
        this.known(command.msgId).order = command.order;
        break;
      case "close": {
        const run = this.known(command.msgId);
        expect(run.phase, "closed once").not.toBe("ended");
        run.phase = "ended";
        run.success = command.success;
        break;
      }
      case "replaceAll":
      case "append": {
        this.writes++;
        const { cellKey, phase } = this.known(command.msgId);
        expect(phase, "a cell that waits shows what it showed").not.toBe("queued");
        const before = command.kind === "append" ? (this.cells.get(cellKey) ?? []) : [];
        for (const { run } of before) expect(run, "only outputs of this run are added to").toBe(command.msgId);
        this.cells.set(cellKey, [...before, ...command.items.map(({ id, content }) => ({ run: command.msgId, id, content }))]);
        break;
      }
      case "appendText":
      case "replaceItem": {
        this.writes++;
        const { content } = command.item;
        const found = (this.cells.get(this.known(command.msgId).cellKey) ?? []).find(({ run, id }) => run === command.msgId && id === command.item.id);
        if (found === undefined) throw new Error(`no output ${command.item.id} of ${command.msgId}`);
        if (command.kind === "replaceItem") found.content = found.content.type === "execute_result" && content.type === "display_data" ? { ...content, type: "execute_result", executionCount: found.content.executionCount } : content;
        else if (found.content.type === "stream" && content.type === "stream") found.content = { ...content, text: found.content.text + content.text };
        else throw new Error("text for what is no text");
        break;
      }
      case "post":
        this.posted.push(command);
        break;
      case "settled":
        this.settled.push(command.seq);
        break;
      case "cost":
        break;
    }
  }

  private known(msgId: string): RunInDocument {
    const run = this.runs.get(msgId);
    if (run === undefined) throw new Error(`${msgId} was never opened`);
    return run;
  }
}

/** As the kernel's `Outputs` writes it to a file. */
function nbformat(content: Content): unknown {
  switch (content.type) {
    case "stream":
      return { name: content.name, output_type: "stream", text: toLines(content.text) };
    case "error":
      return { ename: content.ename, evalue: content.evalue, output_type: "error", traceback: [...content.traceback] };
    case "display_data":
      return { data: stored(content.data), metadata: content.metadata, output_type: "display_data" };
    case "execute_result":
      return { data: stored(content.data), execution_count: content.executionCount, metadata: content.metadata, output_type: "execute_result" };
  }
}

const stored = (data: Readonly<Record<string, unknown>>): unknown => Object.fromEntries(Object.entries(data).map(([mime, value]) => [mime, typeof value === "string" && mime.startsWith("text/") ? toLines(value) : value]));
