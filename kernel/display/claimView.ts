/** @file A paper's claim against our measurement: figure, interval, verdict, arms. */
import { card } from "./card";
import { Display, plainText } from "./displayable";
import { percent, significant } from "./format";
import type { Box } from "./mapImage";
import { axisTitle, domainOf, scaleOf, type Scale } from "./scale";
import type { ClaimArm, ClaimPayload, Estimate } from "./schema";
import { element, group, label, type SvgNode } from "./svg";
import { fitText, textWidth, wrapText } from "./textWidth";
import { ACCENT, AXIS, BAD, CARD, GOOD, GRID, INK, MUTED_INK } from "./theme";
import { jsonNumber, jsonNumbers, numbersOf, type NumberSource } from "./values";

interface EstimateInput {
  readonly value: number;
  /** Ends of the interval; left out where there is none. */
  readonly low?: number;
  readonly high?: number;
}

export interface ClaimOptions {
  readonly title?: string;
  /** What the paper says, in one sentence. */
  readonly claim: string;
  /** "Hoffmann et al. 2022, Table 3" */
  readonly source: string;
  /** What is compared: { label: "speed-up", unit: "×" }. */
  readonly quantity: { readonly label: string; readonly unit?: string };
  /** The paper's value; left out where it gives none. */
  readonly paper?: number;
  readonly measured: EstimateInput;
  /** Confidence of all intervals, default 0.95. */
  readonly level?: number;
  /** Decided by the experiment, not here. */
  readonly verdict: ClaimPayload["verdict"];
  readonly arms?: readonly { readonly name: string; readonly role: ClaimArm["role"]; readonly seeds: NumberSource; readonly mean: EstimateInput }[];
  /** "1.2 GFLOP an arm" */
  readonly budget?: string;
}

const MAX_ARMS = 16;
const MAX_SEEDS = 100;

const estimate = ({ value, low = NaN, high = NaN }: EstimateInput): Estimate => ({
  value: jsonNumber(value),
  low: jsonNumber(low),
  high: jsonNumber(high),
});

const estimateText = ({ value, low, high }: Estimate): string =>
  `${significant(value ?? NaN)}${low === null || high === null ? "" : ` (${significant(low)}–${significant(high)})`}`;

/** A claim and how it fared; a claim that did not hold is shown as not held. */
export function claimView(options: ClaimOptions): Display<"claim"> {
  const { title = "", claim, source, quantity, paper = NaN, level = 0.95, verdict, arms = [], budget = "" } = options;
  const measured = estimate(options.measured);
  const unit = quantity.unit === undefined || quantity.unit === "" ? "" : ` ${quantity.unit}`;
  const interval =
    measured.low === null || measured.high === null ? "" : `, ${percent(level)} interval ${significant(measured.low)}–${significant(measured.high)}`;
  const theirs = Number.isFinite(paper) ? `; the paper says ${significant(paper)}${unit}` : "";
  const words = { held: "Held", "not held": "Not held", inconclusive: "Inconclusive" }[verdict];
  const payload: ClaimPayload = {
    version: 1,
    title: title.slice(0, 300),
    finding: `${words}: ${quantity.label} measured ${significant(options.measured.value)}${unit}${interval}${theirs}.`,
    cuts: arms.length > MAX_ARMS ? [`${MAX_ARMS} of ${arms.length} arms`] : [],
    claim: claim.slice(0, 600),
    source: source.slice(0, 200),
    quantity: { label: quantity.label.slice(0, 80), unit: (quantity.unit ?? "").slice(0, 40) },
    paper: jsonNumber(paper),
    measured,
    level,
    verdict,
    arms: arms.slice(0, MAX_ARMS).map(({ name, role, seeds, mean }) => ({
      name: name.slice(0, 80),
      role,
      seeds: jsonNumbers(numbersOf(seeds).subarray(0, MAX_SEEDS)),
      mean: estimate(mean),
    })),
    budget: budget.slice(0, 200),
  };
  const lines = [
    `claim: ${payload.claim} [${payload.source}]`,
    ...payload.arms.map(({ name, role, mean, seeds }) => `  ${name} (${role}): ${estimateText(mean)}, ${seeds.length} seeds`),
    ...(budget === "" ? [] : [`budget: ${payload.budget}`]),
  ];
  return new Display({ view: "claim", payload, still: { "image/svg+xml": drawClaim(payload) }, text: plainText(payload, lines) });
}

const ROW_PX = 26;
const NAME_PX = 170;
const NAME_STYLE = { size: 11, weight: "bold" } as const;
const NAME_LINE_PX = 13;
/** The name of what is claimed, in the lines it needs beside its bar. */
const nameLines = (quantity: ClaimPayload["quantity"]): readonly string[] => wrapText(axisTitle(quantity), NAME_PX - 10, { ...NAME_STYLE, maxLines: 5 });
const above = (lines: readonly string[]): number => Math.max(0, lines.length - 1) * NAME_LINE_PX;
const COLOURS = { held: GOOD, "not held": BAD, inconclusive: MUTED_INK } as const;

