/** @file The command line of a kernel process. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { ArgumentError } from "../errors";

export interface KernelOptions {
  /** URI of the notebook. */
  readonly notebook: string;
  /** Folder that cells run in and import from, absolute. */
  readonly cwd: string;
  /** Path of the notebook file; undefined for one that was never saved. */
  readonly file?: string;
  /** Private folder of this kernel, absolute. */
  readonly folder: string;
  /** Connection file of a Jupyter client, which then takes the place of the local socket. */
  readonly connection?: string;
  /** Ends the process after so long without clients and work; 0: never. */
  readonly idleShutdownMs: number;
  /** Share of memory, 0…0.5, below which it warns. */
  readonly memoryWarningShare: number;
  /** Outputs above this go to a side file. */
  readonly outputLimitBytes: number;
  readonly device?: string;
  /** 0: one for each core. */
  readonly threads: number;
  readonly runsFolder?: string;
}

const USAGE = "main.js --folder <private folder> --notebook <uri> --cwd <folder> [--file <notebook.ipynb>] [--connection <file>] [--idle-shutdown-ms n] [--memory-warning share] [--output-limit bytes] [--device cpu] [--threads n] [--runs-folder folder]";
const OUTPUT_LIMIT_BYTES = 2e6;
const MEMORY_WARNING_SHARE = 0.08;

/** @throws {ArgumentError} when the arguments make no sense. */
export function parseKernelOptions(args: readonly string[]): KernelOptions {
  const values = parse(args);
  const { folder, notebook, file } = values;
  if (folder === undefined || notebook === undefined) throw usage(`--${folder === undefined ? "folder" : "notebook"} is missing`);
  const number = (name: keyof typeof values, fallback: number, most = Infinity): number => {
    const text = values[name];
    const value = text === undefined ? fallback : Number(text);
    if (text?.trim() === "" || !(value >= 0 && value <= most)) throw usage(`--${name} ${text}: no number from 0${most === Infinity ? " on" : ` to ${most}`}`);
    return value;
  };
  return {
    notebook,
    cwd: resolve(values.cwd ?? "."),
    file: file === undefined ? undefined : resolve(file),
    folder: resolve(folder),
    connection: values.connection === undefined ? undefined : resolve(values.connection),
    // Timers count in 31-bit milliseconds.
    idleShutdownMs: Math.min(number("idle-shutdown-ms", 0), 2 ** 31 - 1),
    memoryWarningShare: number("memory-warning", MEMORY_WARNING_SHARE, 0.5),
    outputLimitBytes: number("output-limit", OUTPUT_LIMIT_BYTES),
    device: values.device,
    threads: Math.floor(number("threads", 0)),
    runsFolder: values["runs-folder"],
  };
}

const usage = (what: string): ArgumentError => new ArgumentError(what, { help: `usage: node ${USAGE}` });

const TEXT = { type: "string" } as const;

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { folder: TEXT, connection: TEXT, notebook: TEXT, cwd: TEXT, file: TEXT, "idle-shutdown-ms": TEXT, "memory-warning": TEXT, "output-limit": TEXT, device: TEXT, threads: TEXT, "runs-folder": TEXT },
    }).values;
  } catch (error) {
    throw usage(error instanceof Error ? error.message.split(". ")[0] : String(error));
  }
}
