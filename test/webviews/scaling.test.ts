/** @file The scaling view in a browser: points out and back, the fit without them, extrapolation; and its parts alone. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ScalingPayload } from "../../kernel/display/schema";
import { view } from "../../kernel/display/view";
import { fitIsoflop } from "../../kernel/fit/isoflop";
import { fitLaw } from "../../kernel/fit/law";
import { fitPowerLaw } from "../../kernel/fit/powerLaw";
import { equationOf } from "../../webviews/renderers/scaling/equation";
import { fitProfiles } from "../../webviews/renderers/scaling/fitProfiles";
import { runKey } from "../../webviews/renderers/scaling/profiles";
import { between, fitterOf, ownLaw, usablePoints } from "../../webviews/renderers/scaling/refit";
import { domainOf, linearTicks, logTicks, scaleOf } from "../../webviews/shared/chart/scale";
import { significant } from "../../webviews/shared/format";
import { isoflopExample, profileRuns, scalingExample, scalingPoints } from "./lawExamples";
import { axeViolations, hasChromium, openView, overflows, setTheme, shot, startViews, type ViewPage, type Views } from "./views";

const OUTLIER = 3;
/** The points as the payload carries them: 7 and 5 digits. */
const carried = (payload: ScalingPayload): { x: number; y: number }[] => usablePoints(payload).map(({ x, y }) => ({ x, y }));

describe("fitting again", () => {
  it("a law fitted by the kernel is recognised, and without a point the fit is the kernel's own to the last digit", () => {
    const payload = scalingExample();
    const rest = carried(payload).filter((_, i) => i !== OUTLIER);
    const again = fitterOf(payload)?.(rest, "with intervals");
    const kernel = fitPowerLaw(rest);
    expect(again?.parameters).toEqual(
      (["E", "A", "alpha"] as const).map((name) => ({
        name,
        value: kernel.parameters[name],
        low: kernel.intervals[name].low,
        high: kernel.intervals[name].high,
      })),
    );
    expect(again?.predict(5e7)).toBe(kernel.predict(5e7));
    expect(again?.band(5e7)).toMatchObject({ low: kernel.band(5e7).low, high: kernel.band(5e7).high });
  });

  it("a line through logarithms, as a view without a fit shows it, is recognised too", () => {
    const points = scalingPoints.map(({ x, y }) => ({ x, y: y * 1.5 }));
    const payload = view.scaling({ points: { x: points.map(({ x }) => x), y: points.map(({ y }) => y) } }).payload;
    const rest = carried(payload).slice(1);
    const again = fitterOf(payload)?.(rest, "without intervals");
    const kernel = fitPowerLaw(rest, { irreducible: "none", delta: Infinity, bootstrap: "none" });
    expect(again?.parameters.find(({ name }) => name === "alpha")?.value).toBeCloseTo(kernel.parameters.alpha, 12);
  });

  it("a law of the user's own is fitted again by its formula", () => {
    const law = {
      formula: "a + b*log(x)",
      domains: { a: "real", b: "real" },
      predict: ({ a, b }: Readonly<Record<"a" | "b", number>>, x: number) => a + b * Math.log(x),
    } as const;
    const points = [1, 2, 4, 8, 16, 32].map((x, i) => ({ x, y: 3 + 0.5 * Math.log(x) + 0.01 * ((i % 3) - 1) }));
    const fit = fitLaw<"a" | "b", number>(law, points, { starts: [{ a: 1, b: 1 }], bootstrap: "none" });
    const payload = view.scaling({ points: { x: points.map(({ x }) => x), y: points.map(({ y }) => y) }, fit }).payload;
    const again = fitterOf(payload)?.(carried(payload).slice(1), "without intervals");
    const kernel = fitLaw<"a" | "b", number>(law, carried(payload).slice(1), { starts: [{ a: 3, b: 0.5 }], bootstrap: "none" });
    expect(again?.parameters[0].value).toBeCloseTo(kernel.parameters.a, 3);
    expect(again?.parameters[1].value).toBeCloseTo(kernel.parameters.b, 3);
  });

  it("a law whose numbers no known fit gives is not fitted again", () => {
    const payload = scalingExample();
    expect(
      fitterOf({ ...payload, parameters: payload.parameters.map((parameter) => ({ ...parameter, value: (parameter.value ?? 0) * 1.2 })) }),
    ).toBeUndefined();
    expect(fitterOf({ ...payload, equation: "process.exit(1)", parameters: [{ name: "q", value: 1, low: null, high: null }] })).toBeUndefined();
  });

  it("profiles without a run are the kernel's own", () => {
    const payload = isoflopExample();
    const removed = new Set([runKey(2, 4)]);
    const kept = payload.isoFlop.flatMap(({ flops, size, loss }, c) =>
      size.flatMap((params, i) => (removed.has(runKey(c, i)) || params === null ? [] : [{ flops, params, loss: loss[i] ?? NaN }])),
    );
    expect(kept).toHaveLength(profileRuns.length - 1);
    const kernel = fitIsoflop(kept);
    const again = fitProfiles(payload.isoFlop, removed);
    expect(again.best?.exponent).toBe(kernel.params.exponent);
    expect(again.curves.map(({ optimum }) => optimum?.size)).toEqual(kernel.profiles.map(({ params }) => params));
  });

  it("before anything is taken out the law is that of the payload, between the points of its curve too", () => {
    const payload = scalingExample();
    const { predict } = ownLaw(payload);
    payload.curve?.x.forEach((x, i) => expect(predict(x ?? NaN) / (payload.curve?.y[i] ?? NaN)).toBeCloseTo(1, 3));
    expect(between([1, 100], [1, 0.01], 10)).toBeCloseTo(0.1);
    expect(between([1, 100], [1, 0.01], 1000)).toBeNaN();
  });
});