/** The static twin. */
export function drawClaim(payload: ClaimPayload): string {
  const { title, finding, claim, source, cuts, budget, arms, level } = payload;
  const said = wrapText(`“${claim}” ${source}`, 560, { size: 12, maxLines: 3 });
  const rows = 1 + arms.length;
  const height = said.length * 16 + 12 + above(nameLines(payload.quantity)) + rows * ROW_PX + 40 + (arms.length > 0 ? 14 : 0);
  const caption = [budget === "" ? "" : `Budget: ${budget}`, `Bars: ${percent(level)} intervals; small dots: seeds`, ...cuts]
    .filter((note) => note !== "")
    .join(" · ");
  return card({ title, finding, caption, height }, (box) => {
    const badge = payload.verdict.toUpperCase();
    const width = textWidth(badge, { size: 11, weight: "bold" }) + 20;
    const top = box.y + said.length * 16 + 12;
    return group(
      {},
      said.map((line, i) => label(line, { x: box.x, y: box.y + 12 + i * 16, size: 12, fill: INK })),
      element("rect", { x: box.x + box.width - width, y: box.y - 2, width, height: 22, rx: 11, fill: COLOURS[payload.verdict] }),
      label(badge, { x: box.x + box.width - width / 2, y: box.y + 13, size: 11, fill: "#ffffff", weight: "bold", anchor: "middle" }),
      drawEstimates(payload, { x: box.x, y: top, width: box.width, height: height - (top - box.y) }),
    );
  });
}

function drawEstimates({ arms, measured, paper, quantity, verdict }: ClaimPayload, box: Box): SvgNode {
  const left = box.x + NAME_PX;
  const right = box.x + box.width - 16;
  // The claim's quantity and the arms' values are often of different kinds (a ratio and two losses), so each has its own axis.
  const claimed = [measured.value, measured.low, measured.high, paper].flatMap((value) => (value === null ? [] : [value]));
  const scale = axisScale(claimed, { label: axisTitle(quantity), left, right });
  const name = nameLines(quantity);
  const y = box.y + 14 + above(name);
  const armValues = arms
    .flatMap((arm) => [arm.mean.value, arm.mean.low, arm.mean.high, ...arm.seeds])
    .flatMap((value) => (value === null ? [] : [value]));
  const armScale = axisScale(armValues, { label: "", left, right });
  const armTop = y + 42;
  return group(
    {},
    ticksOf(scale, { y0: y - 14, y1: y + 12 }),
    paper === null || !(scale.at(paper) >= left - 1 && scale.at(paper) <= right + 1)
      ? undefined
      : [
          element("path", { d: `M${scale.at(paper).toFixed(1)} ${y - 8}l6 8l-6 8l-6 -8Z`, fill: CARD, stroke: INK, "stroke-width": 1.5 }),
          label("◇ paper   ● measured", { x: box.x, y: y + 18, size: 9.5, fill: MUTED_INK }),
        ],
    // The last line stands beside the bar, so that a long name grows upwards.
    name.map((line, i) => label(line, { ...NAME_STYLE, x: box.x, y: y + 4 - (name.length - 1 - i) * NAME_LINE_PX, fill: INK })),
    bar(measured, { scale, y, colour: COLOURS[verdict] }),
    arms.length === 0 ? undefined : ticksOf(armScale, { y0: armTop - 6, y1: armTop + arms.length * ROW_PX - 8 }),
    arms.map((arm, i) => {
      const at = armTop + i * ROW_PX + 6;
      return [
        label(fitText(`${arm.name} · ${arm.role}`, NAME_PX - 10, { size: 10.5 }), { x: box.x, y: at + 4, size: 10.5, fill: INK }),
        arm.seeds.map((seed) => (seed === null ? undefined : element("circle", { cx: armScale.at(seed), cy: at - 7, r: 2, fill: AXIS }))),
        bar(arm.mean, { scale: armScale, y: at, colour: arm.role === "method" ? ACCENT : MUTED_INK }),
      ];
    }),
  );
}

interface AxisRange {
  readonly label: string;
  readonly left: number;
  readonly right: number;
}

const axisScale = (values: readonly number[], { label: name, left, right }: AxisRange): Scale =>
  scaleOf({ label: name, unit: "", scale: "linear", domain: domainOf(values, { scale: "linear", pad: 0.08 }) }, { range: [left, right], count: 5 });

const ticksOf = (scale: Scale, { y0, y1 }: { readonly y0: number; readonly y1: number }): SvgNode =>
  group(
    {},
    scale.ticks.map(({ at, text }) => [
      element("line", { x1: at, x2: at, y1: y0, y2: y1, stroke: GRID }),
      label(text, { x: at, y: y1 + 12, size: 9.5, fill: MUTED_INK, anchor: "middle" }),
    ]),
  );

function bar({ value, low, high }: Estimate, { scale, y, colour }: { readonly scale: Scale; readonly y: number; readonly colour: string }): SvgNode {
  const ends = low === null || high === null ? undefined : [scale.at(low), scale.at(high)];
  return group(
    { stroke: colour, fill: colour },
    ends === undefined
      ? undefined
      : [
          element("line", { x1: ends[0], x2: ends[1], y1: y, y2: y, "stroke-width": 2.2 }),
          ends.map((x) => element("line", { x1: x, x2: x, y1: y - 5, y2: y + 5, "stroke-width": 1.6 })),
        ],
    value === null ? undefined : element("circle", { cx: scale.at(value), cy: y, r: 4.5, stroke: CARD, "stroke-width": 1 }),
  );
}
