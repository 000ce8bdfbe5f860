/** @file Sweeps as jobs of a real Slurm cluster of one machine: results, lost tasks, failures, and what a kill or an interrupt leaves. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { slurmMissing, startSlurm, type SlurmCluster } from "../tools/slurmCluster";
import { buildWholeCli, type WholeCli } from "../tools/wholeCli";

const LONG_MS = 300_000;
const missing = slurmMissing();

describe.skipIf(missing !== undefined)(`a sweep on Slurm${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
  let cli: WholeCli;
  let cluster: SlurmCluster | undefined;
  let folder: string;
  const folders: string[] = [];
  beforeAll(async () => {
    [cli, cluster] = await Promise.all([buildWholeCli(), startSlurm(4)]);
  }, 300_000);
  afterAll(async () => {
    await cluster?.stop();
    cli.remove();
    for (const path of folders) rmSync(path, { recursive: true, force: true });
  }, LONG_MS);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "isoflop it's slurm-"));
    folders.push(folder);
  });

  const environment = (): NodeJS.ProcessEnv => ({ ...process.env, ...cluster?.env, ISOFLOP_RESULTS: undefined, ISOFLOP_RUNS: undefined });
  const log = (): string => join(folder, "log");
  const logged = (): string[] => (existsSync(log()) ? readFileSync(log(), "utf8").trim().split("\n") : []);
  const queue = (): string[] => execFileSync("squeue", ["--noheader", "--array", "--format=%j %t"], { env: environment(), encoding: "utf8" }).split("\n").filter((line) => line.trim() !== "");

  /** A notebook whose sweep over four configurations logs who does what, does `body`, and prints the best. */
  function notebook(body: string): void {
    const cells = [
      `import { slurm, space, sweep } from "isoflop"; import { appendFileSync, existsSync, writeFileSync, writeSync } from "node:fs";`,
      `const found = await sweep({ slug: "grid", configs: space.grid({ a: [1, 2], b: [10, 20] }), on: slurm({ pollSeconds: 0.2, minutes: 5, cpus: 1 }),
         run: ({ a, b }) => async ({ seed }) => { appendFileSync(${JSON.stringify(log())}, \`\${a} \${b} job \${process.env.SLURM_JOB_ID} threads \${process.env.ISOFLOP_THREADS}\\n\`); ${body}; return { loss: b - a + seed }; } });
       console.log("best", JSON.stringify(found.best.config), found.best.metrics.loss, found.rows.length);`,
    ];
    writeFileSync(join(folder, "n.ipynb"), JSON.stringify({ cells: cells.map((source) => ({ cell_type: "code", metadata: {}, execution_count: null, outputs: [], source })), metadata: {}, nbformat: 4, nbformat_minor: 5 }));
  }

  function start(): { readonly child: ChildProcess; readonly ended: Promise<{ readonly code: number | null; readonly text: string }> } {
    const child = spawn(process.execPath, [cli.bin, "run", join(folder, "n.ipynb")], { stdio: ["ignore", "pipe", "pipe"], env: environment() });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (part: string) => (text += part));
    return { child, ended: new Promise((resolve) => child.once("close", (code) => resolve({ code, text }))) };
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 100));
  }

  it("runs every configuration as a task of one array job", async () => {
    notebook("");
    const { code, text } = await start().ended;
    expect(text).toContain('best {"a":2,"b":10} 8 4');
    expect(code).toBe(0);
    expect(logged().map((line) => line.replace(/ job .*/, "")).sort()).toEqual(["1 10", "1 20", "2 10", "2 20"]);
    expect(new Set(logged().map((line) => /job (\d+)/.exec(line)?.[1])).size).toBe(4);
    expect(logged().every((line) => line.endsWith("threads 1"))).toBe(true);
  }, LONG_MS);

  it("queues a task again whose job died, and gives up after that", async () => {
    const marker = join(folder, "died");
    notebook(`if (a === 2 && b === 10 && !existsSync(${JSON.stringify(marker)})) { writeFileSync(${JSON.stringify(marker)}, ""); process.kill(process.pid, "SIGKILL"); }`);
    expect((await start().ended).text).toContain('best {"a":2,"b":10} 8 4');
    expect(logged().filter((line) => line.startsWith("2 10"))).toHaveLength(2);
    notebook(`if (a === 1 && b === 20) { writeSync(2, "out of luck"); process.kill(process.pid, "SIGKILL"); }`);
    const { code, text } = await start().ended;
    expect(code).toBe(1);
    expect(text).toMatch(/grid\/sweep: a task failed: c1\.0: its job ended 2 times without a result: .*out of luck/);
  }, LONG_MS);

  it("says which task failed, and why, and takes what was finished the next time", async () => {
    const fixed = join(folder, "fixed");
    notebook(`if (a === 1 && b === 20 && !existsSync(${JSON.stringify(fixed)})) throw new Error("no gain today")`);
    const first = await start().ended;
    expect(first.code).toBe(1);
    expect(first.text).toMatch(/grid\/sweep: a task failed: c1\.0: no gain today/);
    writeFileSync(fixed, "");
    expect((await start().ended).text).toContain('best {"a":2,"b":10} 8 4');
    expect(logged().filter((line) => line.startsWith("1 20"))).toHaveLength(2);
    expect(logged()).toHaveLength(5);
  }, LONG_MS);

  it("finds its jobs again when only the notebook's process was killed", async () => {
    const gate = join(folder, "gate");
    notebook(`while (!existsSync(${JSON.stringify(gate)})) await new Promise((resolve) => setTimeout(resolve, 50))`);
    const { child, ended } = start();
    await until(() => logged().length === 4);
    child.kill("SIGKILL");
    await ended;
    const again = start();
    appendFileSync(gate, "");
    expect((await again.ended).text).toContain('best {"a":2,"b":10} 8 4');
    expect(logged()).toHaveLength(4);
  }, LONG_MS);

  it("an interrupt cancels the jobs", async () => {
    notebook("await new Promise(() => undefined)");
    const { child, ended } = start();
    await until(() => logged().length > 0);
    child.kill("SIGINT");
    expect((await ended).text).toContain("interrupted");
    await until(() => queue().length === 0);
  }, LONG_MS);
});
