/** @file Runs the command line that comes with the extension. */
import { spawn } from "node:child_process";
import { programEnvironment } from "../kernel/environment";
import type { Services } from "../services";
import { UserError } from "./userError";

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd?: string;
  readonly signal?: AbortSignal;
}

/** More than any command prints; a program that prints without end is ended. */
const MAX_OUTPUT_CHARACTERS = 20e6;

/** What `isoflop <args>` prints, and its exit code. Runs on the same program as kernels.
 * @throws {UserError} when the program cannot be run; an AbortError when `signal` ended it. */
export function isoflopCli({ config, context }: Pick<Services, "config" | "context">, args: readonly string[], { cwd, signal }: CliOptions = {}): Promise<CliResult> {
  const program = config.nodePath === "" ? process.execPath : config.nodePath;
  return new Promise((done, fail) => {
    const child = spawn(program, [context.asAbsolutePath("dist/cli.js"), ...args], { cwd, signal, stdio: ["ignore", "pipe", "pipe"], windowsHide: true, env: programEnvironment() });
    const text = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const)
      child[stream].setEncoding("utf8").on("data", (part: string) => {
        text[stream] += part;
        if (text[stream].length > MAX_OUTPUT_CHARACTERS) child.kill();
      });
    child.once("error", (error) => {
      if (error.name === "AbortError") fail(error);
      else fail(new UserError(`${program} cannot be run: ${error.message}`, "correct the setting `isoflop.nodePath`, or clear it"));
    });
    child.once("close", (code) => done({ code: code ?? 1, ...text }));
  });
}

/** The JSON that `isoflop <args>` prints. @throws {UserError} with its error text when it fails. */
export async function isoflopJson(services: Pick<Services, "config" | "context">, args: readonly string[]): Promise<unknown> {
  const { code, stdout, stderr } = await isoflopCli(services, args);
  if (code !== 0) throw new UserError(stderr.trim() || `isoflop ${args.join(" ")} ended with code ${code}`, "see IsoFLOP: Doctor");
  return JSON.parse(stdout);
}
