/** @file A session: the names of one notebook, and the cells that run on them one after another. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import vm from "node:vm";
import { bundleMetadata, resolveBundle } from "../display/bundle";
import { settleDisplays } from "../display/display";
import type { ErrorContent, MimeBundle, SessionMessage } from "../protocol/messages";
import { bindImports } from "./bindImports";
import { type Ask, captureOutput, type CellRun, createConsole, outsideCells, runInCell, type StrayError } from "./captureOutput";
import { CellSyntaxError } from "./cellSyntaxError";
import { describeError, describeSyntaxError, fromEngine } from "./describeError";
import { createFlag, INTERRUPTED, InterruptError, interruptError, isStopped, obeyFlag, RUNNING, setCurrent } from "./interrupt";
import { type GivenModules, ModuleLoader } from "./moduleLoader";
import type { Attributes, Namespace } from "./nativeImport";
import { NotebookScope } from "./notebookScope";
import { type Script, ScriptRegistry } from "./scriptRegistry";
import { type CompiledCell, transformCell } from "./transform";

export interface SessionOptions {
  /** The notebook's folder, absolute: packages and files are imported from here. */
  readonly cwd: string;
  /** Modules by name that are given, not looked up: `{ isoflop: … }`; functions are called at the first import. */
  readonly modules?: GivenModules;
  /** Takes everything that cells write, show and throw, as it happens; `cell` says whose it is. */
  readonly emit?: (message: SessionMessage, cell: string) => void;
  /** The notebook's path, for `import.meta.url`. */
  readonly file?: string;
  /** Called when the running cell is interrupted: to end work that runs outside of JavaScript. */
  readonly onInterrupt?: () => void;
  /** The flag to read, from `createFlag`. Default: one of its own. */
  readonly flag?: Int32Array;
  /** Called by a loop of the running cell after another thread has put SERVICE in the flag; the cell goes on afterwards. */
  readonly onService?: () => void;
  /** Takes stray errors that belong to no cell. By default they end the process. */
  readonly onStray?: StrayError;
}

export interface ExecuteOptions {
  /** What errors call the cell, and what `emit` gets: "3" is told as "cell 3". Defaults to the number of cells run. */
  readonly cell?: string;
  /** Takes what this run emits, also what it leaves behind does later. Default: the session's. */
  readonly emit?: (message: SessionMessage) => void;
  /** Asks the user for a line, for `input()`. Default: nobody can be asked. */
  readonly ask?: Ask;
  /** What its result is numbered by. Default: the number of cells run so far, with this one. */
  readonly executionCount?: number;
}

export interface CellResult {
  readonly status: "ok" | "error" | "interrupted";
  /** The last expression's value, where there is one and it is not undefined. */
  readonly value?: MimeBundle;
  readonly error?: ErrorContent;
  readonly executionCount: number;
  readonly durationMs: number;
}

/** How long a failed cell may take to send what it still has to show. */
const SETTLE_MS = 1000;
/** Names that every cell has besides the globals. */
const PROVIDED = ["console", "require"] as const;

/** Runs cells. Between `new Session` and `dispose` it listens for stray errors of the process, so that those of cells do not end it. */
export class Session {
  /** Loop guards stop the running cell when another thread stores INTERRUPTED or TIMED_OUT here. Code that waits is stopped by `interrupt`. */
  readonly flag: Int32Array;
  private readonly options: SessionOptions;
  private readonly scope = new NotebookScope();
  private readonly scripts = new ScriptRegistry();
  private readonly loader: ModuleLoader;
  private readonly console = createConsole();
  private readonly release: () => void;
  private readonly imported = new Set<string>();
  private controller: AbortController | undefined;
  private executions = 0;
  private stray = 0;
  private last: Promise<unknown> = Promise.resolve();

  constructor(options: SessionOptions) {
    this.options = options;
    this.flag = options.flag ?? createFlag();
    this.release = captureOutput(options.onStray);
    this.loader = new ModuleLoader({ modules: options.modules ?? {}, scripts: this.scripts, flag: this.flag, stop: this.stop });
  }

