/** @file The graph of an ONNX file, read by the command line in a process of its own: a damaged or huge file cannot hurt the editor. */
import { basename } from "node:path";
import type * as vscode from "vscode";
import type { ModelGraph } from "../../../kernel/onnx/modelGraphSchema";
import type { NamedGraph } from "../../../webviews/panels/modelGraphMessages";
import { isoflopCli } from "../../commands/isoflopCli";
import { UserError } from "../../commands/userError";
import type { Services } from "../../services";

/** What is sent to the page is checked there field by field; here only that it is a graph at all. */
const isGraph = (value: unknown): value is ModelGraph => typeof value === "object" && value !== null && "nodes" in value && Array.isArray(value.nodes);

/** @throws {UserError} in the words of the command line: what is wrong with the file; an AbortError when `signal` ended it. */
export async function readGraph(services: Pick<Services, "config" | "context">, uri: vscode.Uri, signal?: AbortSignal): Promise<NamedGraph> {
  if (uri.scheme !== "file") throw new UserError(`${uri.toString()} is no local file`, "save it to this machine first");
  const { code, stdout, stderr } = await isoflopCli(services, ["graph", uri.fsPath, "--json"], { signal });
  if (code !== 0) throw new UserError(stderr.trim() || "the program that reads models ended before it answered", "the model may be larger than what fits into memory");
  try {
    const graph: unknown = JSON.parse(stdout);
    if (isGraph(graph)) return { name: basename(uri.fsPath), graph };
  } catch {
    // Said below: a graph cut short is none.
  }
  throw new UserError(`the graph of ${basename(uri.fsPath)} is too large to be shown`, "look at a part of it, extracted with onnx.utils.extract_model");
}
