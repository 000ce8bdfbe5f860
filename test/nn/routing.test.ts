/** @file Top-k routing: places, dropping, dispatch and combine with their gradients, against loops over tokens. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { vjp } from "../../kernel/autodiff/grad";
import { combineRows, dispatchRows, expertSlots } from "../../kernel/graph/composites/routing";
import { ones } from "../../kernel/graph/ops/movement";
import { fromHost, type Tensor } from "../../kernel/graph/tensor";
import { combine, dispatch, loadBalancingLoss, route, routerZLoss } from "../../kernel/nn/index";
import { key } from "../../kernel/random/key";
import { EXECUTORS, float32, restoreExecutor, valuesOn } from "../executors";

await restoreExecutor();

const wave = (count: number, phase: number): number[] => Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i * 12.9898 + phase) * 2));
const int64 = (values: readonly number[], shape: readonly number[]): Tensor => fromHost({ dtype: "int64", shape, data: BigInt64Array.from(values, BigInt) });
const close = (got: ArrayLike<number>, want: readonly number[]): void => {
  expect(got.length).toBe(want.length);
  want.forEach((value, i) => expect(Math.abs(got[i] - value)).toBeLessThan(1e-5 * (1 + Math.abs(value))));
};

interface Case {
  readonly n: number;
  readonly k: number;
  readonly e: number;
  readonly capacity: number;
  readonly d: number;
  readonly chosen: readonly number[];
}
const cases = fc
  .record({ n: fc.integer({ min: 1, max: 40 }), e: fc.integer({ min: 1, max: 6 }), k: fc.integer({ min: 1, max: 3 }), capacity: fc.integer({ min: 1, max: 12 }), d: fc.integer({ min: 1, max: 9 }) })
  .chain((sizes) => fc.array(fc.nat(sizes.e - 1), { minLength: sizes.n * sizes.k, maxLength: sizes.n * sizes.k }).map((chosen): Case => ({ ...sizes, chosen })));

/** Running numbers, all first choices before the second ones. */
function slotsOf({ n, k, e, chosen }: Case): number[] {
  const next = new Array<number>(e).fill(0);
  const slots = new Array<number>(n * k);
  for (let j = 0; j < k; j++) for (let i = 0; i < n; i++) slots[i * k + j] = next[chosen[i * k + j]]++;
  return slots;
}

