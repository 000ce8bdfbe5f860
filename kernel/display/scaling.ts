/** @file Scaling-law fits: points, curve and interval, iso-FLOP profiles, compute-optimal line, residuals. */
import { card } from "./card";
import { Display, plainText } from "./displayable";
import { flopsText, percent, significant } from "./format";
import { directLabels, legendEntries, legendRows } from "./legend";
import type { Box } from "./mapImage";
import { panel, plotArea } from "./panel";
import { domainOf } from "./scale";
import { known, scalingPayload, type ScalingOptions } from "./scalingPayload";
import type { AxisPayload, Mark, QuantityPayload, ScalingPayload, ScaleType } from "./schema";
import { group, type SvgNode } from "./svg";
import { textWidth } from "./textWidth";
import { CARD_PADDING_PX, CARD_WIDTH_PX, hexOfRgb, INK, mapColour, MUTED_INK, seriesStyle } from "./theme";

/**
 * A scaling law over its measured points, with bootstrap interval, residuals, and iso-FLOP profiles where given.
 *
 * @throws {ArgumentError} when x and y differ in length, or no point lies above 0 on both axes.
 */
export function scalingView(options: ScalingOptions): Display<"scaling"> {
  const payload = scalingPayload(options);
  return new Display({ view: "scaling", payload, still: { "image/svg+xml": drawScaling(payload) }, text: plainText(payload, lines(payload)) });
}

function lines({ equation, parameters, level, isoFlop }: ScalingPayload): string[] {
  const bounds = (low: number | null, high: number | null): string =>
    low === null || high === null ? "" : ` [${significant(low, 4)}, ${significant(high, 4)}]`;
  return [
    ...(equation === "" ? [] : [`${equation}${parameters.some(({ low }) => low !== null) ? `, ${percent(level)} intervals` : ""}`]),
    ...parameters.map(({ name, value, low, high }) => `  ${name} = ${significant(value ?? NaN, 4)}${bounds(low, high)}`),
    ...isoFlop.map(
      ({ flops, optimum }) =>
        `  at ${flopsText(flops)}: ${optimum === null ? "no minimum" : `best size ${significant(optimum.size)}, loss ${significant(optimum.loss)}`}`,
    ),
  ];
}

const axis = (
  quantity: QuantityPayload,
  values: readonly number[],
  { scale, pad }: { readonly scale: ScaleType; readonly pad: number },
): AxisPayload => ({ ...quantity, scale, domain: domainOf(values, { scale, pad }) });

/** The static twin. */
export function drawScaling(payload: ScalingPayload): string {
  const { title, finding, cuts, equation, parameters, isoFlop, optimum, residuals } = payload;
  const law =
    equation === "" ? "" : `${equation} with ${parameters.map(({ name, value }) => `${name} = ${significant(value ?? NaN, 4)}`).join(", ")}`;
  const main = mainMarks(payload);
  const legend = legendRows(legendEntries(main), { width: CARD_WIDTH_PX - 2 * CARD_PADDING_PX });
  const side = residuals.length > 0 || isoFlop.length > 0;
  const height = isoFlop.length > 0 ? 270 : 300;
  const lower = isoFlop.length > 0 ? 230 : 0;
  return card(
    {
      title,
      finding,
      caption: [law, ...cuts].filter((note) => note !== "").join(" · "),
      height: legend.height + height + (lower === 0 ? 0 : lower + 14),
    },
    (box) => {
      const top = box.y + legend.height;
      const wide = side ? box.width * 0.64 : box.width;
      return group(
        {},
        legend.draw(box.x, box.y),
        mainPanel(payload, main, { x: box.x, y: top, width: wide, height }),
        residuals.length > 0 ? residualPanel(payload, { x: box.x + wide + 20, y: top, width: box.width - wide - 20, height }) : undefined,
        isoFlop.length > 0
          ? isoPanel(payload, { x: box.x, y: top + height + 14, width: optimum === null ? box.width : box.width * 0.6, height: lower })
          : undefined,
        optimum === null
          ? undefined
          : optimumPanel(payload, { x: box.x + box.width * 0.6 + 20, y: top + height + 14, width: box.width * 0.4 - 20, height: lower }),
      );
    },
  );
}

const base = { name: "", facet: "", colour: MUTED_INK } as const;

function pointMarks({ points }: ScalingPayload, y: readonly (number | null)[]): Mark[] {
  const series = [...new Set(points.series)];
  return series.map((name, i): Mark => {
    const at = points.series.flatMap((other, index) => (other === name ? [index] : []));
    return {
      ...base,
      name: name === "" ? "measured" : name,
      colour: seriesStyle(i).colour,
      type: "dot",
      x: at.map((index) => points.x[index]),
      y: at.map((index) => y[index]),
      radius: 3.5,
    };
  });
}

