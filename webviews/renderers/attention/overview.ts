/** @file The grid of all heads: small maps on one canvas, and over them a grid of cells that keyboard, pointer and screen readers use. */
import { sharpContext } from "../../shared/canvas";
import { html } from "../../shared/dom";
import { movedIndex } from "../../shared/keyboard";
import type { Theme } from "../../shared/renderer";
import { significant } from "../../shared/format";
import type { Atlas } from "./atlas";
import type { AttentionModel } from "./model";
import { describeHead, type Highlight, type Pattern, PATTERNS } from "./order";

export interface OverviewState {
  readonly model: AttentionModel;
  readonly theme: Theme;
  readonly atlas: Atlas;
  readonly order: readonly number[];
  readonly sorted: boolean;
  readonly highlight: Highlight;
  /** Of each head: what the highlight says, 0…1. */
  readonly strengths: readonly (number | null)[];
  /** Of each head: its pattern, if it has one. */
  readonly patterns: readonly (Pattern | undefined)[];
  readonly selected: number;
  /** The head that is compared with, if it is one of these. */
  readonly compared: number | undefined;
}
export interface OverviewActions {
  readonly select: (index: number) => void;
  readonly compare: (index: number) => void;
  /** Moves on to the map of the selected head. */
  readonly open: () => void;
}
export interface Overview {
  readonly element: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  draw(state: OverviewState, size: { readonly width: number; readonly height: number }): void;
  focus(): void;
}

export const patternColour = (theme: Theme, pattern: Pattern): string => theme.series[[1, 2, 0, 3][PATTERNS.indexOf(pattern)]] ?? theme.foreground;

/** Room for layer numbers and their title, and for head numbers and theirs. */
const LEFT_PX = 34;
const TOP_PX = 30;
const LARGEST_CELL_PX = 110;

interface GridLayout {
  readonly columns: number;
  readonly rows: number;
  readonly step: number;
  readonly cell: number;
  readonly left: number;
  readonly top: number;
}

/** Square cells as large as fit. Sorted grids have as many columns as make the cells largest. */
export function gridLayout({
  count,
  perLayer,
  sorted,
  width,
  height,
}: {
  readonly count: number;
  readonly perLayer: number;
  readonly sorted: boolean;
  readonly width: number;
  readonly height: number;
}): GridLayout {
  const [left, top] = sorted ? [0, 0] : [LEFT_PX, TOP_PX];
  const stepFor = (columns: number): number => Math.min((width - left) / columns, (height - top) / Math.ceil(count / columns), LARGEST_CELL_PX);
  let columns = Math.max(1, perLayer);
  if (sorted) for (let tried = 1; tried <= count; tried++) if (stepFor(tried) > stepFor(columns)) columns = tried;
  const step = Math.max(1, stepFor(columns));
  return { columns, rows: Math.max(1, Math.ceil(count / columns)), step, cell: step * (step > 40 ? 0.9 : 0.86), left, top };
}

