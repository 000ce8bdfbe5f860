/** @file Which module draws which view. Each is loaded when its first output comes. */
import { type ViewName } from "../../kernel/display/schema";
import { type Renderer } from "../shared/renderer";

export type Loaders = { readonly [V in ViewName]?: () => Promise<Renderer<V>> };

export const VIEWS: Loaders = {
  attention: () => import("./attention").then((module) => module.attention),
  media: () => import("./media/media").then((module) => module.media),
  tensor: () => import("./tensor/tensor").then((module) => module.tensor),
  table: () => import("./table").then((module) => module.table),
};

const MIME = /^application\/vnd\.isoflop\.([a-z]+)\.v(\d+)\+json$/;

/** Name of the view in a MIME type of ours; undefined for other types and for views that this version does not have. */
export function viewOfMime(mime: string): ViewName | undefined {
  const name = MIME.exec(mime)?.[1];
  return Object.keys(VIEWS).find((view): view is ViewName => view === name);
}