describe.each(EXECUTORS)("on the %s executor", (name) => {
  it("gives places, moves tokens there and back, with gradients", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (sizes) => {
        const { n, k, e, capacity, d, chosen } = sizes;
        const slots = slotsOf(sizes);
        const [x, w, y, gx, gy] = [n * d, n * k, e * capacity * d, e * capacity * d, n * d].map((count, i) => wave(count, i));
        const [gotSlots, sent, back, dx, dw, dy, dw2] = await valuesOn(name, () => {
          const [tx, tw, ty] = [float32(x, [n, d]), float32(w, [n, k]), float32(y, [e, capacity, d])];
          const [experts, places] = [int64(chosen, [n, k]), int64(slots, [n, k])];
          const to = dispatchRows([tx, tw, experts, places], { experts: e, capacity });
          const out = combineRows([ty, tw, experts, places], { experts: e, capacity });
          const [tdx, tdw] = vjp([to], { seeds: [float32(gx, [e, capacity, d])], wrt: [tx, tw] });
          const [tdy, tdw2] = vjp([out], { seeds: [float32(gy, [n, d])], wrt: [ty, tw] });
          return [expertSlots([experts], { experts: e }), to, out, tdx, tdw, tdy, tdw2];
        });
        const want = { sent: new Array<number>(e * capacity * d).fill(0), back: new Array<number>(n * d).fill(0), dx: new Array<number>(n * d).fill(0), dw: new Array<number>(n * k).fill(0), dy: new Array<number>(e * capacity * d).fill(0), dw2: new Array<number>(n * k).fill(0) };
        for (let i = 0; i < n; i++)
          for (let j = 0; j < k; j++) {
            const c = i * k + j;
            if (slots[c] >= capacity) continue;
            for (let f = 0; f < d; f++) {
              const [row, place] = [i * d + f, (chosen[c] * capacity + slots[c]) * d + f];
              want.sent[place] += w[c] * x[row];
              want.dx[row] += w[c] * gx[place];
              want.dw[c] += x[row] * gx[place];
              want.back[row] += w[c] * y[place];
              want.dy[place] += w[c] * gy[row];
              want.dw2[c] += y[place] * gy[row];
            }
          }
        expect([...gotSlots]).toEqual(slots);
        close(sent, want.sent);
        close(dx, want.dx);
        close(dw, want.dw);
        close(back, want.back);
        close(dy, want.dy);
        close(dw2, want.dw2);
      }),
      { numRuns: 8 },
    );
  });

  it("dropped tokens come back as 0, others as their gate times what they were", async () => {
    const logits = [9, 0, 9, 0, 9, 0, 0, 9, 9, 0, 9, 0];
    const x = wave(12, 3);
    const [y, kept, gates] = await valuesOn(name, () => {
      const way = route(float32(logits, [6, 2]), { minCapacity: 1 });
      expect(way.capacity).toBe(3);
      return [combine(dispatch(float32(x, [6, 2]), way), way), way.kept, way.gates];
    });
    expect([...kept]).toEqual([1, 1, 1, 1, 0, 0]);
    close(y, x.map((value, i) => kept[Math.floor(i / 2)] * gates[Math.floor(i / 2)] * value));
  });

  it("chance decides who is dropped when a key is given, the same for the same key", async () => {
    const keptWith = async (seed: number): Promise<string> => {
      const [kept] = await valuesOn(name, () => [route(ones([64, 1]), { capacityFactor: 0.25, key: key(seed) }).kept]);
      expect(kept.reduce((a, b) => a + b, 0)).toBe(16);
      return kept.join("");
    };
    expect(await keptWith(1)).toBe(await keptWith(1));
    expect(await keptWith(1)).not.toBe(await keptWith(2));
  });

  it("the balancing loss is 1 for an even load and E when all go to one expert", async () => {
    const even = Array.from({ length: 16 }, (_, i) => (i % 4 === Math.floor(i / 4) ? 50 : 0));
    const one = Array.from({ length: 16 }, (_, i) => (i % 4 === 0 ? 50 : 0));
    const [a, b, z] = await valuesOn(name, () => [loadBalancingLoss(route(float32(even, [4, 4]))), loadBalancingLoss(route(float32(one, [4, 4]))), routerZLoss(float32([0, 0], [1, 2]))]);
    close([a[0], b[0], z[0]], [1, 4, Math.log(2) ** 2]);
  });

  it("two gates of a token sum to 1, one keeps its probability", async () => {
    const logits = wave(20, 1);
    const [two, one, p] = await valuesOn(name, () => {
      const t = float32(logits, [4, 5]);
      return [route(t, { k: 2 }).gates.sum(1), route(t).gates, route(t).probabilities.max(1)];
    });
    close(two, [1, 1, 1, 1]);
    close(one, [...p]);
  });
});

describe("wrong operands", () => {
  it.each<readonly [string, () => unknown]>([
    ["more experts than there are", () => route(ones([4, 2]), { k: 3 })],
    ["no tokens", () => route(ones([0, 2]))],
    ["a batch", () => route(ones([2, 4, 2]))],
    ["a factor of 0", () => route(ones([4, 2]), { capacityFactor: 0 })],
    ["a factor that is no number", () => route(ones([4, 2]), { capacityFactor: NaN })],
    ["other tokens", () => dispatch(ones([5, 3]), route(ones([4, 2])))],
    ["other results", () => combine(ones([2, 1, 3]), route(ones([4, 2])))],
  ])("%s: an error of three lines", (_, call) => {
    expect(call).toThrow(/^[^\n]+\n( {2}at [^\n]+\n)? {2}help: [^\n]+$/);
  });
});
