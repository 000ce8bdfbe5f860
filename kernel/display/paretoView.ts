/** @file Quality against cost, and which points no other point beats. */
import { card } from "./card";
import { Display, plainText } from "./displayable";
import { listText, plural, significant } from "./format";
import { legendEntries, legendRows } from "./legend";
import { panel } from "./panel";
import { domainOf } from "./scale";
import type { Mark, ParetoPayload, ParetoPoint } from "./schema";
import { group } from "./svg";
import { AXIS, CARD_PADDING_PX, CARD_WIDTH_PX, MUTED_INK, seriesStyle } from "./theme";
import { jsonNumber } from "./values";

export interface ParetoOptions {
  readonly title?: string;
  readonly cost: { readonly label: string; readonly unit?: string };
  readonly quality: { readonly label: string; readonly unit?: string };
  /** Which quality is better: `lower` for a loss. */
  readonly better: "higher" | "lower";
  readonly points: readonly { readonly name: string; readonly cost: number; readonly quality: number; readonly group?: string }[];
}

const MAX_POINTS = 1000;

/** Points of quality against cost with their front: those that no other point beats in one without losing in the other. */
export function paretoView({ title = "", cost, quality, better, points }: ParetoOptions): Display<"pareto"> {
  const sign = better === "higher" ? 1 : -1;
  const front = frontOf(points.map((point) => ({ cost: point.cost, quality: sign * point.quality })));
  const shown =
    points.length > MAX_POINTS
      ? [...front, ...points.keys()].filter((index, at, all) => all.indexOf(index) === at).slice(0, MAX_POINTS)
      : [...points.keys()];
  const built = shown.map((i): ParetoPoint => ({
    name: points[i].name.slice(0, 80),
    group: (points[i].group ?? "").slice(0, 60),
    cost: jsonNumber(points[i].cost, 7),
    quality: jsonNumber(points[i].quality),
    onFront: front.has(i),
  }));
  const payload: ParetoPayload = {
    version: 1,
    title: title.slice(0, 300),
    finding: findingOf(built, { total: points.length, cost: cost.label, quality: quality.label }),
    cuts: shown.length < points.length ? [`${shown.length} of ${points.length} points`] : [],
    cost: { label: cost.label.slice(0, 80), unit: (cost.unit ?? "").slice(0, 40) },
    quality: { label: quality.label.slice(0, 80), unit: (quality.unit ?? "").slice(0, 40) },
    better,
    points: built,
  };
  const lines = built
    .filter((point) => point.onFront)
    .slice(0, 40)
    .map((point) => `  ${point.name}: ${cost.label} ${significant(point.cost ?? NaN)}, ${quality.label} ${significant(point.quality ?? NaN)}`);
  return new Display({ view: "pareto", payload, still: { "image/svg+xml": drawPareto(payload) }, text: plainText(payload, lines) });
}

/** Indices of the points on the front (higher quality is better here), cheapest first. */
function frontOf(points: readonly { readonly cost: number; readonly quality: number }[]): Set<number> {
  const order = [...points.keys()]
    .filter((i) => Number.isFinite(points[i].cost + points[i].quality))
    .sort((a, b) => points[a].cost - points[b].cost || points[b].quality - points[a].quality);
  const front = new Set<number>();
  let best = { cost: NaN, quality: -Infinity };
  for (const i of order) {
    const { cost, quality } = points[i];
    // Equal points do not beat each other: all of them stand on the front.
    if (quality > best.quality || (quality === best.quality && cost === best.cost)) {
      front.add(i);
      best = { cost, quality };
    }
  }
  return front;
}

function findingOf(
  points: readonly ParetoPoint[],
  { total, cost, quality }: { readonly total: number; readonly cost: string; readonly quality: string },
): string {
  const front = points.filter((point) => point.onFront);
  if (front.length === 0) return `${plural(total, "point")}, none with finite ${cost} and ${quality}.`;
  const names =
    front.length <= 4
      ? listText(front.map(({ name }) => name))
      : `${front
          .slice(0, 3)
          .map(({ name }) => name)
          .join(", ")} and ${front.length - 3} more`;
  const byCost = [...front].sort((a, b) => (a.cost ?? 0) - (b.cost ?? 0));
  const ends =
    byCost.length > 1
      ? `: from ${quality} ${significant(byCost[0].quality ?? NaN)} at ${cost} ${significant(byCost[0].cost ?? NaN)} to ${significant(byCost.at(-1)?.quality ?? NaN)} at ${significant(byCost.at(-1)?.cost ?? NaN)}`
      : "";
  return `${names} ${front.length === 1 ? "is" : "are"} on the front of ${plural(total, "point")}${ends}.`;
}

/** The static twin. */
export function drawPareto({ title, finding, cuts, cost, quality, points, better }: ParetoPayload): string {
  const costs = points.flatMap((point) => (point.cost === null ? [] : [point.cost]));
  const qualities = points.flatMap((point) => (point.quality === null ? [] : [point.quality]));
  const positive = costs.filter((value) => value > 0);
  // Costs over more than a decade would crowd at the left of a linear axis.
  const scale = positive.length === costs.length && Math.max(...costs) > 10 * Math.min(...costs) ? "log" : "linear";
  const base = { name: "", facet: "", colour: AXIS } as const;
  const groups = [...new Set(points.map((point) => point.group))];
  const dots = groups.map((name, i): Mark => {
    const own = points.filter((point) => point.group === name);
    return {
      ...base,
      name,
      colour: seriesStyle(i).colour,
      type: "dot",
      x: own.map((point) => point.cost),
      y: own.map((point) => point.quality),
      radius: 4,
    };
  });
  const front = points.filter((point) => point.onFront).sort((a, b) => (a.cost ?? 0) - (b.cost ?? 0));
  const corners = front.flatMap((point, i) => (i === 0 ? [point] : [{ cost: point.cost, quality: front[i - 1].quality }, point]));
  const steps: Mark = {
    ...base,
    type: "line",
    x: corners.map((corner) => corner.cost),
    y: corners.map((corner) => corner.quality),
    dash: "4 3",
    width: 1.4,
  };
  const rest = points.filter((point) => !point.onFront);
  const names = (own: readonly ParetoPoint[], colour: string): Mark => ({
    ...base,
    colour,
    type: "text",
    x: own.map((point) => point.cost),
    y: own.map((point) => point.quality),
    text: own.map((point) => point.name),
  });
  // Names of the front first: a name that would run over another is left out.
  const marks = [steps, ...dots, names([...front, ...(points.length <= 40 ? rest : [])], MUTED_INK)];
  const legend = legendRows(legendEntries(marks), { width: CARD_WIDTH_PX - 2 * CARD_PADDING_PX });
  return card(
    { title, finding, caption: [`Dashed: the front (${better} ${quality.label} is better)`, ...cuts].join(" · "), height: 320 + legend.height },
    (box) =>
      group(
        {},
        legend.draw(box.x, box.y),
        panel({
          x: { ...cost, scale, domain: domainOf(costs, { scale, pad: 0.06 }) },
          y: { ...quality, scale: "linear", domain: domainOf(qualities, { scale: "linear", pad: 0.1 }) },
          marks,
          box: { ...box, y: box.y + legend.height, height: 320 },
          pointLimit: 1000,
          empty: front.length === 0 ? "no finite points" : undefined,
        }),
      ),
  );
}
