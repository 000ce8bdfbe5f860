/** @file Generated arithmetic: every line is right. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arithmetic } from "../../kernel/data/generated/arithmetic";
import { ArgumentError } from "../../kernel/errors";

describe("arithmetic", () => {
  it("is lines of right sums, differences and products, the same for the same seed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 0, max: 1e6 }), (below, seed) => {
        const [{ text }] = arithmetic({ lines: 20, below, seed }).documents;
        const lines = text.trimEnd().split("\n");
        expect(lines).toHaveLength(20);
        for (const line of lines) {
          const [, a, sign, b, result] = /^(\d+)([-+*])(\d+)=(-?\d+)$/.exec(line) ?? [];
          expect(Math.max(Number(a), Number(b))).toBeLessThan(below);
          const [left, right] = [Number(a), Number(b)];
          expect(Number(result)).toBe(sign === "+" ? left + right : sign === "-" ? left - right : left * right);
        }
        expect(arithmetic({ lines: 20, below, seed }).documents[0].text).toBe(text);
      }),
    );
    expect(arithmetic({ lines: 20, seed: 1 }).digest).not.toBe(arithmetic({ lines: 20, seed: 2 }).digest);
    expect(() => arithmetic({ lines: 0 })).toThrow(ArgumentError);
  });
});