  /** Aborted when the running cell is interrupted; undefined when none runs. */
  get signal(): AbortSignal | undefined {
    return this.controller?.signal;
  }

  /** The notebook's variables, imports included, with their present values. */
  get variables(): ReadonlyMap<string, unknown> {
    return this.scope.entries();
  }

  /** Those of them that stand for imports. */
  get imports(): ReadonlySet<string> {
    return this.imported;
  }

  /** How many errors of cells nobody awaited or caught. They were written to their cells' stderr. */
  get strayErrors(): number {
    return this.stray;
  }

  /** Runs a cell after those asked for before it. Never rejects: what went wrong is in the result. */
  execute(code: string, options: ExecuteOptions = {}): Promise<CellResult> {
    const result = this.last.then(() => this.run(code, options));
    this.last = result;
    return result;
  }

  /** Stops the running cell at its next loop, call of `checkInterrupt` or wait. Does nothing when none runs. `reason` is a value of the flag. */
  interrupt(reason: number = INTERRUPTED): void {
    if (this.controller === undefined) return;
    Atomics.store(this.flag, 0, reason);
    this.controller.abort(interruptError(reason));
    this.options.onInterrupt?.();
  }

  /** Lets go of the process: output and stray errors are its own again. */
  dispose(): void {
    this.release();
  }

  private readonly stop = (): void => obeyFlag(this.flag, this.service);

  private readonly service = (): void => outsideCells(() => this.options.onService?.());

  private async run(code: string, options: ExecuteOptions): Promise<CellResult> {
    const number = ++this.executions;
    const { cell = String(number), executionCount = number } = options;
    const run: Run = { cell, ask: options.ask, emit: options.emit ?? ((message) => this.options.emit?.(message, cell)) };
    const started = performance.now();
    const controller = new AbortController();
    this.controller = controller;
    setCurrent({ flag: this.flag, signal: controller.signal, service: this.service });
    this.emit({ msg_type: "status", content: { execution_state: "busy" } }, run);
    const outcome = await this.attempt({ code, run, signal: controller.signal, executionCount });
    // A swallowed interrupt is one all the same.
    const stopped = controller.signal.aborted || isStopped(this.flag);
    if (stopped) {
      controller.abort(interruptError(this.flag[0]));
      // One turn with the flag up: loops that the cell left behind meet it too.
      await new Promise((resolve) => setImmediate(resolve));
    }
    // Whatever the cell has shown so far is to arrive before it is said to be over.
    if (outcome.error !== undefined) await Promise.race([settleDisplays().catch(() => undefined), new Promise((resolve) => setTimeout(resolve, SETTLE_MS).unref())]);
    const error = outcome.error ?? (stopped ? describeError(interruptError(this.flag[0]), this.scripts) : undefined);
    Atomics.store(this.flag, 0, RUNNING);
    this.controller = undefined;
    setCurrent(undefined);
    if (error !== undefined) this.emit({ msg_type: "error", content: error }, run);
    this.emit({ msg_type: "status", content: { execution_state: "idle" } }, run);
    return { ...outcome, error, status: stopped ? "interrupted" : error === undefined ? "ok" : "error", executionCount, durationMs: performance.now() - started };
  }

  private async attempt({ code, run, signal, executionCount }: Attempt): Promise<Pick<CellResult, "value" | "error">> {
    const script: { current: Script } = { current: { label: cellLabel(run.cell), isCell: true, source: code, trace: (position) => position } };
    try {
      const compiled = transformCell(code, { declared: this.scope.declared, constants: this.scope.constants, provided: PROVIDED });
      script.current = { ...script.current, trace: compiled.trace };
      const main = this.compile(compiled, script.current);
      const data = await untilAborted(runInCell(this.cellRun(run), () => this.start({ main, compiled, cell: run.cell })), signal);
      if (data === undefined) return {};
      this.emit({ msg_type: "execute_result", content: { data, metadata: bundleMetadata(data), execution_count: executionCount } }, run);
      return { value: data };
    } catch (error) {
      return { error: error instanceof CellSyntaxError ? describeSyntaxError(error, script.current) : describeError(error, this.scripts) };
    }
  }

