/** @file The nearest of several normal draws: chosen as a loop over them chooses, and with the mean distance that theory gives. */
import { describe, expect, it } from "vitest";
import { zeros } from "../../kernel/graph/ops/movement";
import { nearestNormal, normal } from "../../kernel/random/index";
import { key } from "../../kernel/random/key";
import { EXECUTORS, float32, restoreExecutor, valuesOn } from "../executors";

await restoreExecutor();
const wave = (count: number): number[] => Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898));

describe.each(EXECUTORS)("on the %s executor", (name) => {
  it.each([
    { b: 1, k: 1, d: 1 },
    { b: 3, k: 4, d: 5 },
    { b: 7, k: 9, d: 33 },
    { b: 2, k: 3, d: 3072 },
  ])("is the nearest of $k draws for $b points of $d numbers", async ({ b, k, d }) => {
    const x = wave(b * d);
    const [got, all] = await valuesOn(name, () => [nearestNormal(key(5), float32(x, [b, d]), { candidates: k }), normal(key(5), [b, k, d])]);
    for (let i = 0; i < b; i++) {
      const draws = Array.from({ length: k }, (_, j) => all.slice((i * k + j) * d, (i * k + j + 1) * d));
      const distances = draws.map((draw) => draw.reduce((sum, value, f) => sum + (value - x[i * d + f]) ** 2, 0));
      const best = draws[distances.indexOf(Math.min(...distances))];
      best.forEach((value, f) => expect(Math.abs(got[i * d + f] - value)).toBeLessThan(1e-5));
    }
  });

  it("brings the noise nearer by m_k √v, as order statistics say", async () => {
    const [b, d, k] = [256, 192, 8];
    const x = Array.from({ length: b * d }, (_, i) => 0.7 * Math.sign(Math.sin(i * 3.7)));
    const [got] = await valuesOn(name, () => [nearestNormal(key(9), float32(x, [b, d]), { candidates: k })]);
    const size = 0.49 * d;
    const mean = x.reduce((sum, value, i) => sum + (value - got[i]) ** 2, 0) / b;
    // m_8 = −1.4236, v = 2 D + 4 ‖x‖²; the standard error of the mean over 256 points is below 2.
    expect(Math.abs(mean - (d + size - 1.4236 * Math.sqrt(2 * d + 4 * size)))).toBeLessThan(6);
  });
});

it("keeps shapes, and refuses no candidates with an error of three lines", () => {
  expect(nearestNormal(key(1), zeros([2, 3, 4]), { candidates: 2 }).shape).toEqual([2, 3, 4]);
  expect(nearestNormal(key(1), zeros([0, 3]), { candidates: 2 }).shape).toEqual([0, 3]);
  for (const candidates of [0, -1, 1.5, NaN]) expect(() => nearestNormal(key(1), zeros([2, 3]), { candidates })).toThrow(/^[^\n]+\n( {2}at [^\n]+\n)? {2}help: [^\n]+$/);
});
