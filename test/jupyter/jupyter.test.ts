/** @file The kernel under Jupyter's own programs: its conformance suite, nbconvert, and hostile messages. */
import { execFile, execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseNotebook } from "../../kernel/session/notebook";

const root = new URL("../..", import.meta.url).pathname;
const PYTHON = "/usr/bin/python3";
const has = (module: string): boolean => spawnSync(PYTHON, ["-c", `import ${module}`]).status === 0;
const missing = ["jupyter_client", "nbconvert", "jupyter_kernel_test"].filter((module) => !has(module));
const reason = missing.length === 0 ? "" : ` (skipped: ${PYTHON} has no ${missing.join(", ")}; install jupyter-client jupyter-nbconvert python3-jupyter-kernel-test)`;
const LONG_MS = 300_000;

describe.skipIf(missing.length > 0)(`under Jupyter${reason}`, () => {
  const data = mkdtempSync(join(tmpdir(), "isoflop-jupyter-test-"));
  const env = { ...process.env, JUPYTER_DATA_DIR: data, JUPYTER_PLATFORM_DIRS: "1" };
  beforeAll(() => void execFileSync(process.execPath, [join(root, "dist/cli.js"), "install-kernelspec"], { env }));
  afterAll(() => rmSync(data, { recursive: true, force: true }));

  test("the kernelspec says how the kernel is started and interrupted", () => {
    const spec: unknown = JSON.parse(readFileSync(join(data, "kernels/isoflop/kernel.json"), "utf8"));
    expect(spec).toMatchObject({ display_name: "IsoFLOP", language: "typescript", interrupt_mode: "message" });
  });

  test("the conformance suite passes", async () => {
    const { stderr } = await promisify(execFile)(PYTHON, [join(root, "test/jupyter/conformance.py")], { env, cwd: data });
    expect(stderr).toMatch(/Ran 1\d tests/);
    expect(stderr).toMatch(/\nOK/);
  }, LONG_MS);

  test("interrupts, standard input, completion behind emoji and wrong signatures", async () => {
    const { stdout } = await promisify(execFile)(PYTHON, [join(root, "test/jupyter/session.py")], { env, cwd: data });
    expect(stdout.trim().split("\n")).toEqual([
      "interrupted: InterruptError, state kept: true",
      "asked: your name? answered: 'Ada'",
      "completed: map at 9 to 11",
      "a wrong signature: no answer; a right one: answered",
      "ended: True",
    ]);
  }, LONG_MS);

  test("nbconvert executes a notebook, with pictures of its views", async () => {
    const source = ["import { display, view } from 'isoflop';", "display(view.figure({ title: 'squares', marks: [{ type: 'line', x: [1, 2, 3], y: [1, 4, 9] }] }));", "const half: number = 0.5; half"];
    const cell = { cell_type: "code", source: source.join("\n"), metadata: {}, outputs: [], execution_count: null, id: "one" };
    writeFileSync(join(data, "a.ipynb"), JSON.stringify({ cells: [cell], metadata: { kernelspec: { name: "isoflop", display_name: "IsoFLOP", language: "typescript" } }, nbformat: 4, nbformat_minor: 5 }));
    await promisify(execFile)(PYTHON, ["-m", "nbconvert", "--to", "notebook", "--execute", "a.ipynb", "--output", "b.ipynb"], { env, cwd: data });
    const { cells } = parseNotebook(readFileSync(join(data, "b.ipynb"), "utf8"), "b.ipynb");
    const [shown, result] = (cells[0].outputs ?? []).map((output) => ("data" in output ? output.data : {})).map((data): Record<string, unknown> => ({ ...Object(data) }));
    expect(Object.keys(shown).sort()).toEqual(["application/vnd.isoflop.figure.v1+json", "image/svg+xml", "text/plain"]);
    expect([result["text/plain"]].flat().join("")).toBe("0.5");
  }, LONG_MS);

  test("a connection file that is none is told in three lines", () => {
    writeFileSync(join(data, "broken.json"), '{"ip": "127.0.0.1"');
    const { status, stderr } = spawnSync(process.execPath, [join(root, "dist/cli.js"), "kernel", "-f", join(data, "broken.json")], { encoding: "utf8", env });
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/^FormatError: the connection file is no JSON object\n {2}at .*broken\.json\n {2}help: [^\n]*\n$/);
  });
});
