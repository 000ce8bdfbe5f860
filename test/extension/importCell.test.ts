/** @file The cell that "Import ONNX Model as Cell" writes. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { importCell } from "../../extension/commands/importOnnx";
import { importOnnx } from "../../kernel/onnx/import/importOnnx";

/** Runs the cell's expressions in a folder, as a cell of the notebook there does. */
async function inputsOf(source: string, cwd: string): Promise<readonly string[]> {
  const { readFileSync } = await import("node:fs");
  const body = source.replace(/^import .*$/gm, "").replace(/\(\{ inputs[\s\S]*$/, "return imported.inputs.map((input) => input.name);");
  const before = process.cwd();
  process.chdir(cwd);
  try {
    // SAFETY: the body ends with the names of inputs.
    return new Function("readFileSync", "importOnnx", body)(readFileSync, importOnnx) as readonly string[];
  } finally {
    process.chdir(before);
  }
}

describe("the cell of an imported model", () => {
  it.each([
    ["beside the notebook", ["a.ipynb"], ["model.onnx"], '"model.onnx"'],
    ["in a folder below it", ["a.ipynb"], ["models", 'odd "name".onnx'], '"models/odd \\"name\\".onnx"'],
    ["elsewhere", ["notebooks", "a.ipynb"], ["model.onnx"], undefined],
  ])("reads a file %s", async (_, notebook, file, written) => {
    const folder = mkdtempSync(join(tmpdir(), "isoflop-import-"));
    const [at, model] = [join(folder, ...notebook), join(folder, ...file)];
    mkdirSync(join(at, ".."), { recursive: true });
    mkdirSync(join(model, ".."), { recursive: true });
    copyFileSync(join("test", "onnx", "fixtures", "transformer.onnx"), model);
    const source = importCell(at, model);
    expect(source).toContain(written ?? JSON.stringify(model));
    expect(await inputsOf(source, join(at, ".."))).toEqual(["x"]);
    rmSync(folder, { recursive: true });
  });
});
