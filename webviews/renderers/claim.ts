/** @file A paper's claim against our measurement: verdict with reason, interval, and the seeds of every arm. */
import type { ClaimArm, ClaimPayload, Estimate, MaybeNumber, QuantityPayload } from "../../kernel/display/schema";
import { html, replace, svg, type Child } from "../shared/dom";
import { pictureOfElement } from "../shared/elementPicture";
import { pictureExports } from "../shared/exportFile";
import { axisTitle, percent, plural, significant } from "../shared/format";
import type { Host, Mounted, Renderer } from "../shared/renderer";
import { addStyles } from "../shared/styles";
import { BASE, finite, list, maybe, oneOf, record, text } from "../shared/validate";
import { ticksOf, type Range } from "../shared/ticks";

const CSS = `
.iso-claim { max-width: 900px; }
.iso-claim blockquote { margin: 0 0 10px; padding: 2px 12px; border-left: 3px solid var(--iso-edge); }
.iso-claim cite { color: var(--iso-muted); font-style: normal; font-size: 12px; display: block; }
.iso-verdict { display: inline-flex; align-items: center; gap: 6px; font-weight: 600; border: 1.5px solid; border-radius: 12px; padding: 0 10px; margin: 0 0 8px; font-size: 12.5px; line-height: 22px; }
.iso-verdict[data-verdict=held] { color: var(--iso-good); }
.iso-verdict[data-verdict="not held"] { color: var(--iso-bad); }
.iso-verdict[data-verdict=inconclusive] { color: var(--iso-muted); }
.iso-estimates { display: grid; grid-template-columns: minmax(110px, 210px) minmax(140px, 1fr) minmax(90px, max-content); column-gap: 14px; align-items: center; font-size: 12.5px; font-variant-numeric: tabular-nums; }
.iso-estimates > * { min-width: 0; }
.iso-estimates .iso-arm { grid-column: 1; overflow-wrap: anywhere; padding: 3px 0; line-height: 1.3; }
.iso-estimates .iso-arm small { color: var(--iso-muted); display: block; font-size: 11px; }
.iso-estimates .iso-value { text-align: right; line-height: 1.3; }
.iso-estimates .iso-value small { color: var(--iso-muted); display: block; font-size: 11px; white-space: nowrap; }
.iso-estimates svg { display: block; width: 100%; height: 38px; overflow: visible; }
.iso-estimates .iso-axis { grid-column: 2; height: 18px; margin-bottom: 8px; }
.iso-estimates .iso-axis text { fill: var(--iso-muted); font-size: 10.5px; }
.iso-key { display: flex; flex-wrap: wrap; gap: 2px 16px; color: var(--iso-muted); font-size: 12px; margin-top: 4px; }
.iso-key span { display: inline-flex; gap: 6px; align-items: center; }
@media (max-width: 520px) {
  .iso-estimates { grid-template-columns: 1fr auto; }
  .iso-estimates svg, .iso-estimates .iso-axis { grid-column: 1 / -1; grid-row: auto; }
  .iso-estimates .iso-strip { order: 0; grid-column: 1 / -1; }
}
`;

const estimate = record<Estimate>({ value: maybe, low: maybe, high: maybe });
const arm = record<ClaimArm>({ name: text(300), role: oneOf("baseline", "method", "ablation", "control"), seeds: list(maybe, 1000), mean: estimate });
const check = record<ClaimPayload>({
  ...BASE,
  claim: text(),
  source: text(),
  quantity: record<QuantityPayload>({ label: text(300), unit: text(200) }),
  paper: maybe,
  measured: estimate,
  level: finite,
  verdict: oneOf("held", "not held", "inconclusive"),
  arms: list(arm, 200),
  budget: text(),
});

const SIGNS = { held: "✓", "not held": "✗", inconclusive: "?" } as const;
const WORDS = { held: "Held", "not held": "Not held", inconclusive: "Inconclusive" } as const;

/** Smallest and largest number among estimates and seeds, with room around them. */
function rangeOf(values: readonly MaybeNumber[]): Range | undefined {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return undefined;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  return [low - room, high + room];
}

/** Places in percent: the strip is as wide as its column and needs no drawing anew. */
const placer = ([low, high]: Range) => (value: number): string => `${(((value - low) / (high - low)) * 100).toFixed(2)}%`;

interface Strip {
  readonly estimate: Estimate;
  readonly seeds: readonly MaybeNumber[];
  readonly paper: MaybeNumber;
  readonly range: Range | undefined;
  readonly colour: string;
}