  private compile({ code }: CompiledCell, script: Script): CellMain {
    const { filename, owner } = this.scripts.add(script);
    try {
      // SAFETY: transformCell returns the text of such a function.
      return (new vm.Script(code, { filename }).runInThisContext() as (owner: object) => CellMain)(owner);
    } catch (error) {
      throw error instanceof SyntaxError ? fromEngine(error, script) : error;
    }
  }

  private async start({ main, compiled, cell }: Start): Promise<MimeBundle | undefined> {
    const { cwd, file } = this.options;
    const { imports, declarations, constants, vars } = compiled;
    const modules = await bindImports({ imports, cell: cellLabel(cell), load: ({ specifier, attributes }) => this.loader.load(specifier, cwd, attributes) });
    const values = [...declarations].filter(([, { value }]) => value).map(([name]) => name);
    this.scope.declare(values, constants);
    this.scope.reserve(vars);
    for (const name of values) this.imported.delete(name);
    for (const { name, value, fail } of modules) {
      this.imported.add(name);
      if (fail === undefined) this.scope.define(name, value);
      else this.scope.defer(name, fail);
    }
    let shown: unknown;
    const show = (value: unknown): void => {
      shown = value;
    };
    const load = (specifier: string, options?: { readonly with?: Attributes }): Promise<Namespace> => this.loader.load(specifier, cwd, options?.with);
    const path = file ?? join(cwd, "notebook.ipynb");
    const require = createRequire(path);
    const meta = { url: pathToFileURL(path).href, filename: path, dirname: cwd, resolve: (specifier: string) => pathToFileURL(require.resolve(specifier)).href };
    await main(this.scope.values, this.scope.guarded, this.flag, this.stop, show, load, meta, this.console, require);
    // A promise at the end of a cell is mostly a forgotten `await`.
    const value: unknown = shown instanceof Promise ? await shown : shown;
    await settleDisplays();
    return value === undefined ? undefined : resolveBundle(value);
  }

  private cellRun(run: Run): CellRun {
    const { cell, ask } = run;
    return {
      ask,
      write: (name, text) => this.emit({ msg_type: "stream", content: { name, text: this.scripts.translate(text) } }, run),
      display: (message) => this.emit(message, run),
      late: (error) => {
        // What an interrupted cell left behind ends this way, as it should.
        if (error instanceof InterruptError) return;
        this.stray++;
        const { traceback } = describeError(error, this.scripts);
        const text = [`${cellLabel(cell)}: an error that nothing awaited or caught`, ...traceback, ""].join("\n");
        this.emit({ msg_type: "stream", content: { name: "stderr", text } }, run);
      },
    };
  }

  private emit(message: SessionMessage, { emit }: Run): void {
    outsideCells(() => emit(message));
  }
}

/** One execution of a cell. */
interface Run {
  /** What errors call it. */
  readonly cell: string;
  readonly emit: (message: SessionMessage) => void;
  readonly ask: Ask | undefined;
}

interface Attempt {
  readonly code: string;
  readonly run: Run;
  readonly signal: AbortSignal;
  readonly executionCount: number;
}

interface Start {
  readonly main: CellMain;
  readonly compiled: CompiledCell;
  readonly cell: string;
}

type CellMain = (...args: readonly unknown[]) => Promise<void>;

const cellLabel = (cell: string): string => `cell ${cell}`;

/** `work`, or a rejection as soon as the signal is aborted. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // After an interrupt nobody looks at how the work ends.
  work.catch(() => undefined);
  let leave: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason);
    signal.addEventListener("abort", leave);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (leave !== undefined) signal.removeEventListener("abort", leave);
  }
}
