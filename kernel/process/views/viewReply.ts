/** @file A variable as an output: as it shows itself, or through one of the views where it fits. */
import { bundleMetadata, resolveBundle } from "../../display/bundle";
import { ArgumentError } from "../../errors";
import type { ReplyContent, VariableView } from "../../protocol/jupyter";
import type { Session } from "../../session/session";
import type { LibraryModule } from "../library";
import { valueAt } from "../variables/variablesReply";
import { attentionSource } from "./attentionSource";
import { costSource } from "./costSource";
import { scalingSource } from "./scalingSource";
import { spectrumSource } from "./spectrumSource";
import { tensorSource } from "./tensorSource";

/** A view of `value`, or undefined where it does not fit. */
export type ViewSource = (value: unknown, about: { readonly title: string; readonly library: LibraryModule }) => unknown;

interface View {
  readonly make: ViewSource;
  /** What it is a view of. */
  readonly fits: string;
}

const VIEWS: { readonly [V in Exclude<VariableView, "value">]: View } = {
  tensor: { make: tensorSource, fits: "a tensor, or an array of numbers" },
  attention: { make: attentionSource, fits: "attention weights after the softmax: [layers, heads, queries, keys], [heads, queries, keys], or a list of them, one for each layer" },
  spectrum: { make: spectrumSource, fits: "a matrix, or a model that holds matrices" },
  scaling: { make: scalingSource, fits: "a list of runs with a size (params, flops, tokens or x) and a loss (loss or y), or the result of fitIsoflop" },
  cost: { make: costSource, fits: "a cost report, a compiled function that has run, or a model" },
};

/** @throws {ArgumentError} when there is no such variable, or it does not fit the view; the help says what would. */
export async function viewReply(session: Pick<Session, "variables">, { path, view, library }: { readonly path: string; readonly view: string; readonly library: LibraryModule }): Promise<ReplyContent<"isoflop_view_request">> {
  const value = valueAt(session, path);
  const data = await resolveBundle(view === "value" ? value : await made(value, { path, view, library }));
  return { status: "ok", data, metadata: bundleMetadata(data) };
}

async function made(value: unknown, { path, view, library }: { readonly path: string; readonly view: string; readonly library: LibraryModule }): Promise<unknown> {
  if (!isView(view)) throw new ArgumentError(`there is no view ${JSON.stringify(view)}`, { help: `the views are value, ${Object.keys(VIEWS).join(", ")}` });
  const { make, fits } = VIEWS[view];
  const display: unknown = await make(value, { title: path, library });
  if (display !== undefined) return display;
  throw new ArgumentError(`${path} does not fit the ${view} view`, { help: `that is a view of ${fits}` });
}

const isView = (view: string): view is keyof typeof VIEWS => Object.hasOwn(VIEWS, view);
