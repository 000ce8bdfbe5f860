/** @file What code writes to stdout and stderr goes to the cell that the code belongs to, also when it runs later. */
import { AsyncLocalStorage } from "node:async_hooks";
import { Console } from "node:console";
import { Writable } from "node:stream";
import { type DisplayMessage, type DisplaySink, setDisplaySink } from "../display/display";
import { type InputQuestion, setInputProvider } from "../display/input";
import { ArgumentError } from "../errors";

export type StreamName = "stdout" | "stderr";

/** A run of a cell, as seen by the code it started: callbacks, timers and promises keep it. */
export interface CellRun {
  readonly write: (name: StreamName, text: string) => void;
  readonly display: (message: DisplayMessage) => void;
  /** Takes an error that nothing awaited. */
  readonly late: (error: unknown) => void;
  /** Asks the user for a line; absent where nobody can answer. */
  readonly ask?: Ask;
}

/** The user's answer. Rejects when nobody can give one any more. */
export type Ask = (question: InputQuestion) => Promise<string>;

const runs = new AsyncLocalStorage<CellRun>();

/** Runs `work` as part of `run`. */
export const runInCell = <T>(run: CellRun, work: () => T): T => runs.run(run, work);

/** The run that the calling code belongs to; undefined outside of cells. */
export const currentRun = (): CellRun | undefined => runs.getStore();

/** A console whose output goes to the cell that calls it, without colours. */
export function createConsole(): Console {
  const stream = (name: StreamName): Writable =>
    new Writable({
      decodeStrings: false,
      write: (chunk: string | Uint8Array, _, done) => {
        process[name].write(chunk);
        done();
      },
    });
  return new Console({ stdout: stream("stdout"), stderr: stream("stderr"), colorMode: false });
}

/** Runs `work` as part of no cell: what listens to a cell's output must not write into it. */
export const outsideCells = <T>(work: () => T): T => runs.exit(work);

let users = 0;
let restore: (() => void) | undefined;

/** Takes an error that belongs to no cell. */
export type StrayError = (error: unknown) => void;

/** As if nobody had listened. */
const rethrow: StrayError = (error) => {
  throw error;
};

/** Directs output, displays, input, stray errors and `process.exit` of cells to their runs, for the whole process, until the returned function is called.
 * @param outside - takes stray errors that belong to no cell; by default they end the process, as they would without it. */
export function captureOutput(outside: StrayError = rethrow): () => void {
  if (users++ === 0) restore = install(outside);
  let released = false;
  return () => {
    if (released) return;
    released = true;
    if (--users === 0) restore?.();
  };
}

function install(outside: StrayError): () => void {
  const undo = [redirect("stdout"), redirect("stderr"), guardExit(), directDisplays(), directInput()];
  const stray = (error: unknown): void => {
    const run = currentRun();
    if (run === undefined) outside(error);
    else run.late(error);
  };
  process.on("uncaughtException", stray);
  process.on("unhandledRejection", stray);
  return () => {
    process.off("uncaughtException", stray);
    process.off("unhandledRejection", stray);
    for (const step of undo) step();
  };
}

function redirect(name: StreamName): () => void {
  const stream = process[name];
  const original = stream.write;
  const write = (chunk: string | Uint8Array, encoding?: BufferEncoding | ((error?: Error) => void), done?: (error?: Error) => void): boolean => {
    const run = currentRun();
    if (run === undefined) return Reflect.apply(original, stream, [chunk, encoding, done]);
    const bytes = typeof chunk === "string" ? Buffer.from(chunk, typeof encoding === "string" ? encoding : "utf8") : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    run.write(name, bytes.toString("utf8"));
    const finished = typeof encoding === "function" ? encoding : done;
    if (finished !== undefined) process.nextTick(finished);
    return true;
  };
  stream.write = write;
  return () => {
    if (stream.write === write) stream.write = original;
  };
}

function directDisplays(): () => void {
  const before: DisplaySink | undefined = setDisplaySink((message) => {
    const run = currentRun();
    if (run !== undefined) run.display(message);
    else before?.(message);
  });
  return () => void setDisplaySink(before);
}

function directInput(): () => void {
  const before = setInputProvider((question) => {
    const run = currentRun();
    return run === undefined ? before?.(question) : run.ask?.(question);
  });
  return () => void setInputProvider(before);
}

/** A cell that ends the process would take all other cells' results with it. */
function guardExit(): () => void {
  const original = process.exit;
  const exit: typeof process.exit = (code) => {
    if (currentRun() !== undefined) throw new ArgumentError(`a cell called process.exit(${code ?? ""})`, { help: "to stop a notebook throw an error; the kernel ends when the notebook is closed" });
    return original.call(process, code);
  };
  process.exit = exit;
  return () => {
    if (process.exit === exit) process.exit = original;
  };
}
