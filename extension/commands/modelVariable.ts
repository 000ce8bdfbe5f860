/** @file The model or function of the notebook that a command is to write as ONNX. */
import type { Variable } from "../../kernel/protocol/jupyter";
import type { Kernel, Services } from "../services";
import { UserError } from "./userError";
import { pathOf, pickVariable } from "./variableOf";

/** Models hold tensors; functions and compiled programs say so in their type. */
const isModel = ({ type, children, bytes, shape }: Variable): boolean => shape === undefined && (/function|compiled|program/i.test(type) || (children > 0 && bytes !== undefined));

/** The path that was given, or the one that the user picks; undefined when the user picks none. */
export async function modelVariable(services: Pick<Services, "vs">, kernel: Kernel, given: unknown): Promise<string | undefined> {
  return (
    pathOf(given) ??
    (await pickVariable(services, kernel, { placeHolder: "A model, or a compiled function that has run", fits: isModel, help: "keep a model or a compiled function in a variable of the notebook" }))
  );
}

/** Writes it. @throws {UserError} in the kernel's words when it cannot. */
export async function writeOnnx(kernel: Kernel, { path, file }: { readonly path: string; readonly file: string }): Promise<number> {
  const reply = await kernel.request("isoflop_export_request", { path, file });
  if (reply.status !== "ok") throw new UserError(`${path} cannot be written as ONNX: ${reply.evalue ?? reply.status}`, "choose a model, or a compiled function that has run");
  return reply.bytes;
}
