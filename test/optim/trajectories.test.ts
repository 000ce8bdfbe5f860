import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import "../../kernel/runtime/realize";
import { hostArrayFrom } from "../../kernel/graph/dtype";
import { fromHost, type Tensor } from "../../kernel/graph/tensor";
import * as optim from "../../kernel/optim";
import { compile } from "../../kernel/runtime/compile";

type Values = Readonly<Record<string, readonly number[]>>;
interface Fixture {
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly start: Values;
  readonly grads: readonly Values[];
  readonly cases: Readonly<Record<string, readonly Values[]>>;
}
// SAFETY: written by trajectories.py beside it.
const fixture = JSON.parse(readFileSync(new URL("../fixtures/optim/trajectories.json", import.meta.url), "utf8")) as Fixture;
const tensors = (values: Values): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(values).map(([name, data]) => [name, fromHost({ dtype: "float32", shape: fixture.shapes[name], data: hostArrayFrom("float32", data) })]));

const all = (): boolean => true;
/** The reference (trajectories.py), ours, and the relative error allowed: Newton–Schulz multiplies rounding some three times a step. */
const CASES: Readonly<Record<string, readonly [optim.Transform, number]>> = {
  adam: [optim.adam({ lr: 0.05, b1: 0.8, b2: 0.99, eps: 1e-6 }), 1e-5],
  adamDefaults: [optim.adam({ lr: 0.05 }), 1e-5],
  adamL2: [optim.chain(optim.weightDecay({ rate: 0.3, decays: all }), optim.adam({ lr: 0.05 })), 1e-5],
  adamw: [optim.adamw({ lr: 0.05, b2: 0.95, weightDecay: 0.4, decays: all }), 1e-5],
  sgd: [optim.sgd({ lr: 0.05 }), 1e-5],
  sgdMomentum: [optim.sgd({ lr: 0.02, momentum: 0.9 }), 1e-5],
  sgdNesterov: [optim.chain(optim.weightDecay({ rate: 0.1, decays: all }), optim.sgd({ lr: 0.02, momentum: 0.9, nesterov: true })), 1e-5],
  rmsprop: [optim.rmsprop({ lr: 0.02, decay: 0.9, eps: 1e-5 }), 1e-5],
  adagrad: [optim.adagrad({ lr: 0.1 }), 1e-5],
  lion: [optim.lion({ lr: 0.05, weightDecay: 0.2, decays: all }), 1e-5],
  muon: [optim.muon({ lr: 0.05, weightDecay: 0.1, adam: { lr: 0 } }), 1e-4],
  muonAdamScale: [optim.muon({ lr: 0.05, weightDecay: 0.1, size: "adam", adam: { lr: 0 } }), 1e-4],
};

describe("trajectories over ten steps", () => {
  it("cover every reference", () => {
    expect(Object.keys(CASES)).toEqual(Object.keys(fixture.cases));
  });

  it.each(Object.keys(CASES))("%s follows torch or the paper", async (name) => {
    const [transform, tolerance] = CASES[name];
    const step = compile(
      (params: Record<string, Tensor>, state: unknown, grads: Record<string, Tensor>) => {
        const [updates, next] = transform.update(grads, state, params);
        return { params: optim.applyUpdates(params, updates), state: next };
      },
      { donate: ["params", "state"] },
    );
    let params = tensors(fixture.start);
    let state: unknown = transform.init(params);
    for (const [t, grads] of fixture.grads.entries()) {
      ({ params, state } = await step(params, state, tensors(grads)));
      for (const [path, expected] of Object.entries(fixture.cases[name][t])) {
        const values = await params[path].numbers();
        const size = Math.max(...expected.map(Math.abs));
        values.forEach((value, i) => expect(Math.abs(value - expected[i]), `${path}[${i}] at step ${t + 1}`).toBeLessThan(tolerance * size));
      }
    }
  });
});
