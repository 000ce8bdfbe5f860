/** @file The power law y = E + A·x^−α, with or without the irreducible part E. */
import { ArgumentError } from "../errors";
import { checkEnough, finishFit, type Fit, type FitOptions, positiveLogs } from "./fit";
import { SCALING_LAW_DELTA } from "./huber";
import { centreLogs, type LogInput, powerTerms, termOf } from "./powerTerms";
import { type Curve, huberLossAt, robustFit } from "./robustFit";
import { spearman } from "./statistics";

export interface PowerLawPoint {
  readonly x: number;
  readonly y: number;
}

export type PowerLawParameter = "E" | "A" | "alpha";
export type PowerLawFit = Fit<PowerLawParameter, number>;

export interface PowerLawOptions extends FitOptions {
  /** "fit": y = E + A·x^−α with E, A, α above zero, so y falls towards E. "none": y = A·x^−α, α of either sign, E reported as 0. Default "fit". */
  readonly irreducible?: "fit" | "none";
}

const EXPONENT_STARTS = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2.5, 4] as const;
const FLOOR_STARTS = [0.02, 0.2, 0.5, 0.8, 0.95, 0.995] as const;

/** The law through the points: Huber loss of log residuals, L-BFGS from the best floor for each of eleven exponents.
 * @throws {ArgumentError} for values that are not positive, y that rises where it should fall, or too few points:
 * 4 with 3 different x, and 3 with 2 without irreducible part. */
export function fitPowerLaw(
  points: readonly PowerLawPoint[],
  { irreducible = "fit", delta = SCALING_LAW_DELTA, bootstrap = {} }: PowerLawOptions = {},
): PowerLawFit {
  const logX = positiveLogs(
    "fitPowerLaw: x",
    points.map((point) => point.x),
  );
  const targets = positiveLogs(
    "fitPowerLaw: y",
    points.map((point) => point.y),
  );
  const withFloor = irreducible === "fit";
  checkEnough("fitPowerLaw", { points: points.length, least: withFloor ? 4 : 3, inputs: { x: [logX, withFloor ? 3 : 2] } });
  if (withFloor && spearman(logX, targets) > 0)
    throw new ArgumentError("fitPowerLaw: y rises with x, so it does not fall towards an irreducible part", {
      help: 'fit with irreducible: "none", whose exponent may have either sign, or check the points for runs that diverged',
    });
  const input = centreLogs(logX);
  const curve = withFloor ? powerTerms([input]) : straightLine(input);
  const starts = withFloor ? floorStarts({ curve, targets, delta }) : [Float64Array.of(medianOf(targets), 0)];
  return finishFit<PowerLawParameter, number>({
    law: withFloor ? "E + A*x^-alpha" : "A*x^-alpha",
    curve,
    targets,
    delta,
    fit: robustFit({ curve, targets, delta, starts }),
    bootstrap,
    toParameters: (theta) => {
      if (!withFloor) return { E: 0, A: Math.exp(theta[0] + theta[1] * input.centre), alpha: theta[1] };
      const { coefficient, exponent } = termOf(theta, 0, input);
      return { E: Math.exp(theta[0]), A: coefficient, alpha: exponent };
    },
    predict: ({ E, A, alpha }, x) => E + A * x ** -alpha,
  });
}

/** Free variables: log y at the centre of the data, and α. */
function straightLine({ centred }: LogInput): Curve {
  return {
    dims: 2,
    points: centred.length,
    evaluate: (theta, out, jacobian) => {
      for (let i = 0; i < centred.length; i++) {
        out[i] = theta[0] - theta[1] * centred[i];
        if (jacobian === undefined) continue;
        jacobian[2 * i] = 1;
        jacobian[2 * i + 1] = -centred[i];
      }
    },
  };
}

function floorStarts(problem: { readonly curve: Curve; readonly targets: Float64Array; readonly delta: number }): Float64Array[] {
  const least = Math.exp(problem.targets.reduce((low, log) => Math.min(low, log), Infinity));
  const typical = Math.exp(medianOf(problem.targets));
  return EXPONENT_STARTS.map((alpha) => {
    const candidates = FLOOR_STARTS.map((floor) => Float64Array.of(Math.log(floor * least), Math.log(typical - floor * least), Math.log(alpha)));
    const losses = candidates.map((theta) => huberLossAt(problem, theta));
    return candidates[losses.indexOf(Math.min(...losses))];
  });
}

const medianOf = (values: Float64Array): number => values.slice().sort()[values.length >> 1];
