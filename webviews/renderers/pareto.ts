/** @file Quality against cost: all points, and the front that no other point beats. */
import type { Data, PlotData } from "plotly.js";
import type { ParetoPayload, ParetoPoint, QuantityPayload } from "../../kernel/display/schema";
import { html } from "../shared/dom";
import { pictureExports } from "../shared/exportFile";
import { axisTitle, withUnit } from "../shared/format";
import { Legend, type LegendEntry } from "../shared/legend";
import { composePicture } from "../shared/picture";
import { Plot, type PlotSpec } from "../shared/plot";
import { axisLayout, baseLayout, plotDash, plotText, rangeFor } from "../shared/plotStyle";
import type { Host, Mounted, Renderer, Theme } from "../shared/renderer";
import { seriesStyle } from "../shared/seriesColour";
import { hiddenNames } from "../shared/states";
import { BASE, flag, list, maybe, oneOf, record, text } from "../shared/validate";

const quantity = record<QuantityPayload>({ label: text(300), unit: text(200) });
const point = record<ParetoPoint>({ name: text(300), group: text(300), cost: maybe, quality: maybe, onFront: flag });
const check = record<ParetoPayload>({ ...BASE, cost: quantity, quality: quantity, better: oneOf("higher", "lower"), points: list(point, 10_000) });

const HEIGHT_PX = 340;
/** With more points than this only those on the front are named beside their dots; hover names all. */
const MAX_NAMED = 24;

interface Placed extends ParetoPoint {
  readonly cost: number;
  readonly quality: number;
}

const hasPlace = (one: ParetoPoint): one is Placed => one.cost !== null && one.quality !== null;
const groupsOf = ({ points }: ParetoPayload): readonly string[] => [...new Set(points.map(({ group }) => group))];

/** Costs over more than a decade would crowd at the left of a linear axis. */
function isLog(points: readonly Placed[]): boolean {
  const costs = points.map(({ cost }) => cost);
  const [low, high] = [costs.reduce((a, b) => Math.min(a, b), Infinity), costs.reduce((a, b) => Math.max(a, b), 0)];
  return low > 0 && Number.isFinite(low) && high > 10 * low;
}

const say = ({ cost, quality }: ParetoPayload, one: Placed): readonly string[] => [
  `${one.name}${one.group === "" ? "" : ` (${one.group})`}${one.onFront ? ", on the front" : ""}`,
  `${cost.label} ${withUnit(one.cost, cost.unit)}`,
  `${quality.label} ${withUnit(one.quality, quality.unit)}`,
];

function legendOf(payload: ParetoPayload, theme: Theme): readonly LegendEntry[] {
  return groupsOf(payload).map((name, i) => ({ name: name === "" ? "other" : name, mark: "dot", colour: seriesStyle(i, theme).colour }));
}

interface Drawing {
  readonly theme: Theme;
  readonly revision: number;
  readonly hidden: ReadonlySet<string>;
}

function specOf(payload: ParetoPayload, { theme, revision, hidden }: Drawing): PlotSpec {
  const groups = groupsOf(payload);
  const placed = payload.points.filter(hasPlace);
  const shown = placed.filter(({ group }) => !hidden.has(group === "" ? "other" : group));
  const front = placed.filter(({ onFront }) => onFront).sort((a, b) => a.cost - b.cost);
  const corners = front.flatMap((one, i) => (i === 0 ? [one] : [{ cost: one.cost, quality: front[i - 1].quality }, one]));
  const named = new Set(shown.length <= MAX_NAMED ? shown : shown.filter(({ onFront }) => onFront));
  const nameOf = (one: Placed): string => (named.has(one) ? plotText(one.name.length > 28 ? `${one.name.slice(0, 27)}…` : one.name) : "");
  const dots = groups.map((group, i): Partial<PlotData> => {
    const own = shown.filter((one) => one.group === group);
    return {
      type: "scatter",
      mode: "text+markers",
      x: own.map(({ cost }) => cost),
      y: own.map(({ quality }) => quality),
      text: own.map(nameOf),
      // On the better side of the points: away from the dashed line.
      textposition: payload.better === "higher" ? "top center" : "bottom center",
      textfont: { size: 10.5, color: own.map(({ onFront }) => (onFront ? theme.foreground : theme.muted)) },
      cliponaxis: false,
      marker: { size: own.map(({ onFront }) => (onFront ? 10 : 7)), color: seriesStyle(i, theme).colour, opacity: own.map(({ onFront }) => (onFront ? 1 : 0.65)), line: { width: 1, color: theme.background } },
      hoverinfo: "text",
      hovertext: own.map((one) => say(payload, one).map(plotText).join("<br>")),
    };
  });
  const line: Data = {
    type: "scatter",
    mode: "lines",
    x: corners.map(({ cost }) => cost),
    y: corners.map(({ quality }) => quality),
    line: { color: theme.muted, width: 1.3, dash: plotDash("4 3") },
    hoverinfo: "skip",
  };
  const hint = { text: plotText(`${payload.better === "higher" ? "↑" : "↓"} better`), showarrow: false, xref: "paper", yref: "paper", x: 0, y: payload.better === "higher" ? 1 : 0, xanchor: "left", yanchor: payload.better === "higher" ? "top" : "bottom", font: { size: 11, color: theme.muted } } as const;
  const log = isLog(placed);
  return {
    data: [line, ...dots],
    height: HEIGHT_PX,
    walks: groups.map((group, i) => {
      const own = shown.filter((one) => one.group === group);
      return { trace: i + 1, count: own.length, say: (index) => say(payload, own[index]).join(", ") };
    }),
    layout: {
      ...baseLayout(theme, { height: HEIGHT_PX, revision }),
      xaxis: axisLayout(theme, { title: axisTitle(payload.cost), type: log ? "log" : "linear", side: "x", range: rangeFor(placed.map(({ cost }) => cost), { log, pad: 0.08 }) }),
      yaxis: axisLayout(theme, { title: axisTitle(payload.quality), type: "linear", side: "y", range: rangeFor(placed.map(({ quality: value }) => value), { log: false, pad: 0.12 }) }),
      annotations: [hint],
    },
  };
}

export const pareto: Renderer<"pareto"> = {
  view: "pareto",
  parse: (value) => check(value, ""),
  async mount(host: Host, first: ParetoPayload): Promise<Mounted<"pareto">> {
    let payload = first;
    let hidden = hiddenNames(host.loadState());
    const legend = new Legend({
      signal: host.signal,
      hidden,
      onChange: (next) => {
        hidden = next;
        host.saveState({ hidden: [...next] });
        void plot.draw();
      },
    });
    const parent = html("div");
    host.element.append(legend.element, parent);
    legend.show(legendOf(payload, host.theme));
    host.onThemeChange((theme) => legend.show(legendOf(payload, theme)));
    const plot = await Plot.create({ host, parent, label: first.title || "quality against cost", spec: (theme, revision) => specOf(payload, { theme, revision, hidden }) });
    return {
      update(next) {
        payload = next;
        legend.show(legendOf(payload, host.theme));
        void plot.draw();
      },
      exports: pictureExports("pareto", async () =>
        composePicture({ theme: host.theme, title: payload.title, finding: payload.finding, legend: legendOf(payload, host.theme), panels: [{ ...(await plot.picture()), x: 0, y: 0 }] }),
      ),
    };
  },
};
