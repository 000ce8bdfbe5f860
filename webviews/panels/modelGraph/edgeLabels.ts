/** @file Where the shapes that pass along edges are written: on their line, and on nothing else that is read. */
import { LETTER_PX, shapeText, type Source, titleWidth } from "./graphItems";
import type { Box, Layout, Route } from "./layout";
import type { Item } from "./modules";

export interface EdgeLabel {
  readonly text: string;
  /** Of its middle. */
  readonly x: number;
  readonly y: number;
}

/** Of the letters of a shape, to those of a title. */
const SMALLER = 0.82;
const HEIGHT_PX = 12;
const TITLE_HEIGHT_PX = 24;
/** Along the line, the middle first. */
const PLACES = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8] as const;

/** A label for each edge that has a free place, by its route. */
export function edgeLabels({ graph }: Source, { boxes, routes }: Layout, items: readonly Item[]): ReadonlyMap<Route, EdgeLabel> {
  const taken: Box[] = items.flatMap((item) => {
    const box = boxes.get(item.id);
    if (box === undefined) return [];
    // Lines cross the frame of an open module; its title is to be read.
    return [item.kind === "group" ? { ...box, width: Math.min(box.width, titleWidth(item)), height: TITLE_HEIGHT_PX } : box];
  });
  const labels = new Map<Route, EdgeLabel>();
  for (const route of routes) {
    const { values } = route.edge;
    const text = values.length === 1 ? shapeText(graph.values[values[0]].shape) : `${values.length} values`;
    if (text === "") continue;
    const width = text.length * LETTER_PX * SMALLER;
    const place = PLACES.map((share) => pointAt(route.points, share)).find((point) => point !== undefined && !taken.some((box) => meets(box, around(point, width))));
    if (place === undefined) continue;
    taken.push(around(place, width));
    labels.set(route, { text, ...place });
  }
  return labels;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

const around = ({ x, y }: Point, width: number): Box => ({ x: x - width / 2, y: y - HEIGHT_PX / 2, width, height: HEIGHT_PX });

const meets = (a: Box, b: Box): boolean => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

/** The point of a line after this share of its length. */
function pointAt(points: readonly Point[], share: number): Point | undefined {
  const lengths = points.slice(1).map((point, i) => Math.hypot(point.x - points[i].x, point.y - points[i].y));
  let left = share * lengths.reduce((sum, length) => sum + length, 0);
  for (const [i, length] of lengths.entries()) {
    if (left <= length) {
      const along = length === 0 ? 0 : left / length;
      return { x: points[i].x + along * (points[i + 1].x - points[i].x), y: points[i].y + along * (points[i + 1].y - points[i].y) };
    }
    left -= length;
  }
  return points.at(-1);
}