export function overview({ select, compare, open }: OverviewActions, signal: AbortSignal): Overview {
  const canvas = html("canvas", { "aria-hidden": "true" });
  const grid = html("div", { role: "grid", "aria-label": "Heads: rows are layers, columns are heads", class: "attention-cells" });
  const element = html("div", { class: "attention-overview" }, canvas, grid);
  let cells: HTMLElement[] = [];
  let order: readonly number[] = [];
  let columns = 1;
  let signature = "";

  const indexOf = (event: Event): number => (event.target instanceof HTMLElement ? cells.indexOf(event.target) : -1);
  grid.addEventListener(
    "click",
    (event) => {
      const place = indexOf(event);
      if (place < 0) return;
      if (event.shiftKey) compare(order[place]);
      else select(order[place]);
    },
    { signal },
  );
  grid.addEventListener("dblclick", (event) => (indexOf(event) < 0 ? undefined : open()), { signal });
  grid.addEventListener(
    "keydown",
    (event) => {
      const at = indexOf(event);
      if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
      const next = movedIndex(event.key, { at, count: cells.length, columns });
      if (next !== undefined) {
        cells[next].focus();
        select(order[next]);
      } else if (event.key === "Enter" || event.key === " ") {
        select(order[at]);
        open();
      } else if (event.key === "c") compare(order[at]);
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
    { signal },
  );

  function build({ model, order: wanted }: OverviewState, layout: GridLayout): void {
    order = wanted;
    columns = layout.columns;
    cells = wanted.map((index) =>
      html("div", { role: "gridcell", tabindex: -1, "aria-label": describeHead(model.heads[index]), title: describeHead(model.heads[index]) }),
    );
    const rows = Array.from({ length: layout.rows }, (_, r) => html("div", { role: "row" }, ...cells.slice(r * columns, (r + 1) * columns)));
    grid.replaceChildren(...rows);
    grid.style.transform = `translate(${layout.left}px, ${layout.top}px)`;
    for (const row of rows) row.style.height = `${layout.step}px`;
    for (const cell of cells) {
      cell.style.width = `${layout.cell}px`;
      cell.style.height = `${layout.cell}px`;
      cell.style.marginRight = `${layout.step - layout.cell}px`;
    }
  }

  return {
    element,
    canvas,
    focus: () => cells.find((cell) => cell.tabIndex === 0)?.focus(),
    draw(state, size) {
      const { model, sorted, selected } = state;
      const layout = gridLayout({ count: model.heads.length, perLayer: model.headsPerLayer, sorted, ...size });
      element.style.height = `${layout.top + layout.rows * layout.step}px`;
      const wanted = `${state.order.join()}|${layout.step}|${layout.columns}`;
      if (wanted !== signature || cells.length !== model.heads.length) {
        const hadFocus = grid.contains(document.activeElement);
        signature = wanted;
        build(state, layout);
        if (hadFocus) cells[order.indexOf(selected)]?.focus({ preventScroll: true });
      }
      cells.forEach((cell, place) => {
        cell.tabIndex = order[place] === selected ? 0 : -1;
        cell.setAttribute("aria-selected", String(order[place] === selected));
      });
      const context = sharpContext(canvas, { width: size.width, height: layout.top + layout.rows * layout.step });
      if (context !== undefined) paintGrid(context, state, layout);
    },
  };
}

function paintGrid(context: CanvasRenderingContext2D, state: OverviewState, layout: GridLayout): void {
  const { theme, model, order, sorted } = state;
  context.textBaseline = "middle";
  if (!sorted) paintNumbers(context, state, layout);
  order.forEach((index, place) =>
    paintCell(context, state, {
      index,
      layout,
      x: layout.left + (place % layout.columns) * layout.step,
      y: layout.top + Math.floor(place / layout.columns) * layout.step,
    }),
  );
  if (model.heads.length === 0) {
    context.fillStyle = theme.muted;
    context.fillText("no heads", 4, 12);
  }
}

function paintNumbers(
  context: CanvasRenderingContext2D,
  { theme, model, order }: OverviewState,
  { columns, rows, step, cell, left, top }: GridLayout,
): void {
  context.fillStyle = theme.muted;
  context.font = `10px ${theme.font}`;
  context.textAlign = "center";
  const every = Math.ceil(14 / step);
  for (let column = 0; column < columns; column += every)
    context.fillText(String(model.heads[order[column]]?.head ?? column), left + column * step + cell / 2, top - 8);
  context.textAlign = "right";
  for (let row = 0; row < rows; row += every)
    context.fillText(String(model.heads[order[row * columns]]?.layer ?? row), left - 6, top + row * step + cell / 2);
  context.textAlign = "left";
  context.fillText("head →", left, top - 22);
  context.save();
  context.translate(6, top);
  context.rotate(-Math.PI / 2);
  context.textAlign = "right";
  context.fillText("← layer", 0, 0);
  context.restore();
}

interface CellPlace {
  readonly index: number;
  readonly layout: GridLayout;
  readonly x: number;
  readonly y: number;
}

function paintCell(context: CanvasRenderingContext2D, state: OverviewState, { index, layout: { cell }, x, y }: CellPlace): void {
  const { theme, atlas, highlight, strengths, patterns, selected, compared, sorted, model } = state;
  const strong = strengths[index];
  const pattern = highlight === "pattern" ? patterns[index] : undefined;
  context.globalAlpha = highlight === "pattern" ? 1 : 0.3 + 0.7 * Math.min(1, strong ?? 0);
  context.imageSmoothingEnabled = cell < 64;
  const border = pattern === undefined ? 0 : Math.max(1.5, Math.min(3, cell / 14)) + 1;
  atlas.draw(context, index, { x: x + border, y: y + border, size: cell - 2 * border });
  context.globalAlpha = 1;
  context.lineWidth = 1;
  context.strokeStyle = theme.line;
  context.strokeRect(x + 0.5, y + 0.5, cell - 1, cell - 1);
  if (pattern !== undefined) {
    context.strokeStyle = patternColour(theme, pattern);
    context.lineWidth = border - 1;
    context.strokeRect(x + context.lineWidth / 2, y + context.lineWidth / 2, cell - context.lineWidth, cell - context.lineWidth);
  } else if (highlight !== "pattern" && strong !== null) {
    const thick = Math.max(2, Math.min(5, cell / 10));
    context.fillStyle = theme.series[1] ?? theme.foreground;
    context.fillRect(x, y + cell - thick, cell * Math.min(1, Math.max(0, strong)), thick);
  }
  const text = sorted
    ? `${model.heads[index].layer}.${model.heads[index].head}${strong === null || cell < 58 ? "" : `  ${significant(strong, 2)}`}`
    : highlight !== "pattern" && strong !== null && cell >= 44
      ? significant(strong, 2)
      : "";
  if (text !== "" && cell >= 24) paintTag(context, theme, { text, x: x + cell - 2, y: y + 2 });
  for (const [at, dash] of [
    [selected, []],
    [compared, [4, 3]],
  ] as const) {
    if (at !== index) continue;
    context.strokeStyle = theme.background;
    context.lineWidth = 5;
    context.strokeRect(x - 1.5, y - 1.5, cell + 3, cell + 3);
    context.strokeStyle = theme.foreground;
    context.lineWidth = 2;
    context.setLineDash(dash);
    context.strokeRect(x - 2, y - 2, cell + 4, cell + 4);
    context.setLineDash([]);
  }
}

/** Text on a ground of its own, right-aligned. */
function paintTag(
  context: CanvasRenderingContext2D,
  theme: Theme,
  { text, x, y }: { readonly text: string; readonly x: number; readonly y: number },
): void {
  context.font = `9.5px ${theme.font}`;
  context.textAlign = "right";
  const width = context.measureText(text).width + 5;
  context.fillStyle = theme.background;
  context.globalAlpha = 0.85;
  context.fillRect(x - width, y, width, 12);
  context.globalAlpha = 1;
  context.fillStyle = theme.foreground;
  context.fillText(text, x - 2.5, y + 6.5);
}