function mainMarks(payload: ScalingPayload): Mark[] {
  const { curve, points, level } = payload;
  if (curve === null) return pointMarks(payload, points.y);
  const band: Mark[] =
    curve.low.length === 0
      ? []
      : [{ ...base, name: `${percent(level)} interval`, colour: INK, type: "band", x: curve.x, low: curve.low, high: curve.high }];
  return [...band, { ...base, name: "fit", colour: INK, type: "line", x: curve.x, y: curve.y, width: 1.6 }, ...pointMarks(payload, points.y)];
}

function mainPanel({ x, y, points, curve }: ScalingPayload, marks: readonly Mark[], box: Box): SvgNode {
  const ys = [...known(points.y), ...known(curve?.y ?? [])];
  return panel({
    x: axis(x, [...known(points.x), ...known(curve?.x ?? [])], { scale: "log", pad: 0.04 }),
    y: axis(y, ys, { scale: "log", pad: 0.08 }),
    marks,
    box,
  });
}

function residualPanel(payload: ScalingPayload, box: Box): SvgNode {
  const values = known(payload.residuals).map((value) => value * 100);
  const size = Math.max(...values.map(Math.abs), 1e-9) * 1.15;
  const zero: Mark = { ...base, type: "rule", axis: "y", at: 0, label: "" };
  return panel({
    x: axis(payload.x, known(payload.points.x), { scale: "log", pad: 0.06 }),
    y: { label: "measured − fitted", unit: "%", scale: "linear", domain: [-size, size] },
    marks: [
      zero,
      ...pointMarks(
        payload,
        payload.residuals.map((value) => (value === null ? null : value * 100)),
      ),
    ],
    box,
  });
}

/** Budgets from dark (small) to bright (large); the bright end of the map is too pale for the card. */
const budgetColour = (i: number, count: number): string => hexOfRgb(mapColour("sequential", count === 1 ? 0.3 : (i / (count - 1)) * 0.86));

function isoPanel({ isoFlop, y }: ScalingPayload, box: Box): SvgNode {
  const marks = isoFlop.flatMap(({ flops, size, loss, fitSize, fitLoss, optimum }, i): Mark[] => {
    const colour = budgetColour(i, isoFlop.length);
    const best: Mark[] = optimum === null ? [] : [{ ...base, colour: "#d55e00", type: "dot", x: [optimum.size], y: [optimum.loss], radius: 4 }];
    return [
      { ...base, name: flopsText(flops), colour, type: "line", x: fitSize, y: fitLoss, width: 1.4 },
      { ...base, colour, type: "dot", x: size, y: loss, radius: 2.5 },
      ...best,
    ];
  });
  const values = isoFlop.flatMap(({ loss, fitLoss }) => [...known(loss), ...known(fitLoss)]);
  const names = legendEntries(marks);
  const room = 16 + Math.max(...names.map(({ name }) => textWidth(name, { size: 10.5 }))) + 8;
  const options = {
    title: "Loss at equal FLOPs",
    x: axis(
      { label: "parameters (orange: the minimum)", unit: "" },
      isoFlop.flatMap(({ size }) => known(size)),
      { scale: "log", pad: 0.06 },
    ),
    y: axis(y, values, { scale: "linear", pad: 0.1 }),
    marks,
    box: { ...box, width: box.width - room },
    pointLimit: 60,
  };
  const { top, bottom, y: scale } = plotArea(options);
  return group(
    {},
    panel(options),
    directLabels(names, { box: { x: box.x + box.width - room + 4, y: top, width: room, height: bottom - top }, at: scale.at }),
  );
}

function optimumPanel({ isoFlop, optimum }: ScalingPayload, box: Box): SvgNode {
  const best = isoFlop.filter((curve) => curve.optimum !== null);
  const marks: Mark[] = [
    { ...base, colour: INK, type: "line", x: optimum?.flops ?? [], y: optimum?.size ?? [], width: 1.6 },
    { ...base, colour: "#d55e00", type: "dot", x: best.map(({ flops }) => flops), y: best.map((curve) => curve.optimum?.size ?? null), radius: 4 },
  ];
  return panel({
    title: "Compute-optimal size",
    x: axis(
      { label: "budget", unit: "FLOP" },
      best.map(({ flops }) => flops),
      { scale: "log", pad: 0.06 },
    ),
    y: axis({ label: "parameters", unit: "" }, [...best.map((curve) => curve.optimum?.size ?? NaN), ...known(optimum?.size ?? [])], {
      scale: "log",
      pad: 0.08,
    }),
    marks,
    box,
  });
}
