/** @file Checks a scaling payload at the border. */
import type {
  FittedParameter,
  IsoFlopCurve,
  QuantityPayload,
  ScalingCurve,
  ScalingPayload,
} from "../../../kernel/display/schema";
import { BASE, type Check, finite, list, maybe, nullable, record, sameLength, text } from "../../shared/validate";

/** More points are not sent by the kernel, and could not be pointed at. */
const MAX_POINTS = 5000;
const MAX_CURVES = 100;

const numbers = list(maybe, MAX_POINTS);
const quantity: Check<QuantityPayload> = record<QuantityPayload>({ label: text(200), unit: text(200) });
const parameter: Check<FittedParameter> = record<FittedParameter>({ name: text(100), value: maybe, low: maybe, high: maybe });

const curve: Check<ScalingCurve> = (value, path) => {
  const found = record<ScalingCurve>({ x: numbers, y: numbers, low: numbers, high: numbers })(value, path);
  sameLength({ x: found.x, y: found.y, ...(found.low.length + found.high.length === 0 ? {} : { low: found.low, high: found.high }) }, path);
  return found;
};
const isoFlop: Check<IsoFlopCurve> = (value, path) => {
  const found = record<IsoFlopCurve>({
    flops: finite,
    size: numbers,
    loss: numbers,
    fitSize: numbers,
    fitLoss: numbers,
    optimum: nullable(record<NonNullable<IsoFlopCurve["optimum"]>>({ size: finite, loss: finite })),
  })(value, path);
  sameLength({ sizes: found.size, losses: found.loss }, path);
  sameLength({ fitSize: found.fitSize, fitLoss: found.fitLoss }, path);
  return found;
};

export function parse(payload: unknown): ScalingPayload {
  const found = record<ScalingPayload>({
    ...BASE,
    x: quantity,
    y: quantity,
    points: record<ScalingPayload["points"]>({ x: numbers, y: numbers, series: list(text(200), MAX_POINTS) }),
    curve: nullable(curve),
    residuals: numbers,
    equation: text(1000),
    parameters: list(parameter, 50),
    level: finite,
    isoFlop: list(isoFlop, MAX_CURVES),
    optimum: nullable(record<NonNullable<ScalingPayload["optimum"]>>({ flops: numbers, size: numbers, exponent: maybe })),
  })(payload, "");
  sameLength({ x: found.points.x, y: found.points.y, series: found.points.series }, "points");
  if (found.residuals.length > 0) sameLength({ residuals: found.residuals, points: found.points.x }, "residuals");
  return found;
}
