import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildCli, type Cli } from "./buildCli";

let cli: Cli;
beforeAll(async () => {
  cli = await buildCli();
});
afterAll(() => cli.remove());

const childrenOf = (pid: number): number[] => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter((text) => text !== "").map(Number);
const isGone = (pid: number): boolean => !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");

describe("isoflop", () => {
  it("prints help, version and the nearest command", async () => {
    const [help, version, wrong, none, option, runHelp] = await Promise.all([cli.run("--help"), cli.run("--version"), cli.run("rnu"), cli.run(), cli.run("--nope"), cli.run("run", "--help")]);
    expect(help).toMatchObject({ code: 0, stderr: "" });
    expect(help.stdout).toContain("  run ");
    expect(version.stdout).toMatch(/^isoflop \d+\.\d+\.\d+\n$/);
    expect(wrong).toMatchObject({ code: 2, stderr: "UsageError: there is no command `rnu`\n  help: did you mean `isoflop run`?\n" });
    expect(none.code).toBe(2);
    expect(option.code).toBe(2);
    expect(runHelp.stdout).toContain("--allow-errors");
  });
});

describe("isoflop run", () => {
  it("executes cells, prints what they say, and writes notebook and page", async () => {
    const input = cli.notebook("plain.ipynb", [{ cell_type: "markdown", source: "# Title" }, "import { answer, display } from 'isoflop';\nconsole.log('printed', answer); const h = display('first'); h.update('between'); await new Promise((go) => setTimeout(go, 300)); h.update('second')", "", "answer + 1", { source: "old", metadata: { keep: 1 } }].slice(0, 4));
    const out = join(cli.folder, "plain.out.ipynb");
    const page = join(cli.folder, "plain.html");
    const { code, stdout, stderr } = await cli.run("run", input, "--out", out, "--html", page);
    expect(code).toBe(0);
    expect(stdout).toContain("printed 42\n");
    expect(stdout).toContain("43\n");
    // What changes is said as it was at first and at last: a log must not grow with each step.
    expect(stdout.match(/first|between|second/g)).toEqual(["first", "second"]);
    expect(stderr).toMatch(/✓ \[1\/3\] +\d.* import \{ answer/);
    expect(cli.outputs(out)).toEqual([
      [],
      [{ name: "stdout", output_type: "stream", text: ["printed 42\n"] }, { data: { "text/plain": ["second"] }, metadata: {}, output_type: "display_data" }],
      [],
      [{ data: { "text/plain": ["43"] }, execution_count: 2, metadata: {}, output_type: "execute_result" }],
    ]);
    expect(readFileSync(page, "utf8")).toContain("<title>Title</title>");
    expect(JSON.parse(readFileSync(input, "utf8")).cells[1].outputs).toEqual([]);
  });

  it("stops at an error with exit code 1, after writing, and clears results of an earlier run", async () => {
    const stale = { source: "3", outputs: [{ output_type: "stream", name: "stdout", text: ["stale"] }], execution_count: 9 };
    const input = cli.notebook("fails.ipynb", ["1", "throw new Error('bad cell')", stale]);
    const out = join(cli.folder, "fails.out.ipynb");
    const { code, stderr } = await cli.run("run", input, "--out", out);
    expect(code).toBe(1);
    expect(stderr).toContain("Error: bad cell\n  at cell 2, line 1:7");
    const outputs = cli.outputs(out);
    expect(outputs[1]).toMatchObject([{ output_type: "error", ename: "Error", evalue: "bad cell" }]);
    expect(outputs[2]).toEqual([]);
  });

  it("goes on after errors when allowed, and the exit code still tells", async () => {
    const input = cli.notebook("allowed.ipynb", ["let = 1", "const k = 5", "k"]);
    const { code, stdout } = await cli.run("run", input, "--allow-errors");
    expect([code, stdout]).toEqual([1, "5\n"]);
  });

  it("sets parameters and records them", async () => {
    const input = cli.notebook("set.ipynb", [{ source: "const lr = 0.1, name = 'x'", metadata: { tags: ["parameters"] } }, "[lr, name]"]);
    const out = join(cli.folder, "set.out.ipynb");
    const { code, stdout } = await cli.run("run", input, "--set", "lr=3e-4", "--set", "name=a=b", "--out", out);
    expect([code, stdout]).toEqual([0, "[ 0.0003, 'a=b' ]\n"]);
    const written = JSON.parse(readFileSync(out, "utf8"));
    expect(written.metadata.isoflop.parameters).toEqual({ lr: "3e-4", name: "a=b" });
    expect(written.cells[0].source).toEqual(['const lr = 0.0003, name = "a=b"']);
    expect(written.cells[0].metadata.execution["iopub.status.idle"]).toMatch(/^\d{4}-/);
  });

  it("runs the selected cells only and keeps the outputs of the others", async () => {
    const other = { source: "1", outputs: [{ output_type: "stream", name: "stdout", text: ["kept"] }] };
    const input = cli.notebook("some.ipynb", [other, "'two'", "'three'", other, "'five'"]);
    const out = join(cli.folder, "some.out.ipynb");
    const { stdout } = await cli.run("run", input, "--cells", "2-3,5-", "--out", out);
    expect(stdout).toBe("two\nthree\nfive\n");
    expect(cli.outputs(out)[3]).toMatchObject([{ text: ["kept"] }]);
  });

  it("runs in the notebook's folder, and imports from there", async () => {
    const folder = join(cli.folder, "nested");
    mkdirSync(folder);
    writeFileSync(join(folder, "data.txt"), "from the folder");
    writeFileSync(join(folder, "help.ts"), "export const twice = (n: number): number => 2 * n");
    cli.notebook("nested/n.ipynb", ["import { readFileSync } from 'node:fs'; import { twice } from './help'", "readFileSync('data.txt', 'utf8') + twice(4)"]);
    expect(await cli.run("run", "nested/n.ipynb", "--out", "nested/out.ipynb")).toMatchObject({ code: 0, stdout: "from the folder8\n" });
    expect(existsSync(join(folder, "out.ipynb"))).toBe(true);
  });

  it.each([
    ["no notebook", [], 2],
    ["two notebooks", ["a.ipynb", "b.ipynb"], 2],
    ["an unknown option", ["ok.ipynb", "--fast"], 2],
    ["contradicting options", ["ok.ipynb", "--allow-errors", "--stop-on-error"], 2],
    ["a wrong time", ["ok.ipynb", "--timeout", "soon"], 2],
    ["a wrong list of cells", ["ok.ipynb", "--cells", "3-1"], 2],
    ["cells that are not there", ["ok.ipynb", "--cells", "7"], 2],
    ["a setting without a value", ["ok.ipynb", "--set", "lr"], 2],
    ["a parameter that is not there", ["ok.ipynb", "--set", "lr=1"], 2],
    ["a parameter of another kind", ["ok.ipynb", "--set", "k=x"], 2],
    ["a missing file", ["missing.ipynb"], 1],
    ["a folder", ["."], 1],
    ["a damaged file", ["damaged.ipynb"], 1],
    ["a missing folder for the result", ["ok.ipynb", "--out", "missing/out.ipynb"], 1],
    ["a folder as the result", ["ok.ipynb", "--out", "."], 1],
  ])("refuses %s before anything runs", async (_, args, expected) => {
    cli.notebook("ok.ipynb", ["const k = 1; console.log('ran')"]);
    writeFileSync(join(cli.folder, "damaged.ipynb"), '{"cells": [');
    const { code, stdout, stderr } = await cli.run("run", ...args);
    expect(code).toBe(expected);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^\w+Error: .+\n( {2}at .+\n)? {2}help: .+\n$/);
  });

  it("stops a cell at its time limit, loops and waits alike, and tells", async () => {
    const input = cli.notebook("slow.ipynb", ["let n = 0; while (true) n++", "n > 0", "await new Promise(() => {})", "'end'"]);
    const { code, stdout, stderr } = await cli.run("run", input, "--timeout", "0.3", "--allow-errors");
    expect([code, stdout]).toEqual([1, "true\nend\n"]);
    expect(stderr.match(/the cell ran longer than its time limit/g)).toHaveLength(2);
  });

  it("Ctrl-C stops a hot loop, writes what there is and exits with 130", async () => {
    const input = cli.notebook("loop.ipynb", ["import { answer } from 'isoflop'; 'done before'", "console.log('spinning'); let n = 0; while (true) n++", "'never'"]);
    const out = join(cli.folder, "loop.out.ipynb");
    const running = cli.start("run", input, "--out", out);
    await running.says("spinning");
    running.process.kill("SIGINT");
    const { code, stdout, stderr } = await running.finished;
    expect(code).toBe(130);
    expect(stdout).not.toContain("never");
    expect(stderr).toContain("training steps interrupted");
    const outputs = cli.outputs(out);
    expect(outputs[0]).toHaveLength(1);
    expect(outputs[1]).toMatchObject([{ text: ["spinning\n"] }, { output_type: "error", ename: "InterruptError" }]);
    expect(outputs[2]).toEqual([]);
  });

  it("Ctrl-C stops a wait, and a second one a cell that does not listen", async () => {
    const waits = cli.start("run", cli.notebook("wait.ipynb", ["console.log('waiting'); await new Promise(() => {})"]));
    await waits.says("waiting");
    waits.process.kill("SIGINT");
    expect((await waits.finished).code).toBe(130);
    const deaf = cli.start("run", cli.notebook("deaf.ipynb", ["console.log('deaf'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)"]));
    await deaf.says("deaf");
    deaf.process.kill("SIGINT");
    await deaf.says("once more");
    deaf.process.kill("SIGINT");
    expect((await deaf.finished).code).toBe(130);
  });

  it("leaves finished cells on disk when the process is killed, and says so", async () => {
    const input = cli.notebook("killed.ipynb", ["'first'", "await new Promise((r) => setTimeout(r, 1200)); 'second'", "console.log('third runs'); while (true);"]);
    const out = join(cli.folder, "killed.out.ipynb");
    const running = cli.start("run", input, "--out", out);
    await running.says("third runs");
    const [child] = childrenOf(running.process.pid ?? 0);
    process.kill(child, "SIGKILL");
    const { code, stderr } = await running.finished;
    expect(code).toBe(1);
    expect(stderr).toContain(`DeviceError: the notebook's process was ended by SIGKILL\n  at ${input}\n  help: the cells that had finished are in ${out}`);
    expect(cli.outputs(out).map((outputs) => outputs.length)).toEqual([1, 1, 0]);
    expect(readdirSync(cli.folder).filter((name) => name.startsWith(".killed")).length).toBeLessThanOrEqual(1);
  });

  it("does not outlive a parent that was killed", async () => {
    const running = cli.start("run", cli.notebook("orphan.ipynb", ["console.log('alone'); while (true);"]));
    await running.says("alone");
    const [child] = childrenOf(running.process.pid ?? 0);
    running.process.kill("SIGKILL");
    await running.finished;
    await expect.poll(() => isGone(child), { timeout: 10_000 }).toBe(true);
  });

  it("ends although timers and servers are left open", async () => {
    const input = cli.notebook("open.ipynb", ["import { createServer } from 'node:http'; setInterval(() => {}, 10); createServer().listen(0); 'ran'"]);
    expect(await cli.run("run", input)).toMatchObject({ code: 0, stdout: "ran\n" });
  });

  it("reports stray errors to their cells, goes on, and exits with 1", async () => {
    const input = cli.notebook("stray.ipynb", ["Promise.reject(new Error('nobody awaits'));\nsetTimeout(() => { throw new Error('in a timer') }, 5); 1", "await new Promise((r) => setTimeout(r, 50)); 'after'"]);
    const out = join(cli.folder, "stray.out.ipynb");
    const { code, stdout } = await cli.run("run", input, "--out", out);
    expect([code, stdout]).toEqual([1, "1\nafter\n"]);
    const [first, second] = cli.outputs(out).map((outputs) => JSON.stringify(outputs));
    expect(first).toContain("Error: nobody awaits");
    expect(first).toContain("at cell 1, line 1:");
    expect(first).toContain("Error: in a timer");
    expect(second).not.toContain("Error");
  });

  it("says when the results cannot be written in the end, and keeps what was there", async () => {
    const out = join(cli.folder, "sealed/out.ipynb");
    mkdirSync(join(cli.folder, "sealed"));
    writeFileSync(out, "before");
    const input = cli.notebook("full.ipynb", ["import { rmSync } from 'node:fs'; rmSync('sealed', { recursive: true }); 'ran'"]);
    const { code, stdout, stderr } = await cli.run("run", input, "--out", out);
    expect([code, stdout]).toEqual([1, "ran\n"]);
    expect(stderr).toContain("DeviceError: cannot write: the folder does not exist");
  });

  it("does not run when the result's folder is not writable", async () => {
    const sealed = join(cli.folder, "readonly");
    mkdirSync(sealed);
    chmodSync(sealed, 0o555);
    const { code, stderr } = await cli.run("run", cli.notebook("ro.ipynb", ["1"]), "--out", join(sealed, "out.ipynb"));
    // The superuser may write everywhere.
    expect(code).toBe(process.getuid?.() === 0 ? 0 : 1);
    if (code === 1) expect(stderr).toContain("no permission to write");
  });
});
