/** @file Which module draws which view. Each is loaded when its first output comes. */
import type { ViewName } from "../../kernel/display/schema";
import type { Renderer } from "../shared/renderer";

export type Loaders = { readonly [V in ViewName]?: () => Promise<Renderer<V>> };

export const VIEWS: Loaders = {
  spectrum: () => import("./spectrum").then((module) => module.spectrum),
  scaling: () => import("./scaling").then((module) => module.scaling),
  attention: () => import("./attention").then((module) => module.attention),
  media: () => import("./media/media").then((module) => module.media),
  tensor: () => import("./tensor/tensor").then((module) => module.tensor),
  figure: () => import("./figure/figure").then((module) => module.figure),
  metrics: () => import("./metrics/metrics").then((module) => module.metrics),
  progress: () => import("./progress").then((module) => module.progress),
  pareto: () => import("./pareto").then((module) => module.pareto),
  claim: () => import("./claim").then((module) => module.claim),
  cost: () => import("./cost/cost").then((module) => module.cost),
  table: () => import("./table").then((module) => module.table),
};

const MIME = /^application\/vnd\.isoflop\.([a-z]+)\.v(\d+)\+json$/;

/** Name of the view in a MIME type of ours; undefined for other types and for views that this version does not have. */
export function viewOfMime(mime: string): ViewName | undefined {
  const name = MIME.exec(mime)?.[1];
  return Object.keys(VIEWS).find((view): view is ViewName => view === name);
}