describe("formulas", () => {
  it("are read with the usual precedence", () => {
    const value = (text: string, x: number): number | undefined => equationOf(text, ["E", "A", "alpha"])?.evaluate({ E: 2, A: 3, alpha: 0.5 }, x);
    expect(value("E + A*x^-alpha", 4)).toBeCloseTo(2 + 3 / 2);
    expect(value("L = E + A·N^−alpha", 4)).toBeCloseTo(3.5);
    expect(value("E - A/x/2", 3)).toBeCloseTo(1.5);
    expect(value("-x^2", 3)).toBe(-9);
    expect(value("E*(1 + exp(-log(x)))", 2)).toBeCloseTo(3);
    expect(value("2**3**0 * x", 1)).toBe(2);
  });

  it("what is no formula of one variable is refused, never run, and never overflows the stack", () => {
    for (const text of [
      "",
      "x + y",
      "E + A",
      "alert(1)",
      "x..y",
      "E +",
      "(x",
      "x)",
      "constructor.constructor(1)",
      "(".repeat(10_000) + "x",
      "-".repeat(10_000) + "x",
      "`x`",
    ])
      expect(equationOf(text, ["E", "A"]), text.slice(0, 20)).toBeUndefined();
    fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => void equationOf(text, ["E"])?.evaluate({ E: 1 }, 2)));
  });
});

describe("axes", () => {
  it("ticks lie in the domain and are few, at any size", () => {
    fc.assert(
      fc.property(fc.double({ min: -1e12, max: 1e12, noNaN: true }), fc.double({ min: 1e-9, max: 1e12, noNaN: true }), (low, span) => {
        const ticks = linearTicks([low, low + span], 5);
        expect(ticks.length).toBeLessThan(15);
        for (const { value } of ticks) expect(value >= low - span * 1e-6 && value <= low + span * (1 + 1e-6)).toBe(true);
      }),
      // A span of half the spacing of float64 at this size.
      { numRuns: 1000, examples: [[-13595150.03479095, 1e-9]] },
    );
    expect(
      logTicks([1e-3, 1e3], 6)
        .filter(({ text }) => text !== "")
        .map(({ text }) => text),
    ).toEqual(["0.001", "0.01", "0.1", "1", "10", "100", "1k"]);
  });

  it("a pixel gives back its value", () => {
    for (const kind of ["linear", "log"] as const) {
      const scale = scaleOf({ kind, domain: [1e3, 1e9], range: [0, 500] });
      for (const value of [1e3, 5e5, 1e9, 1e10]) expect(scale.invert(scale.at(value)) / value).toBeCloseTo(1, 8);
    }
    expect(scaleOf({ kind: "log", domain: [1, 10], range: [0, 1] }).at(0)).toBeNaN();
  });

  it("domains leave out what has no place", () => {
    expect(domainOf([null, NaN, Infinity, 1e308], { kind: "linear" })).toEqual([0, 1]);
    expect(domainOf([-1, 0, 10, 100], { kind: "log" }).map((value) => Math.round(value))).toEqual([10, 100]);
  });
});

