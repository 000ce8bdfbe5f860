/** @file Items and edges of a model graph as SVG. */
import type { ModelGraph } from "../../../kernel/onnx/modelGraphSchema";
import { svg } from "../../shared/dom";
import { flopsText, plural, withPrefix } from "../../shared/format";
import type { Likeness } from "./compare";
import type { EdgeLabel } from "./edgeLabels";
import type { Box, Route, Size } from "./layout";
import { ALL, type Item, keyText, type Modules } from "./modules";

/** About the mean width of a letter of 12 px. */
export const LETTER_PX = 6.7;
const MAX_LETTERS = 26;
/** Where the title of an open module begins. */
const TITLE_LEFT_PX = 22;
/** Beside the words: the sign of modules on the left, that of comparisons on the right. */
const ROOM_PX = 40;
const MARKS: Readonly<Record<Likeness, string>> = { same: "=", changed: "≠", "only here": "+" };

export interface Source {
  readonly graph: ModelGraph;
  readonly modules: Modules;
}

const short = (text: string): string => (text.length > MAX_LETTERS ? `${text.slice(0, MAX_LETTERS - 1)}…` : text);

export const shapeText = (shape: readonly (number | string)[] | null): string => (shape === null ? "" : shape.join("×") || "scalar");

/** Numbers say little alone: "blocks.0". */
function titleOf(key: string): string {
  const path = keyText(key).split(".");
  const name = path[path.length - 1];
  return path.length > 1 && /^\d+$/.test(name) ? `${path[path.length - 2]}.${name}` : name;
}

/** Of an open module, with the sign before it. */
export const titleWidth = ({ ref }: Item): number => TITLE_LEFT_PX + short(typeof ref === "string" ? titleOf(ref) : "").length * LETTER_PX;

interface Words {
  readonly title: string;
  readonly sub: string;
  /** Said by screen readers after what is seen. */
  readonly spoken: string;
}

export function wordsOf({ graph, modules }: Source, { kind, ref }: Item): Words {
  if (typeof ref === "string") {
    const module = modules.byKey.get(ref);
    const cost = [module === undefined || module.parameters === 0 ? "" : `${withPrefix(module.parameters)} par.`, module === undefined || module.flops === 0 ? "" : flopsText(module.flops)].filter((part) => part !== "").join(" · ");
    const nodes = plural(module?.nodes ?? 0, "node");
    return { title: titleOf(ref), sub: cost === "" ? nodes : cost, spoken: `Module ${keyText(ref)}, ${nodes}` };
  }
  if (kind === "input" || kind === "output") {
    const all = kind === "input" ? graph.inputs : graph.outputs;
    if (ref === ALL) return { title: plural(all.length, kind), sub: "", spoken: "of the graph" };
    const value = graph.values[ref];
    const sub = `${value.dtype} ${shapeText(value.shape)}`.trim();
    return { title: value.name, sub, spoken: kind === "input" ? "Input" : "Output" };
  }
  const node = graph.nodes[ref];
  const out = node.outputs.map((at) => shapeText(graph.values[at]?.shape ?? null)).find((text) => text !== "") ?? "";
  const sub = [out, node.parameters > 0 ? `${withPrefix(node.parameters)} par.` : ""].filter((part) => part !== "").join(" · ");
  return { title: node.op, sub, spoken: node.path.length > 0 ? `in ${node.path.join(".")}` : "node" };
}

export function sizeOf(source: Source, item: Item): Size {
  const { title, sub } = wordsOf(source, item);
  const letters = Math.max(short(title).length, short(sub).length * 0.88);
  return { width: Math.max(70, Math.round(letters * LETTER_PX + ROOM_PX)), height: sub === "" ? 30 : 42 };
}

export interface DrawItem {
  readonly source: Source;
  readonly item: Item;
  readonly box: Box;
  readonly like: Likeness | undefined;
}

/** A box with its words. Everything in it is text. */
export function drawItem({ source, item, box: { x, y, width, height }, like }: DrawItem): SVGGElement {
  const { title, sub, spoken } = wordsOf(source, item);
  const opens = item.kind === "module" || item.kind === "group";
  const mark = like === undefined ? "" : MARKS[like];
  const group = item.kind === "group";
  // What is seen stands first in the name, letter by letter: people who speak to the computer say what they see.
  const seen = [short(title), group ? "" : short(sub), mark].filter((part) => part !== "");
  const at = group ? { x: x + TITLE_LEFT_PX, y: y + 17 } : { x: x + width / 2 + (opens ? 5 : 0), y: y + (sub === "" ? height / 2 + 4 : 17), "text-anchor": "middle" };
  const texts = [
    svg("text", at, short(title)),
    group || sub === "" ? undefined : svg("text", { x: x + width / 2, y: y + 32, "text-anchor": "middle", class: "graph-sub" }, short(sub)),
    mark === "" ? undefined : svg("text", { x: x + width - 8, y: y + 15, "text-anchor": "end", class: "graph-mark" }, mark),
  ];
  const element = svg(
    "g",
    {
      class: "graph-item",
      role: "button",
      tabindex: -1,
      "data-id": item.id,
      "data-kind": item.kind,
      "data-like": like,
      "aria-label": `${seen.join(" ")} ${spoken}${like === undefined ? "" : `, ${like}`}`,
      "aria-expanded": opens ? String(group) : undefined,
    },
    svg("rect", { x, y, width, height, rx: 5 }),
    item.kind === "module" ? svg("rect", { x, y, width, height, rx: 5, class: "graph-fill" }) : undefined,
    group ? svg("path", { d: `M${x + 9} ${y + 10}h8l-4 6z`, class: "graph-arrow" }) : item.kind === "module" ? svg("path", { d: `M${x + 8} ${y + 9}v8l6 -4z`, class: "graph-arrow" }) : undefined,
    texts.flatMap((text) => (text === undefined ? [] : [text, " "])),
  );
  element.append(svg("title", {}, `${title} ${sub}\n${spoken}`));
  return element;
}

/** A line with an arrow, and what passes along it. */
export function drawEdge({ edge, points }: Route, label: EdgeLabel | undefined): SVGElement {
  const [first] = points;
  if (first === undefined) return svg("g", {});
  const path = `M${first.x} ${first.y}${smooth(points)}`;
  return svg("g", { "data-from": edge.from, "data-to": edge.to }, svg("path", { d: path, class: "graph-edge", "marker-end": "url(#graph-arrow)" }), label === undefined ? undefined : svg("text", { x: label.x, y: label.y + 3, "text-anchor": "middle", class: "graph-shape", "paint-order": "stroke" }, label.text));
}

/** Through the middles between points, so that corners are round. */
function smooth(points: Route["points"]): string {
  if (points.length < 3) return points.slice(1).map(({ x, y }) => `L${x} ${y}`).join("");
  const middles = points.slice(1, -1).map((point, i) => {
    const next = points[i + 2];
    return i === points.length - 3 ? `Q${point.x} ${point.y} ${next.x} ${next.y}` : `Q${point.x} ${point.y} ${(point.x + next.x) / 2} ${(point.y + next.y) / 2}`;
  });
  return middles.join("");
}
