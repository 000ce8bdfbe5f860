/** @file The pictures of all views: unchanged, well-formed, within budget, and saying what is to be seen. */
import { describe, expect, it } from "vitest";
import { altText } from "../../kernel/display/bundle";
import { bundleBytes, DISPLAY, mimeOf, OUTPUT_BUDGET_BYTES } from "../../kernel/display/displayable";
import { EXAMPLES } from "./pictures";
import { checkPicture, descendants } from "./xml";

const breakLines = (svg: string): string => svg.replace(/></g, ">\n<");

/** What each picture must say. */
const FINDINGS: Readonly<Record<keyof typeof EXAMPLES, RegExp>> = {
  "figure-lines": /train falls from 4\.3 to 1\.29; validation falls from 4\.4 to 1\.51/,
  "figure-bars":
    /CPU: highest low rank \(18000\), lowest muon with warm-up \(9000\) of 5; GPU: highest low rank \(68000\), lowest muon with warm-up \(39000\) of 4/,
  "figure-heatmap": /20 × 40 values, the highest 1 in row 5, column 0; 1 value is not finite/,
  "figure-matrix": /2 × 3 values, the highest 3\.1 in row 1, column 2/,
  "figure-facets": /adamw \(head\) rises from 0\.2 to 0\.6/,
  attention:
    /Layer 2 head 1 attends mostly to the previous token \(0\.\d+\); layer 1 head 2 attends mostly to the first token \(0\.\d+\)|Layer 1 head 2 .*; layer 2 head 1 attends mostly to the previous token/,
  spectrum: /Effective rank fell most in blocks\.2\.mlp\.up: 63\.\d → 5\d\.?\d* of 64 over steps 0–400/,
  scaling:
    /loss falls as parameters\^−0\.\d+ \(95 % interval .*towards 1\.\d+; the 6 points lie within 0\.\d+ % of the curve; it predicts loss 1\.\d+ .* at parameters 10⁸/,
  "scaling-isoflop": /the compute-optimal size grows as FLOPs\^0\.5/,
  images: /6 images of 16 × 16 pixels, grey/,
  points: /600 points within/,
  tensor: /float32 \[2, 3, 12, 16\], 4\.5 KiB: mean .* 1 NaN of 1152 elements/,
  cost: /6 GFLOP, 763 MiB moved \(7\.5 FLOP a byte\), peak memory 96 MiB; blocks\.0 takes 21\.7 % of the FLOPs/,
  metrics: /^gradient norm .*; 3 values are not finite, the first at step 301; train\/loss falls/,
  progress: /120 of 400 steps \(30 %\), 12\.4 steps\/s, 23 s left, loss 1\.37/,
  claim: /Not held: FLOP ratio measured 0\.71 ×, 95 % interval 0\.62–0\.8; the paper says 0\.52 ×/,
  pareto: /sgd, adamw and muon are on the front of 5 points: from loss 2\.2 at training FLOPs 10¹² to 1\.3 at 2×10¹³/,
};

describe.each(Object.keys(EXAMPLES))("the %s picture", (name) => {
  const display = EXAMPLES[name]();
  const svg = display.svg ?? "";

  it("is drawn as before", async () => {
    await expect(breakLines(svg)).toMatchFileSnapshot(`pictures/${name}.svg`);
  });

  it("is well-formed, self-contained, and its alt text is the finding", () => {
    const root = checkPicture(svg);
    expect(root.attributes["aria-label"]).toContain(display.finding);
    expect(root.children[1].text).toBe(display.finding);
  });

  it("says what is to be seen, in the picture and in text", () => {
    expect(display.finding).toMatch(FINDINGS[name]);
    expect(display.text).toContain(display.finding);
    expect(altText(display[DISPLAY]())).toContain(display.finding.slice(0, 200));
  });

  it("stays within the budget, as JSON without NaN", () => {
    const bundle = display[DISPLAY]();
    expect(bundleBytes(bundle)).toBeLessThan(OUTPUT_BUDGET_BYTES);
    const payload = bundle[mimeOf(display.view)];
    expect(JSON.parse(JSON.stringify(payload))).toEqual(payload);
  });

  it("has no label outside of the card", () => {
    const root = checkPicture(svg);
    const [width, height] = [Number(root.attributes.width), Number(root.attributes.height)];
    for (const { name: tag, attributes } of descendants(root)) {
      if (tag !== "text") continue;
      expect(Number(attributes.x)).toBeGreaterThanOrEqual(0);
      expect(Number(attributes.x)).toBeLessThanOrEqual(width);
      expect(Number(attributes.y)).toBeGreaterThanOrEqual(5);
      expect(Number(attributes.y)).toBeLessThanOrEqual(height);
    }
  });
});
