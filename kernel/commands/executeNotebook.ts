/** @file Executes a notebook's cells in order and keeps the written notebook up to date. */
import { dirname } from "node:path";
import { plural } from "../display/format";
import { notebookToHtml } from "../display/page";
import { ArgumentError } from "../errors";
import { setExperimentHost } from "../experiment/host";
import { atomicWrite } from "../io/atomicWrite";
import { sessionHost } from "../session/experimentHost";
import { type Cell, formatNotebook, type Notebook, sourceOf } from "../session/notebook";
import { Outputs } from "../session/outputs";
import { setParameters } from "../session/parameters";
import { type CellResult, Session } from "../session/session";
import { Checkpoint } from "./checkpoint";
import { EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, UsageError } from "./command";
import { readNotebook } from "./notebookFiles";
import { Progress, seconds } from "./progress";
import { RunControl } from "./runControl";
import type { RunOptions } from "./runOptions";

/** Runs the notebook of `options` in this process and returns the exit code. `descriptor` is where orders to interrupt come from.
 * @throws what `readNotebook` throws.
 * @throws {UsageError} for `--set` and `--cells` that name nothing in it.
 * @throws {DeviceError} when the results cannot be written. */
export async function executeNotebook(options: RunOptions, descriptor: number): Promise<number> {
  const notebook = withParameters(await readNotebook(options), options.set);
  const codeCells = notebook.cells.filter(({ cell_type: type }) => type === "code").length;
  if (codeCells > 0 && !Array.from({ length: codeCells }, (_, k) => k + 1).some(options.selects)) throw new UsageError(`--cells selects none of the ${codeCells} code cells`, { help: `give numbers from 1 to ${codeCells}` });
  return new NotebookRun({ notebook, options, codeCells }).execute(descriptor);
}

/** What is wrong with `--set` is wrong usage, and the given values stand in the notebook's metadata. */
function withParameters(notebook: Notebook, values: ReadonlyMap<string, string>): Notebook {
  if (values.size === 0) return notebook;
  try {
    return { ...setParameters(notebook, values), metadata: { ...notebook.metadata, isoflop: { ...objectOf(notebook.metadata.isoflop), parameters: Object.fromEntries(values) } } };
  } catch (error) {
    throw error instanceof ArgumentError ? new UsageError(error.what, { where: error.where, help: error.help }) : error;
  }
}

const objectOf = (value: unknown): object => (typeof value === "object" && value !== null ? value : {});

const loadLibrary = () => import("../index");

interface RunParts {
  readonly notebook: Notebook;
  readonly options: RunOptions;
  readonly codeCells: number;
}

/** Code cells are called by their number among the code cells, from 1: what a run in order shows as `[n]`. */
class NotebookRun {
  private readonly options: RunOptions;
  private readonly cells: Cell[];
  private readonly notebook: Notebook;
  private readonly progress: Progress;
  private readonly outputs = new Outputs();
  private readonly checkpoint = new Checkpoint(() => this.write());
  private readonly session: Session;
  /** There once a cell has imported it. */
  private library: ReturnType<typeof loadLibrary> | undefined;
  /** Sources of what ran, the running one last. */
  private readonly sources: string[] = [];
  /** Number of each cell that has run, by its place in the file. */
  private readonly executed = new Map<number, string>();

  constructor({ notebook, options, codeCells }: RunParts) {
    this.options = options;
    this.notebook = notebook;
    let number = 0;
    // Results of an earlier run must not pass for those of this one.
    this.cells = notebook.cells.map((cell) => (cell.cell_type === "code" && options.selects(++number) ? { ...cell, outputs: [], execution_count: null } : cell));
    this.progress = new Progress(codeCells);
    const folder = dirname(options.input);
    // Relative paths in cells start at the notebook, wherever the command was called from.
    process.chdir(folder);
    setExperimentHost(sessionHost({ cwd: folder, file: options.input, cells: () => this.sources }));
    this.session = new Session({
      cwd: folder,
      file: options.input,
      modules: { isoflop: () => (this.library ??= loadLibrary()) },
      // A training step under way ends too, with its state as it was before. Without the library there is none.
      onInterrupt: () => void this.library?.then(({ interruptRuns }) => interruptRuns()),
      emit: (message, cell) => {
        if (message.msg_type === "status") return;
        this.outputs.add(message, cell);
        this.progress.show(message);
        this.checkpoint.touch();
      },
    });
  }

  async execute(descriptor: number): Promise<number> {
    const { options } = this;
    const started = performance.now();
    const control = new RunControl(this.session, descriptor);
    let failed = 0;
    let number = 0;
    for (const [index, cell] of this.notebook.cells.entries()) {
      if (cell.cell_type !== "code" || !options.selects(++number)) continue;
      if (sourceOf(cell).trim() === "") continue;
      const result = await this.runCell({ index, number, control });
      if (result.status !== "ok") failed++;
      // A disk that is full now may not be at the end; until then the cells go on.
      await this.checkpoint.finished().catch((error: unknown) => process.stderr.write(`not written yet: ${error instanceof Error ? error.message : String(error)}\n`));
      if (control.interrupted || (result.status !== "ok" && options.stopOnError)) break;
    }
    // Rejections that nobody handles are told after the turn they happened in.
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.checkpoint.touch();
    await this.checkpoint.flush();
    this.session.dispose();
    if (options.html !== undefined) await atomicWrite(options.html, notebookToHtml(this.current()));
    this.summary(failed, performance.now() - started);
    return control.interrupted ? EXIT_INTERRUPTED : failed > 0 || this.session.strayErrors > 0 ? EXIT_FAILED : EXIT_OK;
  }

  private async runCell({ index, number, control }: { readonly index: number; readonly number: number; readonly control: RunControl }): Promise<CellResult> {
    const name = String(number);
    const source = sourceOf(this.cells[index]);
    this.outputs.reset(name);
    this.executed.set(index, name);
    this.sources.push(source);
    this.progress.start(number, source);
    const begun = new Date().toISOString();
    control.begin(number, this.options.timeoutMs);
    const result = await this.session.execute(source, { cell: name });
    control.end();
    const timing = { "iopub.execute_input": begun, "iopub.status.idle": new Date().toISOString() };
    const cell = this.cells[index];
    this.cells[index] = { ...cell, execution_count: result.executionCount, metadata: { ...cell.metadata, execution: timing } };
    this.progress.done(number, { source, result });
    return result;
  }

  /** The notebook as it stands now. */
  private current(): Notebook {
    const cells = this.cells.map((cell, index) => {
      const name = this.executed.get(index);
      return name === undefined ? cell : { ...cell, outputs: this.outputs.of(name) };
    });
    return { ...this.notebook, cells };
  }

  private async write(): Promise<void> {
    if (this.options.out !== undefined) await atomicWrite(this.options.out, formatNotebook(this.current()));
  }

  private summary(failed: number, ms: number): void {
    const { out, html } = this.options;
    const files = [out, html].filter((file) => file !== undefined);
    const state = failed === 0 ? "all well" : `${failed} failed`;
    const stray = this.session.strayErrors === 0 ? "" : `, ${plural(this.session.strayErrors, "error")} that nothing caught`;
    process.stderr.write(`${plural(this.executed.size, "cell")} in ${seconds(ms)}, ${state}${stray}${files.length === 0 ? "; nothing written (see --out, --html)" : `; written to ${files.join(" and ")}`}\n`);
  }
}
