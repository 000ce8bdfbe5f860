/** @file Colours that can be read and told apart, text that fits, numbers as people write them. */
import { describe, expect, it } from "vitest";
import { bytesText, flopsText, percent, powerOfTen, secondsText, significant, withPrefix } from "../../kernel/display/format";
import { domainOf, scaleOf } from "../../kernel/display/scale";
import { characters, element } from "../../kernel/display/svg";
import { fitText, textWidth, wrapText } from "../../kernel/display/textWidth";
import { BAD, CARD, CATEGORICAL, contrast, GOOD, INK, mapColour, MUTED_INK, rgbOfHex, type Rgb } from "../../kernel/display/theme";

// Viénot, Brettel and Mollon (1999): linear RGB as seen without red or green cones.
const PROTAN = [0.11238, 0.88762, 0, 0.11238, 0.88762, 0, 0.00401, -0.00401, 1];
const DEUTAN = [0.29275, 0.70725, 0, 0.29275, 0.70725, 0, -0.02234, 0.02234, 1];

const linear = (rgb: Rgb): number[] => rgb.map((part) => (part / 255) ** 2.2);
const seen = (rgb: Rgb, matrix: readonly number[]): number[] => {
  const [r, g, b] = linear(rgb);
  return [0, 3, 6].map((row) => Math.max(0, matrix[row] * r + matrix[row + 1] * g + matrix[row + 2] * b) ** (1 / 2.2));
};
const distance = (a: number[], b: number[]): number => Math.hypot(...a.map((part, i) => part - b[i]));

describe("colours", () => {
  it("of series stand out from the card (WCAG: 3 for graphics), text more (4.5)", () => {
    for (const colour of CATEGORICAL) expect(contrast(rgbOfHex(colour), rgbOfHex(CARD)), colour).toBeGreaterThan(2.9);
    for (const colour of [INK, MUTED_INK]) expect(contrast(rgbOfHex(colour), rgbOfHex(CARD)), colour).toBeGreaterThan(4.5);
    for (const colour of [GOOD, BAD, MUTED_INK]) expect(contrast(rgbOfHex(colour), [255, 255, 255]), colour).toBeGreaterThan(4.5);
  });

  it("of all series are told apart with all cones, and without red or green ones", () => {
    const colours = CATEGORICAL.map(rgbOfHex);
    for (const matrix of [[1, 0, 0, 0, 1, 0, 0, 0, 1], PROTAN, DEUTAN])
      for (const [i, a] of colours.entries())
        for (const b of colours.slice(i + 1)) expect(distance(seen(a, matrix), seen(b, matrix)), `${a} ${b}`).toBeGreaterThan(0.15);
  });

  it("of the sequential map grow lighter, those of the diverging map are mirrored in lightness", () => {
    const black: Rgb = [0, 0, 0];
    for (let i = 0; i < 50; i++)
      expect(contrast(mapColour("sequential", (i + 1) / 50), black)).toBeGreaterThan(contrast(mapColour("sequential", i / 50), black));
    expect(mapColour("diverging", 0.5)).toEqual([247, 247, 247]);
  });
});

describe("text", () => {
  it("is cut to its width, at the end or in the middle", () => {
    for (const cut of ["end", "middle"] as const)
      for (const width of [10, 40, 90])
        expect(textWidth(fitText("blocks.0.attention.query.weight", width, { size: 10, cut }), { size: 10 })).toBeLessThanOrEqual(
          Math.max(width, 10),
        );
    expect(fitText("blocks.0.attention.query.weight", 90, { size: 10, cut: "middle" })).toMatch(/^blocks.*…/);
    expect(fitText("short", 90, { size: 10 })).toBe("short");
  });

  it("is wrapped at spaces, the last line with an ellipsis where there is more", () => {
    const lines = wrapText("one two three four five six seven eight nine ten", 60, { size: 10, maxLines: 3 });
    expect(lines).toHaveLength(3);
    expect(lines[2]).toMatch(/…$/);
    for (const line of lines) expect(textWidth(line, { size: 10 })).toBeLessThanOrEqual(60);
  });

  it("is escaped, and shapes without a finite place vanish", () => {
    expect(element("text", { title: '"<&' }, characters("a<b>&'\u0000")).markup).toBe(
      '<text title="&#34;&#60;&#38;">a&#60;b&#62;&#38;&#39;\uFFFD</text>',
    );
    expect(element("rect", { x: NaN, y: 1 }).markup).toBe("");
    expect(element("rect", { x: -0.001, y: 1.23456 }).markup).toBe('<rect x="0" y="1.23"/>');
  });
});

describe("numbers", () => {
  it.each([
    [significant(0.000012345), "1.23×10⁻⁵"],
    [significant(-1e9), "−10⁹"],
    [significant(1234), "1230"],
    [significant(NaN), "NaN"],
    [significant(-Infinity), "−∞"],
    [withPrefix(999_999), "1M"],
    [flopsText(1.234e13), "12.3 TFLOP"],
    [bytesText(1536), "1.5 KiB"],
    [bytesText(2 ** 30), "1 GiB"],
    [bytesText(0), "0 B"],
    [percent(0.00001), "< 0.1 %"],
    [percent(0.9999), "99.99 %"],
    [secondsText(0.0042), "4.2 ms"],
    [secondsText(75), "1 min 15 s"],
    [secondsText(59.9), "1 min"],
    [secondsText(7260), "2 h 1 min"],
    [powerOfTen(-12), "10⁻¹²"],
  ])("%s", (shown, expected) => expect(shown).toBe(expected));
});

describe("axes", () => {
  const labels = (domain: readonly [number, number], scale: "linear" | "log" | "symlog", constant?: number): string[] =>
    scaleOf({ label: "", unit: "", scale, domain, constant }, { range: [0, 400], count: 5 })
      .ticks.map(({ text }) => text)
      .filter((text) => text !== "");

  it("label ticks shortly and distinctly", () => {
    expect(labels([0, 1], "linear")).toEqual(["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
    expect(labels([0, 70_000], "linear")).toEqual(["0", "10k", "20k", "30k", "40k", "50k", "60k", "70k"]);
    expect(labels([1e15, 1e18], "log")).toEqual(["10¹⁵", "10¹⁶", "10¹⁷", "10¹⁸"]);
    expect(labels([-100, 100], "symlog", 1)).toContain("0");
    for (const domain of [
      [1.00001, 1.00002],
      [1e6, 1e6 + 5],
      [-3e-9, 4e-9],
      [1e21, 3e21],
    ] as const)
      expect(new Set(labels(domain, "linear")).size).toBe(labels(domain, "linear").length);
  });

  it("have a domain for whatever data", () => {
    expect(domainOf([], { scale: "linear" })).toEqual([0, 1]);
    expect(domainOf([NaN, -1], { scale: "log" })).toEqual([1, 10]);
    expect(domainOf([5, 5], { scale: "linear" })).toEqual([4.5, 5.5]);
    expect(domainOf([3, 9], { scale: "linear", zero: true })).toEqual([0, 9]);
  });
});
