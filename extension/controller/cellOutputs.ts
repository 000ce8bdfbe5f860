/** @file Writes the outputs of runs into cells: into the open execution, or for what comes late into one that leaves the cell's time as it is. */
import type * as vscode from "vscode";
import { itemsOf, outputOf, type OutputContext } from "./outputItems";
import type { RunCommand } from "./cellRun";

export type WriteCommand = Extract<RunCommand, { readonly kind: "replaceAll" | "append" | "appendText" | "replaceItem" }>;

export interface OpenRun {
  readonly cell: vscode.NotebookCell;
  /** Undefined when it has ended. */
  execution: vscode.NotebookCellExecution | undefined;
  /** Outputs in the document by number of their item. */
  readonly outputs: Map<number, vscode.NotebookCellOutput>;
}

export interface CellOutputsOptions extends OutputContext {
  readonly controller: vscode.NotebookController;
  readonly failed: (error: unknown) => void;
}

export class CellOutputs {
  constructor(private readonly options: CellOutputsOptions) {}

  /** Carries out `command` for `run`. The editor may refuse when the cell has been deleted: that is logged. */
  write(run: OpenRun, command: WriteCommand): void {
    try {
      const { execution } = run;
      if (execution !== undefined) this.into(execution, run, command);
      else this.late(run, command);
    } catch (error) {
      this.options.failed(error);
    }
  }

  private into(execution: vscode.NotebookCellExecution, run: OpenRun, command: WriteCommand): void {
    const done = (result: Thenable<void>): void => void result.then(undefined, this.options.failed);
    switch (command.kind) {
      case "replaceAll": {
        run.outputs.clear();
        done(execution.replaceOutput(this.make(run, command.items)));
        break;
      }
      case "append":
        done(execution.appendOutput(this.make(run, command.items)));
        break;
      case "appendText": {
        const output = run.outputs.get(command.item.id);
        if (output === undefined) return;
        const items = itemsOf(command.item.content, this.options);
        output.items = joined(output.items, items, this.options.vs);
        done(execution.appendOutputItems(items, output));
        break;
      }
      case "replaceItem": {
        const output = run.outputs.get(command.item.id);
        if (output === undefined) return;
        const next = outputOf(command.item.content, this.options);
        output.items = next.items;
        if (sameMetadata(output, next)) {
          done(execution.replaceOutputItems(next.items, output));
          return;
        }
        // The words for screen readers stand in the metadata, which can only be changed with the whole output.
        run.outputs.set(command.item.id, new this.options.vs.NotebookCellOutput(next.items, { ...output.metadata, metadata: metadataOf(next) }));
        done(execution.replaceOutput([...run.outputs.values()]));
      }
    }
  }

  /** What a timer of an ended cell shows, or an update of its display from another cell. */
  private late(run: OpenRun, command: WriteCommand): void {
    const { executionOrder, success, timing } = run.cell.executionSummary ?? {};
    const execution = this.options.controller.createNotebookCellExecution(run.cell);
    execution.executionOrder = executionOrder;
    execution.start(timing?.startTime);
    this.into(execution, run, command);
    execution.end(success, timing?.endTime);
  }

  private make(run: OpenRun, items: Extract<WriteCommand, { readonly kind: "append" }>["items"]): vscode.NotebookCellOutput[] {
    return items.map(({ id, content }) => {
      const output = outputOf(content, this.options);
      run.outputs.set(id, output);
      return output;
    });
  }
}

const metadataOf = (output: vscode.NotebookCellOutput): unknown => output.metadata?.["metadata"];
const sameMetadata = (a: vscode.NotebookCellOutput, b: vscode.NotebookCellOutput): boolean => JSON.stringify(metadataOf(a)) === JSON.stringify(metadataOf(b));

/** Text of one kind as one item, as the editor joins it. */
function joined(before: readonly vscode.NotebookCellOutputItem[], more: readonly vscode.NotebookCellOutputItem[], vs: typeof vscode): vscode.NotebookCellOutputItem[] {
  const all = [...before, ...more];
  return all.length === 0 ? [] : [new vs.NotebookCellOutputItem(Buffer.concat(all.map(({ data }) => data)), all[0].mime)];
}
