/** @file A function or model of the notebook as an `.onnx` file. */
import { resolve } from "node:path";
import { ArgumentError } from "../errors";
import type { Tensor } from "../graph/tensor";
import { atomicWrite } from "../io/atomicWrite";
import type { ReplyContent } from "../protocol/jupyter";
import { exampleOf } from "../runtime/examples";
import type { Session } from "../session/session";
import type { LibraryModule } from "./library";
import { valueAt } from "./variables/variablesReply";
import { isCallable, modelInput } from "./views/modelInput";

export interface ExportOrder {
  readonly path: string;
  /** Absolute, or from the notebook's folder. */
  readonly file: string;
  readonly library: LibraryModule;
}

/**
 * Writes the file. Of a model the weights are in it; of a compiled function all arguments are inputs, in the shapes it was last called with.
 * @throws {ArgumentError} for a variable that is neither, or whose shapes are not known.
 * @throws {DeviceError} when the file cannot be written.
 */
export async function exportReply(session: Pick<Session, "variables">, { path, file, library }: ExportOrder): Promise<ReplyContent<"isoflop_export_request">> {
  const bytes = await modelBytes(valueAt(session, path), { path, library });
  const target = resolve(file);
  await atomicWrite(target, bytes);
  return { status: "ok", file: target, bytes: bytes.byteLength };
}

function modelBytes(value: unknown, { path, library: { exportOnnx } }: Pick<ExportOrder, "path" | "library">): Promise<Uint8Array> {
  const example = typeof value === "function" ? exampleOf(value) : undefined;
  if (example !== undefined) {
    // SAFETY: the arguments are those that the function was called with.
    const fn = example.fn as (...args: readonly unknown[]) => unknown;
    return exportOnnx(fn, example.args, { weights: [] });
  }
  const help = "compile a function that calls it, run that once, and export the compiled function";
  if (!isCallable(value)) throw new ArgumentError(`${path} is neither a model nor a compiled function that has run`, { help });
  const input = modelInput(value);
  if (input === undefined) throw new ArgumentError(`${path}: its weights do not tell what shape it takes`, { help });
  return exportOnnx((model: typeof value, x: Tensor) => model.call(x), [value, input], { weights: ["model"] });
}
