/** @file Runs the command in a child process: hears Ctrl-C for it, and tells when it dies. */
import { spawn } from "node:child_process";
import { Writable } from "node:stream";
import { DeviceError } from "../errors";
import { EXIT_FAILED, EXIT_INTERRUPTED } from "./command";
import type { RunOptions } from "./runOptions";

/** Tells the child which file descriptor its orders come from. */
const CONTROL_VARIABLE = "ISOFLOP_RUN_CONTROL";
const CONTROL_DESCRIPTOR = 3;
/** The one order: interrupt the running cell. */
export const INTERRUPT_ORDER = "i";

/** The descriptor of a supervised process, undefined in any other. What cells start does not inherit it. */
export function controlDescriptor(): number | undefined {
  const value = process.env[CONTROL_VARIABLE];
  delete process.env[CONTROL_VARIABLE];
  return value === undefined ? undefined : Number(value);
}

/** Runs this program once more with `args` and returns its exit code. SIGINT, SIGTERM and SIGHUP interrupt the cell; the second one kills. */
export async function supervise(args: readonly string[], { input, out }: RunOptions): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1], ...args], { stdio: ["inherit", "inherit", "inherit", "pipe"], env: { ...process.env, [CONTROL_VARIABLE]: String(CONTROL_DESCRIPTOR) } });
  const control = child.stdio[CONTROL_DESCRIPTOR];
  let signals = 0;
  const onSignal = (): void => {
    if (++signals > 1) child.kill("SIGKILL");
    else if (control instanceof Writable) {
      process.stderr.write("\ninterrupting the cell; once more to end at once\n");
      control.write(INTERRUPT_ORDER);
    }
  };
  // The child may be gone before the order arrives.
  control?.on("error", () => undefined);
  const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of names) process.on(name, onSignal);
  try {
    const { code, signal } = await new Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (exitCode, exitSignal) => resolve({ code: exitCode, signal: exitSignal }));
    });
    if (code !== null) return code;
    if (signals > 1) return EXIT_INTERRUPTED;
    const kept = out === undefined ? "nothing was written; with --out the cells that finish are kept" : `the cells that had finished are in ${out}`;
    const error = new DeviceError(`the notebook's process was ended by ${signal}`, { where: input, help: `${kept}; look for memory running out or for a fault in a native module` });
    process.stderr.write(`${error.name}: ${error.message}\n`);
    return EXIT_FAILED;
  } finally {
    for (const name of names) process.off(name, onSignal);
  }
}
