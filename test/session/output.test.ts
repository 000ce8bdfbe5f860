import { describe, expect, it } from "vitest";
import { display } from "../../kernel/display/display";
import type { SessionMessage } from "../../kernel/protocol/messages";
import { Session } from "../../kernel/session/session";
import { runCells } from "./runCells";

describe("what cells write and show", () => {
  it("takes console and process output, in order", async () => {
    const { written, messages } = await runCells(["console.log('a', { b: 1 }, [2]); process.stdout.write('c'); console.error('d'); process.stderr.write(Buffer.from('é\\n')); console.info('e %d', 5)"]);
    expect(written[0]).toBe("a { b: 1 } [ 2 ]\ncd\né\ne 5\n");
    expect(messages.flatMap(({ message }) => (message.msg_type === "stream" ? [message.content.name] : []))).toEqual(["stdout", "stdout", "stderr", "stderr", "stdout"]);
  });

  it("draws console.table", async () => {
    const { written } = await runCells(["console.table([{ a: 1, b: 'x' }])"]);
    expect(written[0]).toMatch(/│ \(index\) │ a │ +b +│/);
  });

  it("gives late output to the cell that started it", async () => {
    const { written } = await runCells(["setTimeout(() => console.log('from the first'), 5)", "await new Promise((r) => setTimeout(r, 40)); console.log('from the second')"]);
    expect(written).toEqual(["from the first\n", "from the second\n"]);
  });

  it("tells positions in printed stacks by cell and line", async () => {
    const { written } = await runCells(["type T = 1\nconsole.log(new Error('shown').stack)"]);
    expect(written[0].split("\n").slice(0, 2)).toEqual(["Error: shown", "    at cell 1, line 2:13"]);
  });

  it("sends busy, outputs and idle, in this order", async () => {
    const { messages } = await runCells(["console.log(1); 2"]);
    expect(messages.map(({ message }) => message.msg_type)).toEqual(["status", "stream", "execute_result", "status"]);
  });

  it.each([
    ["after a statement without a semicolon", "const t = 1\n{ a: t }", "{ a: 1 }"],
    ["after one with a comment behind it", "let t = Math.max // the larger\n{ a: t(1, 2) }", "{ a: 2 }"],
    ["after a block", "if (true) { }\n{ a: 3 }", "{ a: 3 }"],
  ])("shows an object that is the last line, %s", async (_, code, expected) => {
    const { shown, errors } = await runCells([code]);
    expect([shown, errors]).toEqual([[expected], [undefined]]);
  });

  it("shows an object by its display method, also one that answers later", async () => {
    const { results } = await runCells(["({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': '<b>x</b>', 'text/plain': 'x' }) })", "({ [Symbol.for('Jupyter.display')]: async () => ({ 'text/plain': 'later' }) })"]);
    expect(results.map(({ value }) => value)).toEqual([{ "text/html": "<b>x</b>", "text/plain": "x" }, { "text/plain": "later" }]);
  });

  it("reports a display method that fails as the cell's error", async () => {
    const { errors } = await runCells(["({ [Symbol.for('Jupyter.display')]: () => { throw new RangeError('no picture') } })"]);
    expect(errors).toEqual(["RangeError: no picture"]);
  });

  it("sends displays and their updates to the cell that made them, all before it is idle", async () => {
    const { messages } = await runCells(["import { display } from 'isoflop'; const h = display('one'); for (let i = 0; i < 50; i++) h.update(i)"], { modules: { isoflop: { display } } });
    const types = messages.map(({ message }) => message.msg_type);
    const updates = messages.flatMap(({ message }) => (message.msg_type === "update_display_data" ? [message.content.data["text/plain"]] : []));
    expect(types.at(1)).toBe("display_data");
    expect(types.at(-1)).toBe("status");
    expect(updates.at(-1)).toBe("49");
    expect(updates.length).toBeLessThan(50);
  });

  it("runs cells one after another, in the order they were asked for", async () => {
    const seen: string[] = [];
    const session = new Session({ cwd: import.meta.dirname, emit: (message: SessionMessage, cell) => void (message.msg_type === "stream" && seen.push(cell + message.content.text.trim())) });
    await Promise.all([session.execute("await new Promise((r) => setTimeout(r, 20)); console.log('a')", { cell: "x" }), session.execute("console.log('b')", { cell: "y" })]);
    session.dispose();
    expect(seen).toEqual(["xa", "yb"]);
  });

  it("gives the process its streams and exit back when it is disposed of", async () => {
    const before = [process.stdout.write, process.exit];
    const session = new Session({ cwd: import.meta.dirname });
    expect(process.stdout.write).not.toBe(before[0]);
    session.dispose();
    expect([process.stdout.write, process.exit]).toEqual(before);
  });
});
