/** @file Commands of the palette that read or write files, each by the file or by what a user sees of it afterwards. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { inVsCode, PICTURES } from "./suite";

const LONG_MS = 300_000;

inVsCode("commands with files", {}, (suite) => {
  const file = (name: string): string => join(suite.server.workspace, name);

  it("fit a scaling law to two columns of a CSV file, in a cell that can be changed", async () => {
    const sizes = [1e5, 3e5, 1e6, 3e6, 1e7, 3e7];
    writeFileSync(file("losses.csv"), `"parameters",seed,loss\n${sizes.map((n) => `${n},0,${1.7 + 400 * n ** -0.4}`).join("\n")}\n`);
    const window = await suite.openCells("law.ipynb", ['"first"']);
    await window.command("IsoFLOP: Fit Scaling Law from CSV or Runs…");
    await window.pick("CSV file");
    await window.choosePath(file("losses.csv"));
    await window.pick("parameters");
    await window.pick("loss");
    const cells = await window.until((now) => now[1]?.success !== undefined, LONG_MS);
    expect(cells[1]).toMatchObject({ success: true });
    const frame = await window.frameWith('[data-view="scaling"][data-ready]');
    // The law that the file was made from.
    const said = await frame.locator("body").innerText();
    expect(said).toMatch(/0\.4\b/);
    expect(said).toContain("parameters");
    await window.screenshot(join(PICTURES, "command-law.png"));
  });

  it("write a model as ONNX, and read it again in a cell that runs", async () => {
    const window = await suite.openCells("onnx.ipynb", ['import { compile, tensor } from "isoflop";\nconst square = compile((x: ReturnType<typeof tensor>) => x.mul(x), { name: "square" });\n(await square(tensor([1, 2, 3]))).data();']);
    expect(await window.runCell(0, LONG_MS)).toMatchObject({ success: true });
    await window.select(0);
    await window.command("IsoFLOP: Export Model to ONNX…");
    await window.pick("square");
    await window.choosePath(file("square.onnx"));
    await expect.poll(() => existsSync(file("square.onnx")), { timeout: LONG_MS }).toBe(true);

    await window.command("IsoFLOP: Import ONNX Model as Cell…");
    await window.choosePath(file("square.onnx"));
    await window.until((now) => now.length === 2);
    const { outputs } = await window.runCell(1);
    expect(outputs.map(({ text }) => text).join("\n")).toMatch(/inputs.*outputs/s);
  });

  it("write the notebook as one page of HTML with its outputs", async () => {
    const window = await suite.openCells("page.ipynb", ['import { tensor } from "isoflop";\ntensor([[1.5, 2.5], [3.5, 42.5]])']);
    expect(await window.runCell(0, LONG_MS)).toMatchObject({ success: true });
    await window.command("IsoFLOP: Export Notebook to HTML…");
    await window.choosePath(file("page.html"));
    await expect.poll(() => existsSync(file("page.html")) && readFileSync(file("page.html"), "utf8").trimEnd().endsWith("</html>"), { timeout: LONG_MS }).toBe(true);
    const page = readFileSync(file("page.html"), "utf8");
    expect(page.replace(/<[^>]*>/g, "")).toContain("tensor([[1.5, 2.5], [3.5, 42.5]])");
    expect(page).toContain("from 1.5 to 42.5");
  });

  it("lay runs over one another that are chosen from a list", async () => {
    const window = await suite.openCells("runs.ipynb", [
      'import { runs } from "isoflop";\nfor (const [name, rate] of [["slow", 0.1], ["quick", 0.3]] as const) {\n  const run = runs.start({ name, config: { rate } });\n  for (let step = 0; step < 20; step++) run.log({ loss: 3 * Math.exp(-rate * step) });\n  await run.finish();\n}',
    ]);
    expect(await window.runCell(0, LONG_MS)).toMatchObject({ success: true });
    await window.command("IsoFLOP: Compare Runs");
    await window.pickAll(["slow", "quick"]);
    const frame = await window.frameWith("text=Runs at equal steps");
    const said = await frame.locator("body").innerText();
    for (const text of ["quick has the lowest loss", "rate"]) expect(said).toContain(text);
    await window.screenshot(join(PICTURES, "command-compare.png"));
  });

  it("tell what this machine has, and let Jupyter find the kernel", async () => {
    const window = await suite.open();
    await window.command("IsoFLOP: Doctor: Check this Machine");
    await expect.poll(() => window.host.run((vs) => vs.window.activeTextEditor?.document.getText() ?? ""), { timeout: LONG_MS }).toMatch(/onnxruntime[^]*help|onnxruntime/);
    await window.screenshot(join(PICTURES, "command-doctor.png"));
    await window.command("IsoFLOP: Install Jupyter Kernelspec");
    const spec = join(suite.server.root, "home/.local/share/jupyter/kernels/isoflop/kernel.json");
    await expect.poll(() => existsSync(spec), { timeout: LONG_MS }).toBe(true);
    // SAFETY: a kernelspec.
    const { argv, language } = JSON.parse(readFileSync(spec, "utf8")) as { readonly argv: readonly string[]; readonly language: string };
    expect(language).toBe("typescript");
    expect(argv).toContain("{connection_file}");
    expect(existsSync(argv[1])).toBe(true);
  });
});