function strip({ estimate: { value, low, high }, seeds, paper, range, colour }: Strip): SVGSVGElement {
  if (range === undefined) return svg("svg", { "aria-hidden": "true", class: "iso-strip" });
  const at = placer(range);
  const paint = { stroke: colour, fill: colour };
  const interval: Child =
    low === null || high === null
      ? undefined
      : [
          svg("line", { x1: at(low), x2: at(high), y1: 24, y2: 24, "stroke-width": 2.4, ...paint }),
          [low, high].map((end) => svg("line", { x1: at(end), x2: at(end), y1: 19, y2: 29, "stroke-width": 1.8, ...paint })),
        ];
  return svg(
    "svg",
    { "aria-hidden": "true", class: "iso-strip" },
    ticksOf(range, 5).map(({ value: tick }) => svg("line", { x1: at(tick), x2: at(tick), y1: 0, y2: 38, stroke: "var(--iso-grid)" })),
    seeds.map((seed) => (seed === null ? undefined : svg("circle", { cx: at(seed), cy: 10, r: 2.6, fill: "var(--iso-muted)", opacity: 0.85 }))),
    interval,
    value === null ? undefined : svg("circle", { cx: at(value), cy: 24, r: 5, fill: colour, stroke: "var(--iso-bg)", "stroke-width": 1.5 }),
    paper === null
      ? undefined
      : svg("svg", { x: at(paper), y: 24, overflow: "visible" }, svg("path", { d: "M0 -7.5L6.5 0L0 7.5L-6.5 0Z", fill: "var(--iso-bg)", stroke: "var(--iso-fg)", "stroke-width": 1.6 })),
  );
}

function axis(range: Range | undefined): Child {
  if (range === undefined) return undefined;
  const at = placer(range);
  return svg("svg", { class: "iso-axis", "aria-hidden": "true" }, ticksOf(range, 5).map(({ value, text: words }) => svg("text", { x: at(value), y: 12, "text-anchor": "middle" }, words)));
}

const intervalText = ({ low, high }: Estimate): string => (low === null || high === null ? "no interval" : `${significant(low)} – ${significant(high)}`);

function valueCell(one: Estimate, unit: string): HTMLElement {
  return html("div", { class: "iso-value" }, `${significant(one.value)}${unit === "" ? "" : ` ${unit}`}`, html("small", {}, intervalText(one)));
}

/** Label, strip and numbers of the claim, then of each arm. The two have axes of their own: a ratio and two losses are of different kinds. */
function rows({ quantity, measured, paper, arms, verdict }: ClaimPayload): Child {
  const claimed = rangeOf([measured.value, measured.low, measured.high, paper]);
  const ofArms = rangeOf(arms.flatMap(({ mean, seeds }) => [mean.value, mean.low, mean.high, ...seeds]));
  const colour = { held: "var(--iso-good)", "not held": "var(--iso-bad)", inconclusive: "var(--iso-muted)" }[verdict];
  return [
    html("div", { class: "iso-arm" }, html("strong", {}, axisTitle(quantity)), html("small", {}, paper === null ? "measured" : `paper: ${significant(paper)}${quantity.unit === "" ? "" : ` ${quantity.unit}`}`)),
    strip({ estimate: measured, seeds: [], paper, range: claimed, colour }),
    valueCell(measured, quantity.unit),
    axis(claimed),
    arms.map(({ name, role, seeds, mean }) => [
      html("div", { class: "iso-arm" }, name, html("small", {}, `${role}, ${plural(seeds.length, "seed")}`)),
      strip({ estimate: mean, seeds, paper: null, range: ofArms, colour: role === "method" ? "var(--iso-accent)" : "var(--iso-muted)" }),
      valueCell(mean, ""),
    ]),
    axis(arms.length > 0 ? ofArms : undefined),
  ];
}

export const claim: Renderer<"claim"> = {
  view: "claim",
  parse: (value) => check(value, ""),
  mount(host: Host, first: ClaimPayload): Promise<Mounted<"claim">> {
    addStyles("claim", CSS);
    const element = html("div", { class: "iso-claim" });
    host.element.append(element);
    const draw = (payload: ClaimPayload): void => {
      const { verdict, level, budget, source, paper } = payload;
      const seeds = payload.arms.some((one) => one.seeds.length > 0);
      replace(
        element,
        html("div", { class: "iso-verdict", "data-verdict": verdict }, html("span", { "aria-hidden": "true" }, SIGNS[verdict]), WORDS[verdict]),
        html("blockquote", {}, `“${payload.claim}”`, source === "" ? undefined : html("cite", {}, source)),
        html("div", { class: "iso-estimates" }, rows(payload)),
        html(
          "div",
          { class: "iso-key" },
          html("span", {}, `━ ${percent(level)} interval`),
          html("span", {}, "● mean"),
          seeds ? html("span", {}, "• one seed") : undefined,
          paper === null ? undefined : html("span", {}, "◇ the paper's figure"),
          budget === "" ? undefined : html("span", {}, `Budget: ${budget}`),
        ),
      );
    };
    draw(first);
    return Promise.resolve({ update: draw, exports: pictureExports("claim", () => pictureOfElement(element, host.theme)) });
  },
};
