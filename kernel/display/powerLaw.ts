/** @file Straight lines through logarithms: exponents of spectra and a first look at scaling. Full fits live in kernel/fit. */

export interface PowerLaw {
  /** y ≈ factor · x^exponent */
  readonly factor: number;
  readonly exponent: number;
  /** Share of the variance of log y explained, 0…1. */
  readonly r2: number;
  /** Points used: both values finite and above 0. */
  readonly count: number;
}

/** Least squares of log y on log x; undefined for fewer than two different x. */
export function powerLaw(x: ArrayLike<number>, y: ArrayLike<number>): PowerLaw | undefined {
  const us: number[] = [];
  const vs: number[] = [];
  for (let i = 0; i < x.length; i++)
    if (x[i] > 0 && y[i] > 0 && Number.isFinite(x[i]) && Number.isFinite(y[i])) {
      us.push(Math.log(x[i]));
      vs.push(Math.log(y[i]));
    }
  const count = us.length;
  const u = us.reduce((sum, value) => sum + value, 0) / count;
  const v = vs.reduce((sum, value) => sum + value, 0) / count;
  let [uu, uv, vv] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    uu += (us[i] - u) ** 2;
    uv += (us[i] - u) * (vs[i] - v);
    vv += (vs[i] - v) ** 2;
  }
  if (!(uu > 1e-18)) return undefined;
  const exponent = uv / uu;
  return { factor: Math.exp(v - exponent * u), exponent, r2: vv > 0 ? (uv * uv) / (uu * vv) : 1, count };
}
