/** @file Runs the cells of one notebook: asks the reducer what is to be done, and does it. */
import { randomUUID } from "node:crypto";
import type * as vscode from "vscode";
import type { KernelEvent } from "../kernel/kernelEvent";
import type { LocalKernel } from "../kernel/localKernel";
import { type KnownDisplay, kernelName } from "../kernel/notebookMemory";
import type { NotebookKernels } from "../kernel/notebookKernels";
import type { CellCosts } from "./cellCosts";
import { cellKey, cellLabel, findCell, labelledCell } from "./cellKeys";
import { CellOutputs, type OpenRun } from "./cellOutputs";
import { executionId, NO_RUNS, RESTORED, type RunCommand, type RunEvent, type Runs } from "./cellRun";
import { reduceRuns } from "./reduceRuns";

/** Text that comes in many pieces is written together; shorter than anybody sees. */
const FLUSH_MS = 50;
/** A window that is killed loses what it has not backed up: what came last is asked for again. */
const SETTLE_MS = 3000;
/** Displays of a notebook that are remembered over a reload. */
const MAX_DISPLAYS = 200;

export interface NotebookRunnerOptions {
  readonly vs: typeof vscode;
  readonly log: vscode.LogOutputChannel;
  readonly notebook: vscode.NotebookDocument;
  readonly controller: vscode.NotebookController;
  readonly kernels: NotebookKernels;
  readonly costs: CellCosts;
  /** To the view that shows a display. */
  readonly post: (update: Extract<RunCommand, { readonly kind: "post" }>) => void;
  /** The token is cancelled when the cell ends. */
  readonly ask: (event: Extract<KernelEvent, { readonly kind: "input" }>, token: vscode.CancellationToken) => void;
}

export class NotebookRunner implements vscode.Disposable {
  private state: Runs = NO_RUNS;
  private readonly open = new Map<string, OpenRun>();
  /** Cells that wait for the kernel to start. */
  private readonly prepared = new Map<string, vscode.NotebookCellExecution>();
  private readonly outputs: CellOutputs;
  private flushTimer: NodeJS.Timeout | undefined;
  private settleTimer: NodeJS.Timeout | undefined;
  private kernel: LocalKernel | undefined;
  private listening: vscode.Disposable | undefined;
  /** The last one of a cell to the user. */
  private question: { readonly msgId: string; readonly source: vscode.CancellationTokenSource } | undefined;

  constructor(private readonly options: NotebookRunnerOptions) {
    const { vs, log, controller } = options;
    const failed = (error: unknown): void => log.warn(`an output could not be written: ${error instanceof Error ? error.message : String(error)}`);
    this.outputs = new CellOutputs({ vs, controller, orderOf: (label) => this.orderOf(label), failed });
  }

  /** Hears what `kernel` says from now on. To be called before it is opened. */
  listen(kernel: LocalKernel): void {
    this.listening?.dispose();
    this.kernel = kernel;
    this.listening = kernel.onEvent((event) => this.take(kernel, event));
  }

  /** Sends the cells to the kernel, which is started if need be. */
  async run(cells: readonly vscode.NotebookCell[]): Promise<void> {
    const { controller, kernels, notebook } = this.options;
    const waiting = cells.filter((cell) => !this.isActive(cell));
    const sent = waiting.map((cell) => ({ cell, msgId: executionId(cellKey(cell), randomUUID()), execution: controller.createNotebookCellExecution(cell) }));
    for (const { msgId, execution } of sent) this.prepared.set(msgId, execution);
    let kernel: LocalKernel;
    try {
      kernel = kernels.of(notebook.uri) ?? (await kernels.start(notebook));
    } catch (error) {
      for (const { msgId } of sent) this.prepared.delete(msgId);
      await this.failed(sent.map(({ execution }) => execution), error);
      return;
    }
    for (const { cell, msgId } of sent) {
      // Interrupted while the kernel started.
      if (!this.prepared.has(msgId)) continue;
      this.reduce({ kind: "queued", msgId, cellKey: cellKey(cell) });
      try {
        const content = { code: cell.document.getText(), silent: false, store_history: true, user_expressions: {}, allow_stdin: true, stop_on_error: true };
        kernel.execute(msgId, { ...content, isoflop_cell: cellLabel(cell), isoflop_cell_id: cellKey(cell) });
      } catch (error) {
        this.reduce({ kind: "ended", reason: error instanceof Error ? error.message : String(error), nowMs: Date.now() });
      }
    }
  }

  /** Cells that only wait for the kernel to start are taken back. */
  cancelPrepared(): void {
    for (const execution of this.prepared.values()) execution.end(undefined);
    this.prepared.clear();
  }

  dispose(): void {
    clearTimeout(this.flushTimer);
    clearTimeout(this.settleTimer);
    this.listening?.dispose();
    this.cancelPrepared();
    this.question?.source.cancel();
    for (const run of this.open.values()) run.execution?.end(undefined);
    this.open.clear();
  }

  private take(kernel: LocalKernel, event: KernelEvent): void {
    const nowMs = Date.now();
    switch (event.kind) {
      case "attached": {
        const memory = kernel.found === undefined ? undefined : this.options.kernels.memories.of(this.options.notebook.uri, kernel.found.record);
        if (memory !== undefined && this.state === NO_RUNS) this.reduce({ kind: "restored", displays: memory.displays });
        this.reduce({ kind: "attached", pending: event.pending, seq: event.seq, from: event.from, nowMs });
        break;
      }
      case "message":
        this.reduce(event);
        break;
      case "reply":
        this.reduce({ ...event, nowMs });
        break;
      case "ended":
        this.reduce({ ...event, nowMs });
        break;
      case "input":
        this.question?.source.cancel();
        this.question = { msgId: event.msgId, source: new this.options.vs.CancellationTokenSource() };
        this.options.ask(event, this.question.source.token);
    }
  }

