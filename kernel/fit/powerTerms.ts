/** @file The curve log(E + Σₖ Aₖ·xₖ^−αₖ) in variables that are easy to search: the core of the power-law and the Chinchilla fit. */
import { mean } from "./statistics";
import type { Curve } from "./robustFit";

/** Logarithms of one input over all points, with their mean: coefficients are searched at that centre, where they and the exponent are independent. */
export interface LogInput {
  readonly centred: Float64Array;
  readonly centre: number;
}

export function centreLogs(logs: Float64Array): LogInput {
  const centre = mean(logs);
  return { centred: logs.map((log) => log - centre), centre };
}

/** Free variables: log E, then for each term its log value at the centre and log α. Logarithms keep E, Aₖ and αₖ above zero. */
export function powerTerms(inputs: readonly LogInput[]): Curve {
  const points = inputs[0].centred.length;
  const dims = 1 + 2 * inputs.length;
  const logs = new Float64Array(inputs.length + 1);
  return {
    dims,
    points,
    evaluate: (theta, out, jacobian) => {
      const alphas = inputs.map((_, k) => Math.exp(theta[2 + 2 * k]));
      for (let i = 0; i < points; i++) {
        logs[0] = theta[0];
        let most = logs[0];
        for (let k = 0; k < inputs.length; k++) {
          logs[k + 1] = theta[1 + 2 * k] - alphas[k] * inputs[k].centred[i];
          most = Math.max(most, logs[k + 1]);
        }
        let sum = 0;
        for (const log of logs) sum += Math.exp(log - most);
        out[i] = most + Math.log(sum);
        if (jacobian === undefined) continue;
        jacobian[i * dims] = Math.exp(logs[0] - most) / sum;
        for (let k = 0; k < inputs.length; k++) {
          const share = Math.exp(logs[k + 1] - most) / sum;
          jacobian[i * dims + 1 + 2 * k] = share;
          jacobian[i * dims + 2 + 2 * k] = -share * alphas[k] * inputs[k].centred[i];
        }
      }
    },
  };
}

/** Coefficient and exponent of term `k` at `theta`. */
export function termOf(theta: Float64Array, k: number, { centre }: LogInput): { coefficient: number; exponent: number } {
  const exponent = Math.exp(theta[2 + 2 * k]);
  return { coefficient: Math.exp(theta[1 + 2 * k] + exponent * centre), exponent };
}
