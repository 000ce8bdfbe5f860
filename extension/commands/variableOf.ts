/** @file The variable that a command means: the tree's item, or one that the user picks. */
import type { Variable } from "../../kernel/protocol/jupyter";
import type { Kernel, Services } from "../services";
import { describeVariable } from "../views/variables/variablesTree";
import { UserError } from "./userError";

/** The path of a tree item, or a path as text. */
export function pathOf(given: unknown): string | undefined {
  if (typeof given === "string" && given !== "") return given;
  if (typeof given !== "object" || given === null || !("variable" in given)) return undefined;
  const { variable } = given;
  return typeof variable === "object" && variable !== null && "path" in variable && typeof variable.path === "string" ? variable.path : undefined;
}

const LIMIT = 1000;

/** The names of the notebook. @throws {UserError} when the kernel refuses. */
export async function variablesOf(kernel: Kernel): Promise<readonly Variable[]> {
  const reply = await kernel.request("isoflop_variables_request", { limit: LIMIT });
  if (reply.status !== "ok") throw new UserError(reply.evalue ?? "the kernel does not tell its variables", "wait until the cell has ended");
  return reply.variables;
}

export interface PickOptions {
  readonly placeHolder: string;
  readonly fits: (variable: Variable) => boolean;
  /** What to do where none fits. */
  readonly help: string;
}

/** The path of the variable that the user picks among those that fit. @throws {UserError} where none does. */
export async function pickVariable({ vs }: Pick<Services, "vs">, kernel: Kernel, { placeHolder, fits, help }: PickOptions): Promise<string | undefined> {
  const fitting = (await variablesOf(kernel)).filter(fits);
  if (fitting.length === 0) throw new UserError("no variable of the notebook fits", help);
  return (await vs.window.showQuickPick(fitting.map((variable) => ({ label: variable.name, description: describeVariable(variable), path: variable.path })), { placeHolder }))?.path;
}