  private reduce(event: RunEvent): void {
    const { state, commands } = reduceRuns(this.state, event);
    this.state = state;
    for (const command of commands) this.carryOut(command);
    if (state.dirty.size === 0 || this.flushTimer !== undefined) return;
    this.flushTimer = setTimeout(() => {
      this.flushTimer = undefined;
      this.reduce({ kind: "flush", nowMs: Date.now() });
    }, FLUSH_MS);
  }

  private carryOut(command: RunCommand): void {
    switch (command.kind) {
      case "open":
        this.openRun(command);
        break;
      case "start":
        this.open.get(command.msgId)?.execution?.start(command.atMs);
        break;
      case "order": {
        const execution = this.open.get(command.msgId)?.execution;
        if (execution !== undefined) execution.executionOrder = command.order;
        break;
      }
      case "replaceAll":
      case "append":
      case "appendText":
      case "replaceItem": {
        const run = this.runOf(command.msgId);
        if (run !== undefined) this.outputs.write(run, command);
        break;
      }
      case "post":
        this.options.post(command);
        break;
      case "cost":
        this.options.costs.set(this.options.notebook, command.cellKey, command.cost);
        break;
      case "close": {
        const run = this.open.get(command.msgId);
        run?.execution?.end(command.success, command.atMs === 0 ? undefined : command.atMs);
        if (run !== undefined) run.execution = undefined;
        if (this.question?.msgId === command.msgId) this.question.source.cancel();
        break;
      }
      case "settled":
        this.rememberSoon(command.seq);
    }
  }

  private openRun({ msgId, cellKey: key }: Extract<RunCommand, { readonly kind: "open" }>): void {
    const cell = findCell(this.options.notebook, key);
    const prepared = this.prepared.get(msgId);
    this.prepared.delete(msgId);
    // Earlier runs of the cell are over.
    for (const [other, run] of this.open) if (run.cell === cell) this.open.delete(other);
    if (cell === undefined) return;
    try {
      this.open.set(msgId, { cell, execution: prepared ?? this.options.controller.createNotebookCellExecution(cell), outputs: new Map() });
    } catch (error) {
      this.options.log.warn(`cell ${cellLabel(cell)} runs, but cannot be shown as running: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Where a run writes; of a run of an earlier window, to the outputs that are in the document. */
  private runOf(msgId: string): OpenRun | undefined {
    const known = this.open.get(msgId);
    if (known !== undefined || !msgId.endsWith(`~${RESTORED}`)) return known;
    const cell = findCell(this.options.notebook, this.state.runs.get(msgId)?.cellKey ?? "");
    if (cell === undefined) return undefined;
    const run: OpenRun = { cell, execution: undefined, outputs: new Map(cell.outputs.map((output, index) => [index, output])) };
    this.open.set(msgId, run);
    return run;
  }

  private isActive(cell: vscode.NotebookCell): boolean {
    for (const execution of this.prepared.values()) if (execution.cell === cell) return true;
    for (const run of this.open.values()) if (run.cell === cell && run.execution !== undefined) return true;
    return false;
  }

  /** The first cell says why nothing runs; the others are taken back. */
  private async failed(executions: readonly vscode.NotebookCellExecution[], error: unknown): Promise<void> {
    const { vs, log } = this.options;
    const reason = error instanceof Error ? error : new Error(String(error));
    log.error(reason.message);
    for (const [index, execution] of executions.entries()) {
      if (index > 0) {
        execution.end(undefined);
        continue;
      }
      execution.start(Date.now());
      await execution.replaceOutput(new vs.NotebookCellOutput([vs.NotebookCellOutputItem.error({ name: reason.name, message: reason.message, stack: `${reason.name}: ${reason.message}` })]));
      execution.end(false, Date.now());
    }
  }

  private orderOf(label: string): number | undefined {
    const { vs, notebook } = this.options;
    const cell = labelledCell(notebook, label, vs.NotebookCellKind.Code);
    if (cell === undefined) return undefined;
    for (const run of this.open.values()) if (run.cell === cell && run.execution?.executionOrder !== undefined) return run.execution.executionOrder;
    return cell.executionSummary?.executionOrder;
  }

  private rememberSoon(settled: number): void {
    const record = this.kernel?.found?.record;
    if (record === undefined) return;
    clearTimeout(this.settleTimer);
    this.settleTimer = setTimeout(() => void this.options.kernels.memories.set(this.options.notebook.uri, { kernel: kernelName(record), settled, displays: this.displays() }), SETTLE_MS);
  }

  private displays(): readonly KnownDisplay[] {
    const { latest, runs } = this.state;
    const found = [...latest.values()].flatMap((msgId) => {
      const run = runs.get(msgId);
      return (run?.items ?? []).flatMap(({ displayId, inDocument }, index): KnownDisplay[] => (run === undefined || displayId === undefined || !inDocument ? [] : [{ id: displayId, cellKey: run.cellKey, index }]));
    });
    return found.slice(-MAX_DISPLAYS);
  }
}
