/** @file The payload of a figure, checked. */
import type {
  AxisPayload,
  BandMark,
  BarMark,
  DotMark,
  FigurePayload,
  HeatmapMark,
  LineMark,
  Mark,
  RuleMark,
  TextMark,
} from "../../../kernel/display/schema";
import { BASE, byteGrid, type Check, finite, list, maybe, oneOf, optional, pair, PayloadError, record, sameLength, tagged, text } from "../../shared/validate";

/** Entries of one list of numbers: figures from the kernel have 4000 points in all. */
const MAX_POINTS = 20_000;
const MAX_MARKS = 500;
const numbers = list(maybe, MAX_POINTS);

const colour: Check<string> = (value, path) => {
  const given = text(20)(value, path);
  if (given !== "" && !/^#[0-9a-f]{6}$/i.test(given)) throw new PayloadError(`${path} is “${given}”; expected a colour such as #0072b2`);
  return given;
};
const dash: Check<string> = (value, path) => {
  const given = text(40)(value, path);
  if (!/^[\d.\s,]*$/.test(given)) throw new PayloadError(`${path} is “${given}”; expected a dash pattern such as 5 3`);
  return given;
};
const base = { name: text(300), colour, facet: text(300) };

const mark = tagged<Mark>("type", {
  line: record<LineMark>({ ...base, type: oneOf("line"), x: numbers, y: numbers, dash: optional(dash), width: finite }),
  dot: record<DotMark>({ ...base, type: oneOf("dot"), x: numbers, y: numbers, radius: finite, labels: optional(list(text(), MAX_POINTS)) }),
  bar: record<BarMark>({ ...base, type: oneOf("bar"), x: numbers, y: numbers, width: finite }),
  band: record<BandMark>({ ...base, type: oneOf("band"), x: numbers, low: numbers, high: numbers }),
  rule: record<RuleMark>({ ...base, type: oneOf("rule"), axis: oneOf("x", "y"), at: maybe, label: text() }),
  heatmap: record<HeatmapMark>({ ...base, type: oneOf("heatmap"), grid: byteGrid, x: pair, y: pair, map: oneOf("sequential", "diverging"), valueLabel: text() }),
  text: record<TextMark>({ ...base, type: oneOf("text"), x: numbers, y: numbers, text: list(text(), MAX_POINTS) }),
});

const axis = record<AxisPayload>({
  label: text(),
  unit: text(200),
  scale: oneOf("linear", "log", "symlog", "category"),
  domain: pair,
  constant: optional(finite),
  categories: optional(list(text(), 2000)),
});

const figure = record<FigurePayload>({ ...BASE, x: axis, y: axis, marks: list(mark, MAX_MARKS), facets: list(text(300), 64), caption: text(5000) });

function checkMark(one: Mark, path: string): void {
  if (one.type === "rule") return;
  if (one.type === "heatmap") {
    if (one.grid.shape.length !== 2) throw new PayloadError(`${path}.grid has ${one.grid.shape.length} axes; expected rows and columns`);
    return;
  }
  if (one.type === "band") sameLength({ x: one.x, low: one.low, high: one.high }, path);
  else if (one.type === "text") sameLength({ x: one.x, y: one.y, text: one.text }, path);
  else sameLength({ x: one.x, y: one.y, ...(one.type === "dot" && one.labels !== undefined ? { labels: one.labels } : {}) }, path);
}

function checkAxis({ scale, domain, constant = 1 }: AxisPayload, path: string): void {
  if (scale === "log" && Math.min(...domain) <= 0) throw new PayloadError(`${path}.domain is [${domain.join(", ")}]; a log axis needs numbers above 0`);
  if (!(constant > 0)) throw new PayloadError(`${path}.constant is ${constant}; expected a number above 0`);
}

/** @throws {PayloadError} */
export function parseFigure(value: unknown): FigurePayload {
  const payload = figure(value, "");
  checkAxis(payload.x, "x");
  checkAxis(payload.y, "y");
  payload.marks.forEach((one, index) => checkMark(one, `marks[${index}]`));
  return payload;
}
