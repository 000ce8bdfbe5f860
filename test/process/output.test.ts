import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { useKernels } from "./kernels";

const start = useKernels();

describe("outputs", () => {
  it("of a hot loop arrive while it runs, joined to few messages", async () => {
    const client = await (await start()).connect();
    const running = client.run("for (let i = 0; ; i++) { if (i % 1e5 === 0) console.log('tick', i); }");
    await client.says("tick 3000000");
    expect(client.of("execute_reply")).toHaveLength(0);
    await client.client.request("interrupt_request", {});
    await running;
    const lines = client.text().trimEnd().split("\n");
    expect(lines).toEqual(lines.map((_, i) => `tick ${i * 1e5}`));
    expect(client.of("stream").length).toBeLessThan(lines.length / 2 + 5);
  });

  it("keep the order of stdout and stderr, and come before the end of their cell", async () => {
    const client = await (await start()).connect();
    await client.run("console.log('a'); console.error('b'); console.log('c'); process.stdout.write('d')");
    expect(client.of("stream").map(({ content }) => [content.name, content.text])).toEqual([["stdout", "a\n"], ["stderr", "b\n"], ["stdout", "c\nd"]]);
  });

  it("belong to their cell also when they come later", async () => {
    const client = await (await start()).connect();
    await client.run("setTimeout(() => console.log('late'), 50); 1");
    await client.run("2");
    await client.says("late");
    const [first] = client.of("execute_input");
    expect(client.of("stream")[0].parent_header).toMatchObject({ msg_id: "msg_id" in first.parent_header ? first.parent_header.msg_id : "" });
  });

  it("are updated at most ten times a second, and the last update always comes", async () => {
    const client = await (await start()).connect();
    await client.run("import { display } from 'isoflop'; const shown = display('first', { id: 'one' }); const end = Date.now() + 500; let i = 0; while (Date.now() < end) { shown.update(`value ${i++}`); await new Promise((f) => setTimeout(f, 1)); } shown.update('last');");
    const updates = client.of("update_display_data");
    expect(updates.length).toBeGreaterThan(1);
    expect(updates.length).toBeLessThan(9);
    expect(updates.at(-1)?.content).toMatchObject({ data: { "text/plain": "last" }, transient: { display_id: "one" } });
  });

  it("are updated in a loop that never lets the thread go", async () => {
    const client = await (await start()).connect();
    const running = client.run("import { display } from 'isoflop'; const shown = display('first'); for (let i = 0; ; i++) if (i % 1e5 === 0) shown.update(`at ${i}`);");
    await client.until(({ header }) => header.msg_type === "update_display_data");
    await client.client.request("interrupt_request", {});
    await running;
  });

  it("of 100 MB go to a file beside the notebook; what is shown is short and says where", async () => {
    const kernel = await start();
    const client = await kernel.connect();
    expect(await client.run("console.log('begin'); process.stdout.write('x'.repeat(1e8)); console.log('end')", { isoflop_cell: "3" })).toMatchObject({ status: "ok" });
    const path = join(kernel.cwd, "notebook.outputs", "cell-3.txt");
    expect(client.text().length).toBeLessThan(10_000);
    expect(client.text()).toContain(`more than 2.0 MB of output; all of it is in ${path}`);
    expect(statSync(path).size).toBe(1e8 + "begin\n".length + "end\n".length);
    expect(await client.run("'next'")).toMatchObject({ status: "ok" });
    expect(statSync(join(kernel.folder, "journal.jsonl")).size).toBeLessThan(100_000);
  });

  it("without end fill neither memory nor journal", async () => {
    const kernel = await start({ args: ["--output-limit", "100000"] });
    const client = await kernel.connect();
    expect(await client.run("for (let i = 0; i < 300_000; i++) console.log('line', i)", { isoflop_cell: "1" })).toMatchObject({ status: "ok" });
    expect(client.text().length).toBeLessThan(110_000);
    expect(readFileSync(join(kernel.cwd, "notebook.outputs", "cell-1.txt"), "utf8").trimEnd().split("\n")).toHaveLength(300_000);
  });

  it("above the limit go to the kernel's folder where nothing can be written beside the notebook", async () => {
    const kernel = await start({ args: ["--output-limit", "1000"] });
    writeFileSync(join(kernel.cwd, "notebook.outputs"), "in the way");
    const client = await kernel.connect();
    await client.run("console.log('y'.repeat(5000)); 1", { isoflop_cell: "../../evil" });
    const path = join(kernel.folder, "outputs", "cell-.._.._evil.txt");
    expect(client.text()).toContain(path);
    expect(existsSync(path)).toBe(true);
  });

  it("as displays above the limit keep what fits and name the files of the rest", async () => {
    const kernel = await start({ args: ["--output-limit", "5000"] });
    const client = await kernel.connect();
    await client.run("import { display } from 'isoflop'; display({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': '<p>' + 'z'.repeat(20_000), 'text/plain': 'short' }) });", { isoflop_cell: "2" });
    const [{ content }] = client.of("display_data");
    const path = join(kernel.cwd, "notebook.outputs", "cell-2.html");
    expect(content.data).toEqual({ "text/plain": `short\n(text/html: 0.0 MB, in ${path})` });
    expect(readFileSync(path, "utf8")).toHaveLength(20_003);
  });

  it("of an error with a message of megabytes are cut", async () => {
    const client = await (await start()).connect();
    await client.run("throw new Error('e'.repeat(5e6))");
    expect(JSON.stringify(client.of("error")[0]).length).toBeLessThan(100_000);
  });

  it("that cannot be sent are told as such, and harm nothing", async () => {
    const client = await (await start()).connect();
    const show = (payload: string): string => `(await import('isoflop')).display({ [Symbol.for('Jupyter.display')]: () => ({ 'text/plain': 'p', 'application/json': ${payload} }) });`;
    for (const payload of ["{ f() {} }", "(() => { const c: any = {}; c.self = c; return c; })()", "{ n: 5n }", "{ get x() { throw new Error('no') } }", "new Proxy({}, {})", "new Map([[{}, 1n]])", "{ toJSON: () => ({ n: 1n }) }"]) await client.run(show(payload));
    const { status } = await client.run("'alive'", { user_expressions: { odd: "({ [Symbol.for('Jupyter.display')]: () => ({ 'text/plain': 'x', 'application/json': { f() {} } }) })" } });
    expect(status).toBe("ok");
    expect(client.text()).toContain("the output cannot be sent");
  });
});
