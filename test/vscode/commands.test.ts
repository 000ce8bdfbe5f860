/** @file Commands of the palette that need a kernel, a file or an answer, each by what a user sees of it afterwards. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { inVsCode, PICTURES } from "./suite";
import type { Workbench } from "./workbench";

const LONG_MS = 300_000;

/** Waits for a message in the list of notifications: by itself it is gone again after some seconds. */
const notice = (window: Workbench, text: string): Promise<void> =>
  expect
    .poll(
      async () => {
        await window.host.run(async (vs) => void (await vs.commands.executeCommand("notifications.showList")));
        return (await window.page.locator(".notification-list-item-message").allTextContents()).join("\n");
      },
      { timeout: LONG_MS, interval: 500 },
    )
    .toContain(text);

inVsCode("commands of the palette", {}, (suite) => {
  const file = (name: string): string => join(suite.server.workspace, name);

  it("show what a cell costs, and keep a profile of it as a Chrome trace", async () => {
    const window = await suite.openCells("square.ipynb", ['import { compile, matmul, ones } from "isoflop";\nconst square = compile((x: ReturnType<typeof ones>) => matmul(x, x), { name: "square" });\nawait (await square(ones([16, 16]))).data();\n"done"', "1 + 1"]);
    await window.runCell(0, LONG_MS);
    await window.command("IsoFLOP: Profile Cell");
    await notice(window, "Profile kept in");
    const folder = file(".isoflop/profiles");
    const [profile] = readdirSync(folder);
    // SAFETY: a Chrome trace.
    const { traceEvents } = JSON.parse(readFileSync(join(folder, profile), "utf8")) as { readonly traceEvents: readonly { readonly name: string; readonly dur?: number }[] };
    expect(profile).toMatch(/^square-cell-1-/);
    expect(traceEvents.filter(({ dur = 0 }) => dur > 0).map(({ name }) => name)).toEqual(expect.arrayContaining(["cell 1", expect.stringContaining("square")]));

    // A cell that names nothing compiled, as after a click in the walkthrough: then the cost is that of what there is.
    await window.select(1);
    await window.command("IsoFLOP: Show Cost of Cell");
    const frame = await window.frameWith('[data-view="cost"][data-ready]');
    // 16³ multiplications and as many additions.
    expect(await frame.locator("body").innerText()).toMatch(/8\.19 kFLOP/);
    await window.screenshot(join(PICTURES, "command-cost.png"));
  });

  it("restart the kernel and run to here, and choose its device", async () => {
    const window = await suite.openCells("restart.ipynb", ["let count = 0", "count += 1; count", '"not yet"']);
    await window.runCell(0, LONG_MS);
    await window.runCell(1);
    expect((await window.runCell(1)).outputs[0].text).toBe("2");
    await window.select(1);
    await window.command("IsoFLOP: Restart Kernel and Run to Here");
    const cells = await window.until((now) => now[1].success === true && now[1].order === 2 && now[1].outputs[0]?.text === "1", LONG_MS);
    expect(cells[2].outputs).toEqual([]);

    await window.command("IsoFLOP: Choose Device…");
    await window.pick("cpu");
    await notice(window, "This notebook computes on");
    expect((await window.runCell(1)).outputs[0].text).toBe("2");
  });

  it("show attention and singular values of variables beside the notebook", async () => {
    const window = await suite.openCells("variables.ipynb", ['import { random, softmax, tensor } from "isoflop";\nconst heads = softmax(random.normal(random.key(0), [2, 3, 8, 8]));\nconst matrix = tensor([[3, 0], [0, 4]]);']);
    expect(await window.runCell(0, LONG_MS)).toMatchObject({ success: true });
    await window.command("IsoFLOP: Visualize Attention of a Variable…");
    await window.pick("heads");
    const attention = await window.frameWith('[data-view="attention"][data-ready]');
    // A cell for each head; one more is what the map of the chosen head says.
    expect(await attention.locator("[role=gridcell]").count()).toBe(2 * 3 + 1);
    await window.screenshot(join(PICTURES, "command-attention.png"));
    await window.command("IsoFLOP: Visualize Singular Values of a Variable…");
    await window.pick("matrix");
    const spectrum = await window.frameWith('[data-view="spectrum"][data-ready]');
    expect(await spectrum.locator("body").innerText()).toContain("matrix");
  });
});
