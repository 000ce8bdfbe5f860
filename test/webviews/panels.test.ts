/** @file The panels in a browser: runs compared at equal FLOPs, and one output as a cell would show it. */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { tensorView } from "../../kernel/display/tensorView";
import type { PanelRun, PanelSeries } from "../../webviews/panels/runsMessages";
import { axeViolations, hasChromium, overflows, setTheme, shot, startViews, type ViewPage, type Views } from "./views";

const HOSTILE = '<img src=x onerror="alert(1)">';

function series(count: number, loss: (step: number) => number, flops: number): PanelSeries {
  const step = Array.from({ length: count }, (_, i) => i + 1);
  return { step, seconds: step.map((i) => i / 10), flops: step.map((i) => i * flops), tokens: step.map(() => null), value: step.map(loss) };
}

function run(name: string, part: Partial<PanelRun>): PanelRun {
  return {
    id: `2026-11-24-101112-${name.length}a`,
    name,
    group: "sweep",
    status: "finished",
    started: "2026-11-24T10:11:12.000Z",
    seconds: 75,
    config: { optimizer: { kind: "adamw", lr: 3e-3 }, depth: 4 },
    environment: { machine: "test, 2 cores, 24 GiB", platform: "linux-x64", executor: "native", device: "cpu", versions: { node: "20.12.0" }, git: { commit: "0123456789abcdef", dirty: false } },
    stepFlops: 1e9,
    parameters: 1.1e6,
    notFinite: 0,
    metrics: {},
    ...part,
  };
}

const RUNS: readonly PanelRun[] = [
  run("baseline", { metrics: { loss: series(400, (i) => 1.4 + 3 * Math.exp(-i / 80), 1e9), validation: series(8, (i) => 5 / i, 50e9) } }),
  run("muon", { config: { optimizer: { kind: "muon", lr: 0.02 }, depth: 4 }, metrics: { loss: series(300, (i) => 1.2 + 3 * Math.exp(-i / 60) + 0.1 * Math.sin(i), 0.9e9) } }),
  run(HOSTILE, { status: "failed", notFinite: 3, config: { note: HOSTILE }, metrics: { loss: series(500, (i) => 2 + 3 * Math.exp(-i / 60), 1e9) } }),
];

interface PanelWindow extends Window {
  readonly sent: { readonly type: string; readonly name?: string; readonly base64?: string }[];
  acquireVsCodeApi: () => unknown;
}

/** Starts a panel as the editor does, in a page of the harness. */
async function openPanel(page: Page, script: string, state?: unknown): Promise<void> {
  await page.evaluate((kept) => {
    // SAFETY: the page is the test's own; these are what the editor puts on it.
    const target = window as unknown as { sent: unknown[]; kept: unknown; acquireVsCodeApi: () => unknown };
    target.sent = [];
    target.kept = kept;
    target.acquireVsCodeApi = () => ({ postMessage: (message: unknown) => target.sent.push(message), getState: () => target.kept, setState: (next: unknown) => (target.kept = next) });
  }, state);
  await page.addScriptTag({ url: script, type: "module" });
}

/** Messages of the page to the extension. */
const sent = (page: Page): Promise<PanelWindow["sent"]> =>
  // SAFETY: put there by openPanel.
  page.evaluate(() => (window as unknown as PanelWindow).sent);
const post = (page: Page, message: unknown): Promise<void> => page.evaluate((data) => window.postMessage(data, "*"), message);

