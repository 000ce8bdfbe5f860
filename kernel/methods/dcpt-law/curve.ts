/** @file The law as a curve in variables that are easy to search: logarithms, with each term's size taken at the centre of the data. */
import type { Curve } from "../../fit/robustFit";
import { centreLogs } from "../../fit/powerTerms";
import { mean } from "../../fit/statistics";
import type { DcptParameters, Mixed } from "./form";

/** What says how hard a domain is, from a short probe on it. */
export interface Probe {
  /** k1: its loss before, in nats per token. */
  readonly initial: number;
  /** k2: how fast that falls at first, in nats per step. */
  readonly rate: number;
}

export interface CurveOptions {
  /** 0 < η as in the law, or η = 0: the additive form E + A/N^α + B/D^β + C/(r + ε)^γ, in which ratio and tokens do not interact. */
  readonly interaction: boolean;
  /** Residuals of log L, or of L. */
  readonly residuals: "log" | "plain";
  /** For each point the probe of its domain: adds F/K^μ with K = 1/k1 + w·k2. */
  readonly probes?: readonly Probe[];
}

/** Names of the free variables, by their place. */
export type Slot = "E" | "A" | "alpha" | "B" | "beta" | "eta" | "C" | "gamma" | "eps" | "F" | "mu" | "w";

export interface DcptCurve extends Curve {
  /** Place of each variable; undefined for those that the form or the data do not have (one size: no A and α). */
  readonly slots: Readonly<Partial<Record<Slot, number>>>;
  toParameters(theta: Float64Array): DcptParameters & { readonly F: number; readonly mu: number; readonly w: number };
}

/** ε stays above this: as ε → 0 the loss at r = 0 grows without bound. */
export const EPS_FLOOR = 1e-3;

/** Exponents and ε stay below this: beyond it coefficients leave what a double holds, and nothing measured tells them apart. */
const UPPER_BOUND = 10;
const bounded = (free: number): number => UPPER_BOUND / (1 + Math.exp(-free));
/** Derivative of a bounded value by its free variable. */
const boundedSlope = (value: number): number => value * (1 - value / UPPER_BOUND);
/** The free variable of an exponent or ε in (0, 10). */
export const freeOf = (value: number): number => Math.log(value / (UPPER_BOUND - value));

/** |μ| stays below this: sources with nearly equal K would otherwise ask for any power of it, and unseen domains get any loss. */
export const MU_BOUND = 4;
const boundedMu = (free: number): number => MU_BOUND * Math.tanh(free / MU_BOUND);

/** The curve through the inputs. With one size alone E + A/N^α is one constant, and is searched as E. */
export function dcptCurve(inputs: readonly Mixed[], { interaction, residuals, probes }: CurveOptions): DcptCurve {
  const sizes = centreLogs(Float64Array.from(inputs, ({ params }) => Math.log(params)));
  const tokens = centreLogs(Float64Array.from(inputs, ({ tokens }) => Math.log(tokens)));
  const ratios = Float64Array.from(inputs, ({ ratio }) => ratio);
  const middle = mean(ratios);
  const oneSize = new Set(inputs.map(({ params }) => params)).size === 1;
  const names: readonly Slot[] = [
    "E", "B", "beta", "C", "gamma", "eps",
    ...(oneSize ? [] : (["A", "alpha"] as const)),
    ...(interaction ? (["eta"] as const) : []),
    ...(probes === undefined ? [] : (["F", "mu", "w"] as const)),
  ];
  const slots: Partial<Record<Slot, number>> = Object.fromEntries(names.map((name, i) => [name, i]));
  const dims = names.length;
  const read = (theta: Float64Array, name: Slot): number => theta[slots[name] ?? NaN];
  // K is searched in units of the middle probe's, so that F is its term there.
  const unit = probes === undefined ? 1 : 1 / mean(probes.map(({ initial }) => initial));

  return {
    dims,
    points: inputs.length,
    slots,
    toParameters: (theta) => {
      const exponent = (name: Slot, otherwise: number): number => (slots[name] === undefined ? otherwise : bounded(read(theta, name)));
      const [alpha, beta, gamma, eta] = [exponent("alpha", 1), exponent("beta", 1), exponent("gamma", 1), exponent("eta", 0)];
      const eps = EPS_FLOOR + bounded(read(theta, "eps"));
      const w = slots.w === undefined ? 0 : Math.exp(read(theta, "w"));
      const mu = slots.mu === undefined ? 1 : boundedMu(read(theta, "mu"));
      return {
        E: Math.exp(read(theta, "E")),
        A: slots.A === undefined ? 0 : Math.exp(read(theta, "A") + alpha * sizes.centre),
        B: Math.exp(read(theta, "B") + beta * tokens.centre - eta * Math.log(middle)),
        C: Math.exp(read(theta, "C") + gamma * Math.log(middle + eps)),
        alpha, beta, gamma, eta, eps,
        F: slots.F === undefined ? 0 : read(theta, "F") * unit ** mu,
        mu, w,
      };
    },
    evaluate: (theta, out, jacobian) => {
      const E = Math.exp(read(theta, "E"));
      const [beta, gamma, eta] = [bounded(read(theta, "beta")), bounded(read(theta, "gamma")), interaction ? bounded(read(theta, "eta")) : 0];
      const alpha = oneSize ? 0 : bounded(read(theta, "alpha"));
      const shift = bounded(read(theta, "eps"));
      const eps = EPS_FLOOR + shift;
      const [F, mu, w] = probes === undefined ? [0, 0, 0] : [read(theta, "F"), boundedMu(read(theta, "mu")), Math.exp(read(theta, "w"))];
      for (let i = 0; i < inputs.length; i++) {
        const logRatio = Math.log(ratios[i] / middle);
        const a = oneSize ? 0 : Math.exp(read(theta, "A") - alpha * sizes.centred[i]);
        // r^η is 0 at r = 0, and so are its derivatives.
        const b = interaction && ratios[i] === 0 ? 0 : Math.exp(read(theta, "B") - beta * tokens.centred[i] + (interaction ? eta * logRatio : 0));
        const distance = Math.log((ratios[i] + eps) / (middle + eps));
        const c = Math.exp(read(theta, "C") - gamma * distance);
        const probe = probes?.[i];
        const hardness = probe === undefined ? 1 : (1 / probe.initial + w * probe.rate) / unit;
        const f = probe === undefined ? 0 : F * hardness ** -mu;
        const loss = E + a + b + c + f;
        out[i] = residuals === "log" ? Math.log(loss) : loss;
        if (jacobian === undefined) continue;
        const scale = residuals === "log" ? 1 / loss : 1;
        const write = (name: Slot, value: number): void => {
          const place = slots[name];
          if (place !== undefined) jacobian[i * dims + place] = scale * value;
        };
        write("E", E);
        write("A", a);
        write("alpha", -a * boundedSlope(alpha) * sizes.centred[i]);
        write("B", b);
        write("beta", -b * boundedSlope(beta) * tokens.centred[i]);
        write("eta", b === 0 ? 0 : b * boundedSlope(eta) * logRatio);
        write("C", c);
        write("gamma", -c * boundedSlope(gamma) * distance);
        write("eps", -c * gamma * boundedSlope(shift) * (1 / (ratios[i] + eps) - 1 / (middle + eps)));
        if (probe === undefined) continue;
        write("F", hardness ** -mu);
        write("mu", -f * Math.log(hardness) * (1 - (mu / MU_BOUND) ** 2));
        write("w", (-mu * f * w * probe.rate) / (unit * hardness));
      }
    },
  };
}