describe.skipIf(!hasChromium)("scaling in a browser", () => {
  let views: Views;
  let opened: ViewPage;
  beforeAll(async () => {
    views = await startViews();
    opened = await views.openPage({ width: 1100, height: 900 });
  });
  afterAll(async () => {
    await opened.close();
    await views.close();
  });

  it("a click takes a point out: the parameters become those of the kernel's fit without it; Reset gives back the old ones", async () => {
    const payload = scalingExample();
    const frame = await openView(opened.page, "scaling", payload, { id: "click" });
    const alpha = frame.locator("[data-parameter=alpha]");
    expect(await alpha.textContent()).toContain(`α = ${significant(payload.parameters[2].value, 4)}`);
    await frame.locator(`[data-key=p${OUTLIER}]`).click();
    const kernel = fitPowerLaw(carried(payload).filter((_, i) => i !== OUTLIER));
    await expect.poll(() => alpha.textContent()).toContain(`α = ${significant(kernel.parameters.alpha, 4)}`);
    await expect
      .poll(() => alpha.textContent())
      .toContain(`${significant(kernel.intervals.alpha.low, 3)} to ${significant(kernel.intervals.alpha.high, 3)}`);
    expect(await alpha.textContent()).toContain(`was ${significant(payload.parameters[2].value, 4)}`);
    expect(await frame.locator(`[data-key=p${OUTLIER}]`).getAttribute("aria-pressed")).toBe("false");
    expect(await frame.locator(".scaling-original").count()).toBe(1);
    await frame.getByRole("button", { name: /Reset/ }).click();
    await expect.poll(() => alpha.textContent()).toContain(`α = ${significant(payload.parameters[2].value, 4)}`);
    expect(await frame.locator(".scaling-original").count()).toBe(0);
  });

  it("by keyboard: Tab reaches one point, arrows move, Delete takes it out and back in, and the focus stays", async () => {
    const { page } = opened;
    const frame = await openView(page, "scaling", scalingExample(), { id: "keys" });
    expect(await frame.locator(".scaling-dot[tabindex='0']").count()).toBe(1);
    await frame.locator(".scaling-dot[tabindex='0']").focus();
    for (let i = 0; i < OUTLIER; i++) await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Delete");
    const point = frame.locator(`[data-key=p${OUTLIER}]`);
    await expect.poll(() => point.getAttribute("aria-pressed")).toBe("false");
    await expect.poll(() => point.evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await point.getAttribute("aria-label")).toMatch(/^parameters 800k, loss 2\.5\d+, .* above the fit, not in the fit$/);
    await expect.poll(() => frame.locator("[aria-live]").textContent()).toContain("alpha 0.3");
    await page.keyboard.press("Delete");
    await expect.poll(() => point.getAttribute("aria-pressed")).toBe("true");
  });

  it("too few points left: the reason is said, and the law stays", async () => {
    const { page } = opened;
    const frame = await openView(page, "scaling", scalingExample(), { id: "few" });
    for (let i = 0; i < 5; i++) await frame.locator(`[data-key=p${i}]`).click();
    await page.mouse.move(2, 2);
    await expect.poll(() => frame.locator(".iso-readout").textContent()).toContain("3 points, at least 4 are needed");
    expect(await frame.locator("[data-parameter=alpha]").textContent()).toContain("α = 0.317");
  });

  it("beyond the data the prediction is marked as extrapolated, within it is not", async () => {
    const { page } = opened;
    const frame = await openView(page, "scaling", scalingExample(), { id: "beyond" });
    const picture = frame.locator("svg.scaling-svg");
    const places = await picture.evaluate((element) => {
      const of = (key: string): number =>
        (element.querySelector(`[data-key=${key}]`)?.getBoundingClientRect().x ?? NaN) - element.getBoundingClientRect().x;
      return { inside: (of("p4") + of("p5")) / 2, last: of("p7") };
    });
    await picture.hover({ position: { x: places.inside + 6, y: 60 } });
    await expect.poll(() => frame.locator(".iso-readout").textContent()).toMatch(/^loss 2\.\d+ \(.* to .*\) at parameters/);
    expect(await frame.locator(".iso-readout").textContent()).not.toContain("extrapolated");
    await picture.hover({ position: { x: places.last + 60, y: 60 } });
    await expect.poll(() => frame.locator(".iso-readout").textContent()).toMatch(/extrapolated \d\S*× beyond the data$/);
    expect(await frame.getByText("extrapolated", { exact: true }).count()).toBe(1);
  });

  it("a run of a profile taken out moves the optimum and the exponent to the kernel's", async () => {
    const { page } = opened;
    const payload = isoflopExample();
    const frame = await openView(page, "scaling", payload, { id: "iso" });
    expect(await frame.locator(".scaling-exponent").textContent()).toBe(`N* ∝ C${significant(payload.optimum?.exponent, 3)}`);
    await frame.locator("[data-key='r2:4']").click();
    const again = fitProfiles(payload.isoFlop, new Set(["2:4"]));
    expect(significant(again.best?.exponent, 3)).not.toBe(significant(payload.optimum?.exponent, 3));
    await expect.poll(() => frame.locator(".scaling-exponent").textContent()).toBe(`N* ∝ C${significant(again.best?.exponent, 3)}`);
  });

  it("a click counts when the picture is drawn anew between press and release", async () => {
    const { page } = opened;
    const frame = await openView(page, "scaling", scalingExample(), { id: "press" });
    const point = frame.locator("[data-key=p2]");
    await point.hover();
    const old = await point.elementHandle();
    await page.mouse.down();
    await setTheme(page, "dark");
    await expect.poll(() => old?.evaluate((element) => element.isConnected)).toBe(false);
    await page.mouse.up();
    await expect.poll(() => point.getAttribute("aria-pressed")).toBe("false");
    await setTheme(page, "light");
  });

  it("what was taken out is out after a new rendering", async () => {
    const { page } = opened;
    const frame = await openView(page, "scaling", scalingExample(), { id: "state" });
    await frame.locator("[data-key=p2]").click();
    await expect.poll(() => frame.locator("[data-key=p2]").getAttribute("aria-pressed")).toBe("false");
    await page.evaluate(() => window.editor.dispose("state"));
    const again = await openView(page, "scaling", scalingExample(), { id: "state" });
    expect(await again.locator("[data-key=p2]").getAttribute("aria-pressed")).toBe("false");
  });

  it("hostile payloads are refused or drawn, never run", async () => {
    const payload = scalingExample();
    const strange: ScalingPayload = {
      ...payload,
      equation: "<b>E</b> + A*x^-alpha",
      parameters: [{ name: "<img src=x onerror=alert(1)>", value: null, low: null, high: null }],
      points: { x: [null, 1e308, 1e-308, 0, -5, 10], y: [1, 1e-308, 1e308, 1, 1, null], series: ["", "a", "<i>", "", "", ""] },
      residuals: [],
      curve: { x: [null, null], y: [1, null], low: [], high: [] },
      isoFlop: [{ flops: -1, size: [null, 1], loss: [1, null], fitSize: [], fitLoss: [], optimum: { size: -3, loss: 0 } }],
      optimum: { flops: [], size: [], exponent: null },
    };
    const frame = await openView(opened.page, "scaling", strange, { id: "strange" });
    expect(await frame.getAttribute("data-error")).toBeNull();
    expect(await frame.locator("img, i, .scaling-equation b").count()).toBe(0);
    const uneven = await openView(opened.page, "scaling", { ...payload, points: { ...payload.points, y: [1] } }, { id: "uneven" });
    expect(await uneven.getAttribute("data-error")).toContain("points");
    const empty = await openView(
      opened.page,
      "scaling",
      { ...payload, points: { x: [], y: [], series: [] }, residuals: [], curve: null, parameters: [] },
      { id: "none" },
    );
    expect(await empty.getAttribute("data-error")).toBeNull();
    expect(await opened.problems()).toEqual([]);
  });

  it("no accessibility violation in any theme, nothing sticks out at 480 to 1200 px", async () => {
    for (const width of [480, 700, 1200]) {
      const own = await views.openPage({ width, height: 1400 });
      const frame = await openView(own.page, "scaling", scalingExample(), { id: "a" });
      await openView(own.page, "scaling", isoflopExample(), { id: "b" });
      await frame.locator(`[data-key=p${OUTLIER}]`).click();
      expect(await overflows(own.page), `${width} px`).toBe(false);
      for (const theme of ["light", "dark", "high-contrast", "high-contrast-light"] as const) {
        await setTheme(own.page, theme);
        await own.page.waitForTimeout(50);
        if (width === 700) expect(await axeViolations(own.page), theme).toEqual([]);
        await shot(own.page, `scaling-${theme}-${width}`);
      }
      expect(await own.problems()).toEqual([]);
      await own.close();
    }
  });
});
