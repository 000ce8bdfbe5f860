/** @file Names of series with their marks; each is a button that shows or hides it. */
import { html, replace, svg } from "./dom";
import { rovingFocus } from "./keyboard";

export interface LegendEntry {
  readonly name: string;
  /** CSS colour. */
  readonly colour: string;
  readonly mark: "line" | "dot" | "area";
  /** SVG dash pattern. */
  readonly dash?: string;
}

export interface LegendOptions {
  readonly signal: AbortSignal;
  /** Names that are hidden at the start. */
  readonly hidden: ReadonlySet<string>;
  readonly onChange: (hidden: ReadonlySet<string>) => void;
}

/** The mark of an entry, 18 × 10 pixels. */
export function legendMark({ colour, mark, dash }: LegendEntry): SVGSVGElement {
  const shape =
    mark === "line"
      ? svg("line", { x1: 1, x2: 17, y1: 5, y2: 5, stroke: colour, "stroke-width": 2.2, "stroke-dasharray": dash })
      : mark === "dot"
        ? svg("circle", { cx: 9, cy: 5, r: 4, fill: colour })
        : svg("rect", { x: 4, y: 0.5, width: 10, height: 9, rx: 1.5, fill: colour });
  return svg("svg", { width: 18, height: 10, viewBox: "0 0 18 10", "aria-hidden": "true" }, shape);
}

export class Legend {
  readonly element = html("div", { class: "iso-legend", role: "group", "aria-label": "Series" });
  private readonly hidden: Set<string>;
  private readonly roving: { readonly refresh: () => void };
  private entries: readonly LegendEntry[] = [];

  constructor(private readonly options: LegendOptions) {
    this.hidden = new Set(options.hidden);
    this.roving = rovingFocus(this.element, { items: () => [...this.element.querySelectorAll("button")], signal: options.signal });
  }

  /** Shows these entries; none for fewer than two, where a name tells nothing apart. Buttons that stay keep the focus. */
  show(entries: readonly LegendEntry[]): void {
    if (JSON.stringify(entries) === JSON.stringify(this.entries)) return;
    const focused = [...this.element.children].indexOf(document.activeElement ?? this.element);
    this.entries = entries;
    this.element.hidden = entries.length < 2;
    replace(
      this.element,
      entries.map((entry) => this.button(entry)),
    );
    this.roving.refresh();
    const again = this.element.children[focused];
    if (again instanceof HTMLElement) again.focus();
  }

  private button(entry: LegendEntry): HTMLElement {
    const { name } = entry;
    const button = html(
      "button",
      { type: "button", "aria-pressed": String(!this.hidden.has(name)), title: "Click: show or hide. Shift and click: show only this one, or all again." },
      legendMark(entry),
      html("span", {}, name),
    );
    button.addEventListener("click", (event) => this.toggle(name, event.shiftKey));
    return button;
  }

  private toggle(name: string, alone: boolean): void {
    if (alone) {
      const others = this.entries.map((entry) => entry.name).filter((other) => other !== name);
      const isAlone = !this.hidden.has(name) && others.every((other) => this.hidden.has(other));
      this.hidden.clear();
      if (!isAlone) for (const other of others) this.hidden.add(other);
    } else if (!this.hidden.delete(name)) this.hidden.add(name);
    [...this.element.children].forEach((button, i) => button.setAttribute("aria-pressed", String(!this.hidden.has(this.entries[i].name))));
    this.options.onChange(new Set(this.hidden));
  }
}
