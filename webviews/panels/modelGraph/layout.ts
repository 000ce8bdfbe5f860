/** @file Where everything stands: by dagre, or in plain rows where a graph is too large for it. */
import { graphlib, layout as dagreLayout } from "@dagrejs/dagre";
import { type Edge, type Item, moduleId, type Visible } from "./modules";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
export interface Route {
  readonly edge: Edge;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}
export interface Layout {
  /** Upper left corners. */
  readonly boxes: ReadonlyMap<string, Box>;
  readonly routes: readonly Route[];
  readonly width: number;
  readonly height: number;
}
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** dagre takes about a second for so many. */
const DAGRE_ITEMS = 320;
const DAGRE_EDGES = 900;
const GAP_PX = 26;
const ROW_PX = 74;
const TITLE_PX = 26;
/** More room above a group for each level of groups inside of it: else their titles meet. */
const NESTED_TITLE_PX = 9;

/** Of each group, how many levels of groups are inside of it. */
function groupLevels(items: readonly Item[]): ReadonlyMap<string, number> {
  const groups = new Map(items.flatMap(({ id, kind, parent }) => (kind === "group" ? [[id, parent === "" ? "" : moduleId(parent)] as const] : [])));
  const levels = new Map([...groups.keys()].map((id) => [id, 0]));
  for (const id of groups.keys()) {
    let level = 1;
    for (let up = groups.get(id) ?? ""; groups.has(up) && level <= groups.size; up = groups.get(up) ?? "", level++) levels.set(up, Math.max(levels.get(up) ?? 0, level));
  }
  return levels;
}

export function layoutOf(visible: Visible, sizeOf: (item: Item) => Size): Layout {
  if (visible.items.length <= DAGRE_ITEMS && visible.edges.length <= DAGRE_EDGES) {
    try {
      return byDagre(visible, sizeOf);
    } catch {
      // Some nested graphs make dagre give up; rows always work.
    }
  }
  return byRows(visible, sizeOf);
}

function byDagre({ items, edges }: Visible, sizeOf: (item: Item) => Size): Layout {
  const graph = new graphlib.Graph({ compound: true, multigraph: false });
  const levels = groupLevels(items);
  // dagre parts a rank among the borders of nested groups: each level needs its share.
  const most = Math.max(0, ...levels.values());
  graph.setGraph({ rankdir: "TB", nodesep: 22, ranksep: 34 + 8 * most, marginx: 16, marginy: 16 + NESTED_TITLE_PX * most });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const item of items) graph.setNode(item.id, item.kind === "group" ? {} : { ...sizeOf(item) });
  for (const item of items) if (item.parent !== "") graph.setParent(item.id, moduleId(item.parent));
  for (const { from, to } of edges) graph.setEdge(from, to);
  dagreLayout(graph);
  const boxes = new Map<string, Box>();
  for (const { id, kind } of items) {
    const { x = 0, y = 0, width = 0, height = 0 } = graph.node(id);
    // Room above the items of a group for its title.
    const title = kind === "group" ? TITLE_PX / 2 + NESTED_TITLE_PX * (levels.get(id) ?? 0) : 0;
    boxes.set(id, { x: x - width / 2, y: y - height / 2 - title, width, height: height + title });
  }
  const routes = edges.map((edge): Route => ({ edge, points: graph.edge(edge.from, edge.to).points ?? [] }));
  const whole = graph.graph();
  return { boxes, routes, width: whole.width ?? 0, height: whole.height ?? 0 };
}

/** Rows by the longest way from the inputs; groups have no frame then. */
function byRows({ items, edges }: Visible, sizeOf: (item: Item) => Size): Layout {
  const shown = items.filter(({ kind }) => kind !== "group");
  const rowOf = ranks(shown, edges);
  const rows = new Map<number, Item[]>();
  for (const item of shown) {
    const row = rowOf.get(item.id) ?? 0;
    rows.set(row, [...(rows.get(row) ?? []), item]);
  }
  const boxes = new Map<string, Box>();
  let [width, height] = [0, 0];
  for (const [row, line] of [...rows].sort(([a], [b]) => a - b)) {
    let x = 16;
    for (const item of line) {
      const size = sizeOf(item);
      boxes.set(item.id, { x, y: 16 + row * ROW_PX, ...size });
      x += size.width + GAP_PX;
      height = Math.max(height, 32 + row * ROW_PX + size.height);
    }
    width = Math.max(width, x);
  }
  const routes = edges.flatMap((edge): Route[] => {
    const [from, to] = [boxes.get(edge.from), boxes.get(edge.to)];
    if (from === undefined || to === undefined) return [];
    return [{ edge, points: [{ x: from.x + from.width / 2, y: from.y + from.height }, { x: to.x + to.width / 2, y: to.y }] }];
  });
  return { boxes, routes, width, height };
}

function ranks(items: readonly Item[], edges: readonly Edge[]): ReadonlyMap<string, number> {
  const after = new Map<string, string[]>();
  const open = new Map(items.map(({ id }) => [id, 0]));
  for (const { from, to } of edges) {
    after.set(from, [...(after.get(from) ?? []), to]);
    open.set(to, (open.get(to) ?? 0) + 1);
  }
  const rank = new Map(items.map(({ id }) => [id, 0]));
  const ready = items.filter(({ id }) => open.get(id) === 0).map(({ id }) => id);
  for (let id = ready.pop(); id !== undefined; id = ready.pop())
    for (const next of after.get(id) ?? []) {
      rank.set(next, Math.max(rank.get(next) ?? 0, (rank.get(id) ?? 0) + 1));
      const left = (open.get(next) ?? 1) - 1;
      open.set(next, left);
      if (left === 0) ready.push(next);
    }
  return rank;
}
