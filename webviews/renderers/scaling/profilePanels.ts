/** @file The panel of iso-FLOP curves with their optima, and that of the compute-optimal line. */
import type { ScalingPayload } from "../../../kernel/display/schema";
import { hexOfRgb, mapColour, readable } from "../../shared/colour";
import { type Box, linePath, plot, type Plot } from "../../shared/chart/plot";
import { domainOf } from "../../shared/chart/scale";
import { svg } from "../../shared/dom";
import { axisTitle, flopsText, significant, withPrefix } from "../../shared/format";
import type { Theme } from "../../shared/renderer";
import { diamond, dot } from "./dots";
import { type Profiles, runKey, runsOf } from "./profiles";

export interface ProfileState {
  readonly payload: ScalingPayload;
  readonly theme: Theme;
  readonly profiles: Profiles;
  readonly removed: ReadonlySet<string>;
  readonly active: string;
  readonly tabStop: string;
}

export const profileKey = (curve: number, index: number): string => `r${runKey(curve, index)}`;

/** Colour of a budget, from small to large, readable on the ground. */
function budgetColour(theme: Theme, index: number, count: number): string {
  const share = count < 2 ? 0.4 : 0.08 + (0.76 * index) / (count - 1);
  return readable(
    hexOfRgb(mapColour("sequential", theme.kind === "dark" || theme.kind === "high-contrast" ? 0.3 + 0.65 * share : share)),
    theme.background,
    3,
  );
}

/** Room right of the curves for the budgets, and left of the plot for its labels. */
const BUDGET_PX = 66;
const AXIS_PX = 60;

export function profilePanel({ payload, theme, profiles, removed, active, tabStop }: ProfileState, box: Box): Plot {
  const { isoFlop } = payload;
  const runs = isoFlop.map(runsOf);
  const sizes = [...runs.flatMap((all) => all.map(({ size }) => size)), ...profiles.curves.flatMap(({ x }) => x)];
  const losses = [
    ...runs.flatMap((all) => all.map(({ loss }) => loss)),
    ...profiles.curves.flatMap(({ y, optimum }) => [...y, optimum?.loss ?? null]),
  ];
  const [low, high] = domainOf(sizes, { kind: "log", pad: 0.04 });
  const room = BUDGET_PX / Math.max(BUDGET_PX, box.width - AXIS_PX - BUDGET_PX);
  const made = plot({
    box,
    theme,
    title: "Loss at equal compute",
    x: { label: "model size (parameters)", kind: "log", domain: [low, high * (high / low) ** room] },
    y: { label: axisTitle(payload.y), kind: "linear", domain: domainOf(losses, { kind: "linear", pad: 0.08 }) },
  });
  const optima = profiles.curves.flatMap(({ optimum }) => (optimum === null ? [] : [optimum]));
  made.layer.append(
    svg("path", {
      d: linePath(
        made,
        optima.map(({ size }) => size),
        optima.map(({ loss }) => loss),
      ),
      fill: "none",
      stroke: theme.muted,
      "stroke-width": 1.4,
      "stroke-dasharray": "3 3",
    }),
  );
  const group = svg("g", { role: "group", "aria-label": "Runs: Delete takes the focused one out of the fit or puts it back" });
  const labels: { y: number; node: SVGTextElement }[] = [];
  isoFlop.forEach(({ flops }, c) => {
    const colour = budgetColour(theme, c, isoFlop.length);
    const { x, y, optimum } = profiles.curves[c] ?? { x: [], y: [], optimum: null };
    made.layer.append(svg("path", { d: linePath(made, x, y), fill: "none", stroke: colour, "stroke-width": 2 }));
    for (const { size, loss, index } of runs[c]) {
      const key = profileKey(c, index);
      const out = removed.has(runKey(c, index));
      const label = `${flopsText(flops)}, size ${withPrefix(size)}, loss ${significant(loss, 4)}${out ? ", not in the fit" : ""}`;
      group.append(
        dot(
          { key, x: made.x.at(size), y: made.y.at(loss), colour, removed: out, label, shape: "circle", active: active === key },
          { theme, tabStop: tabStop === key },
        ),
      );
    }
    const last = runs[c].reduce<{ readonly size: number; readonly loss: number } | undefined>(
      (most, run) => (most === undefined || run.size > most.size ? run : most),
      undefined,
    );
    const at = { x: made.x.at(last?.size ?? NaN) + 11, y: made.y.at(last?.loss ?? NaN) + 4 };
    if (Number.isFinite(at.x) && Number.isFinite(at.y)) {
      const node = svg("text", { x: at.x, y: at.y, fill: colour, "font-size": 11, "font-family": theme.font, "font-weight": 600 }, flopsText(flops));
      if (labels.every((other) => Math.abs(other.y - at.y) >= 12)) {
        labels.push({ y: at.y, node });
        made.layer.append(node);
      }
    }
    if (optimum !== null && optimum.size > 0)
      group.append(diamond({ x: made.x.at(optimum.size), y: made.y.at(optimum.loss), colour: theme.foreground, theme }));
  });
  made.layer.append(group);
  return made;
}

/** Best size against compute, with the line through the optima and its exponent; dashed beyond the budgets. */
export function optimumPanel({ theme, profiles }: ProfileState, box: Box): Plot {
  const optima = profiles.curves.flatMap(({ flops, optimum }) =>
    optimum === null || !(flops > 0) || !(optimum.size > 0) ? [] : [{ flops, size: optimum.size }],
  );
  const { best } = profiles;
  const budgets = domainOf(
    optima.map(({ flops }) => flops),
    { kind: "log" },
  );
  const domain = domainOf([budgets[0], budgets[1] * (budgets[1] / budgets[0]) ** 0.35], { kind: "log", pad: 0.06 });
  const xs = Array.from({ length: 40 }, (_, i) => domain[0] * (domain[1] / domain[0]) ** (i / 39));
  const ys = xs.map((x) => best?.predict(x) ?? null);
  const made = plot({
    box,
    theme,
    title: "Compute-optimal size",
    x: { label: "compute (FLOP)", kind: "log", domain },
    y: { label: "best size (parameters)", kind: "log", domain: domainOf([...optima.map(({ size }) => size), ...ys], { kind: "log", pad: 0.08 }) },
  });
  const line = { fill: "none", stroke: theme.foreground, "stroke-width": 2 } as const;
  made.layer.append(
    svg("path", {
      d: linePath(
        made,
        xs,
        ys.map((y, i) => (xs[i] <= budgets[1] ? y : null)),
      ),
      ...line,
    }),
    svg("path", {
      d: linePath(
        made,
        xs,
        ys.map((y, i) => (xs[i] >= budgets[1] * 0.98 ? y : null)),
      ),
      ...line,
      "stroke-dasharray": "7 5",
    }),
    ...optima.map(({ flops, size }) => diamond({ x: made.x.at(flops), y: made.y.at(size), colour: theme.foreground, theme })),
  );
  if (best !== undefined) {
    const text = { x: 10, "font-family": theme.font, fill: theme.foreground } as const;
    made.layer.append(
      svg(
        "text",
        { ...text, y: 20, "font-size": 14, "font-weight": 600, class: "scaling-exponent" },
        "N* ∝ C",
        svg("tspan", { dy: -5, "font-size": 11 }, significant(best.exponent, 3)),
      ),
      Number.isFinite(best.low + best.high)
        ? svg("text", { ...text, y: 36, "font-size": 11, fill: theme.muted }, `${significant(best.low, 3)} to ${significant(best.high, 3)}`)
        : "",
    );
  }
  return made;
}