describe.skipIf(!hasChromium)("panels", () => {
  let views: Views;
  let opened: ViewPage;
  beforeAll(async () => {
    views = await startViews();
  });
  afterEach(() => opened.close());
  afterAll(() => views.close());

  const openRuns = async (runs: readonly PanelRun[] = RUNS, state?: unknown): Promise<Page> => {
    opened = await views.openPage();
    const { page } = opened;
    await openPanel(page, "/webviews/panels/runs.js", state);
    await expect.poll(() => sent(page)).toContainEqual({ type: "ready" });
    await post(page, { type: "runs", runs });
    await page.locator(".iso[data-ready]").waitFor();
    return page;
  };

  it("the runs panel says which run is best where all have spent the same, best first", async () => {
    const page = await openRuns();
    expect(await page.locator(".iso-finding").textContent()).toMatch(/^At equal FLOPs \(270 GFLOP\) muon has the lowest loss, 1\.1\d+; next is baseline with 1\.50\d+\.$/);
    const first = page.locator(".runs-table").first();
    expect(await first.locator("tbody tr th").allTextContents()).toEqual([" muon", " baseline", ` ${HOSTILE}`]);
    expect(await first.locator("tbody tr").nth(1).locator("td").nth(4).textContent()).toBe("400 GFLOP");
    expect(await page.locator("img").count()).toBe(0);
    expect(await opened.problems()).toEqual([]);
  });

  it("settings that differ come first, others when asked for", async () => {
    const page = await openRuns();
    const names = page.locator('.runs-scroll[aria-label="Settings"] tbody th');
    const short = await names.count();
    expect(await names.first().textContent()).toBe("optimizer.kind differs");
    await page.getByRole("button", { name: "Show all settings" }).click();
    expect(await names.count()).toBeGreaterThanOrEqual(short);
    expect(await page.locator('.runs-scroll[aria-label="Environment"] tbody th').count()).toBe(6);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Only differences");
  });

  it("choices hold while runs go on, and after the panel was hidden", async () => {
    const page = await openRuns(RUNS, { metric: "loss", axis: "step", smoothing: 5, equal: false, logX: "yes" });
    expect(await page.getByLabel("Against").inputValue()).toBe("step");
    await page.getByLabel("Cut at equal budget").check();
    await page.getByLabel("Smoothing").focus();
    await page.keyboard.press("ArrowRight");
    await post(page, { type: "runs", runs: [...RUNS, run("late", { metrics: { loss: series(100, () => 9, 1e9) } })] });
    await expect.poll(() => page.locator(".iso-finding").textContent()).toMatch(/equal steps \(100 steps\)/);
    expect(await page.evaluate(() => document.activeElement?.getAttribute("type"))).toBe("range");
    expect(await page.getByLabel("Smoothing").inputValue()).toBe("0.01");
  });

  it("arrow keys read the points of a run", async () => {
    const page = await openRuns();
    await page.locator(".iso-plot").focus();
    await page.keyboard.press("End");
    await expect.poll(() => page.locator('[role="status"]').textContent()).toMatch(/^baseline, 270 GFLOP: loss 1\.50/);
  });

  it("curves can be hidden, metrics changed, and the points saved as CSV", async () => {
    const page = await openRuns();
    await page.getByRole("button", { name: "muon" }).click();
    await page.getByLabel("Metric").selectOption("validation");
    await expect.poll(() => page.locator(".iso-finding").textContent()).toMatch(/^baseline: validation 0\.6250 at 400 GFLOP/);
    await page.getByLabel("Metric").selectOption("loss");
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByRole("menuitem", { name: "CSV" }).click();
    const file = (await sent(page)).find(({ type }) => type === "save");
    expect(file?.name).toBe("loss.csv");
    expect(Buffer.from(file?.base64 ?? "", "base64").toString()).toContain(`"${HOSTILE.replaceAll('"', '""')}",`);
  });

  it.each(["light", "dark", "high-contrast", "high-contrast-light"] as const)("has no accessibility violation in %s, and fits narrow places", async (theme) => {
    const page = await openRuns();
    await setTheme(page, theme);
    await page.setViewportSize({ width: 420, height: 800 });
    await expect.poll(() => overflows(page)).toBe(false);
    expect(await axeViolations(page)).toEqual([]);
    await page.setViewportSize({ width: 900, height: 800 });
    await page.waitForTimeout(300); // the plot follows the width in the next frames
    await shot(page, `runs-${theme}`);
    expect(await opened.problems()).toEqual([]);
  });

  it("runs without points, no runs, and messages that are none are no accident", async () => {
    const page = await openRuns([run("empty", {})]);
    expect(await page.locator(".iso-finding").textContent()).toBe("None of these runs has logged loss yet.");
    for (const message of [null, 7, { type: "runs" }, { type: "runs", runs: [null, { id: 1 }, { ...RUNS[0], metrics: { loss: { step: [1], value: [] } } }] }]) await post(page, message);
    await expect.poll(() => page.locator(".iso-finding").textContent()).toBe("The runs are gone.");
    await post(page, { type: "runs", runs: RUNS });
    await expect.poll(() => page.locator(".runs-table").count()).toBeGreaterThan(1);
    expect(await opened.problems()).toEqual([]);
  });

  it("an output's panel draws our views, updates them in place, and shows pictures and words of others", async () => {
    opened = await views.openPage();
    const { page } = opened;
    await openPanel(page, "/webviews/panels/view.js");
    const bundle = (values: readonly number[]) => ({ type: "bundle", title: "w", data: { "application/vnd.isoflop.tensor.v1+json": tensorView({ dtype: "float32", shape: [2, 2], data: Float32Array.from(values) }).payload, "text/plain": "w" } });
    await post(page, bundle([1, 2, 3, 4]));
    await page.locator('.iso[data-view="tensor"][data-ready]').waitFor();
    await page.evaluate(() => document.querySelector('.iso[data-view="tensor"]')?.setAttribute("data-kept", "yes"));
    await post(page, bundle([5, 6, 7, 8]));
    await expect.poll(() => page.locator('.iso[data-kept="yes"]').textContent()).toMatch(/6\.5/);
    await post(page, { type: "bundle", title: "plain", data: { "text/plain": HOSTILE } });
    await expect.poll(() => page.locator("pre").textContent()).toBe(HOSTILE);
    await post(page, { type: "bundle", title: "picture", data: { "image/svg+xml": '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><script>window.hacked = 1</script></svg>', "text/plain": "a square" } });
    await expect.poll(() => page.locator("img").getAttribute("alt")).toBe("a square");
    expect(await page.evaluate(() => "hacked" in window)).toBe(false);
    expect(await axeViolations(page)).toEqual([]);
    expect(await opened.problems()).toEqual([]);
  });
});
