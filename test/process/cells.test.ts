import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { useKernels } from "./kernels";

const start = useKernels();

describe("cells in a kernel process", () => {
  it("give their value, count, and the messages that Jupyter has, in order", async () => {
    const client = await (await start()).connect();
    const reply = await client.run("console.log('hi'); 1 + 1");
    expect(reply).toMatchObject({ status: "ok", execution_count: 1, isoflop: { durationMs: expect.any(Number) } });
    await client.until(({ header, content }) => header.msg_type === "status" && content.execution_state === "idle");
    const types = client.messages.map(({ header }) => header.msg_type).filter((type) => !type.startsWith("isoflop_"));
    expect(types).toEqual(["status", "execute_input", "stream", "execute_result", "execute_reply", "status"]);
    expect(client.of("execute_result")[0].content).toMatchObject({ data: { "text/plain": "2" }, execution_count: 1 });
  });

  it("number what they publish without gaps", async () => {
    const client = await (await start()).connect();
    for (let i = 0; i < 3; i++) await client.run(`display(${i}); ${i}`.replace("display", i === 0 ? "(await import('isoflop')).display" : "(await import('isoflop')).display"));
    await client.until(({ content, parent_header: parent }) => content.execution_state === "idle" && "msg_id" in parent);
    const numbers = client.envelopes.flatMap(({ seq }) => (seq === undefined ? [] : [seq]));
    expect(numbers).toEqual(numbers.map((_, i) => i + 1));
  });

  it("fail with name, message and traceback, and take back the cells that wait", async () => {
    const client = await (await start()).connect();
    const replies = await Promise.all([client.run("const a = 1;\nnull.x", { isoflop_cell: "7" }), client.run("2"), client.run("3", { stop_on_error: false })]);
    expect(replies[0]).toMatchObject({ status: "error", ename: "TypeError", execution_count: 1 });
    expect("traceback" in replies[0] && replies[0].traceback?.join("\n")).toContain("cell 7, line 2");
    expect(replies.slice(1)).toEqual([{ status: "aborted" }, { status: "aborted" }]);
    expect(await client.run("a")).toMatchObject({ status: "ok", execution_count: 2 });
  });

  it("go on after an error where the request says so", async () => {
    const client = await (await start()).connect();
    const [first, second] = await Promise.all([client.run("throw 1", { stop_on_error: false }), client.run("2")]);
    expect([first.status, second.status]).toEqual(["error", "ok"]);
  });

  it("are silent when asked: nothing is counted, shown or kept in the history", async () => {
    const client = await (await start()).connect();
    await client.run("var x = 5; x", { silent: true });
    const reply = await client.run("x", { user_expressions: { twice: "x * 2", bad: "nothing.here" } });
    expect(reply).toMatchObject({ execution_count: 1, user_expressions: { twice: { status: "ok", data: { "text/plain": "10" } }, bad: { status: "error", ename: "ReferenceError" } } });
    expect(client.of("execute_input")).toHaveLength(1);
    const history = await client.client.request("history_request", { hist_access_type: "tail", n: 10, output: false, raw: true });
    expect(history).toMatchObject({ history: [[0, 1, "x"]] });
  });

  it("know their folder and file, and count the FLOPs of compiled programs", async () => {
    const kernel = await start();
    writeFileSync(join(kernel.cwd, "helper.ts"), "export const seven: number = 7;");
    const client = await kernel.connect();
    await client.run("import { seven } from './helper'; import { compile, ones, matmul } from 'isoflop'; const square = compile((x) => matmul(x, x), { name: 'square' }); const a = ones([16, 16]); await a.data();");
    const reply = await client.run("await square(a); await square(a); seven");
    expect(reply).toMatchObject({ status: "ok", isoflop: { flops: 2 * 2 * 16 ** 3 } });
    expect(client.of("execute_result").at(-1)?.content).toMatchObject({ data: { "text/plain": "7" } });
    const plain = await client.run("1");
    expect(plain.isoflop).not.toHaveProperty("flops");
  });

  it("ask for input, also twice and with a password, and fail where nobody can be asked", async () => {
    const client = await (await start()).connect();
    client.client.on("envelope", ({ channel, message }) => {
      if (channel !== "stdin") return;
      const value = message.content.password === true ? "secret" : `answer to ${String(message.content.prompt)}`;
      client.client.send({ channel: "stdin", message: { ...message, header: { ...message.header, msg_type: "input_reply" }, parent_header: message.header, content: { value } } });
    });
    await client.run("import { input } from 'isoflop'; const a = await input('name?'); const b = await input('key?', { password: true }); `${a}, ${b}`", { allow_stdin: true });
    expect(client.of("execute_result")[0].content).toMatchObject({ data: { "text/plain": "answer to name?, secret" } });
    expect(await client.run("await input('?')")).toMatchObject({ status: "error", ename: "ArgumentError" });
  });

  it("tell whether code is complete, for consoles", async () => {
    const { client } = await (await start()).connect();
    const status = async (code: string): Promise<unknown> => client.request("is_complete_request", { code });
    expect(await status("const x = 1")).toEqual({ status: "complete" });
    expect(await status("for (const i of [1]) {")).toEqual({ status: "incomplete", indent: "  " });
    expect(await status("const = 4; {")).toMatchObject({ status: "invalid" });
  });

  it("leave a kernel that answers what it does not know, and content of the wrong form, with an error", async () => {
    const { client } = await (await start()).connect();
    const { message } = await client.ask("kernel_info_request", {});
    expect(message.content).toMatchObject({ status: "ok", implementation: "isoflop", language_info: { name: "isoflop-ts", pygments_lexer: "typescript" } });
    for (const [type, content] of [["debug_request", {}], ["execute_request", { code: 5 }], ["isoflop_view_request", {}], ["isoflop_variables_request", { path: "nope" }]] as const) {
      const reply = await client.ask(type as "execute_request", content); // SAFETY: what a client of another version may send
      expect(reply.message.content).toMatchObject({ status: "error", ename: "ArgumentError" });
    }
    expect(await client.request("execute_request", { code: "1" })).toMatchObject({ status: "ok" });
  });

  it("do not end the kernel by errors that nothing catches, in a cell or outside of one", async () => {
    const kernel = await start();
    const client = await kernel.connect();
    await client.run("setTimeout(() => { throw new Error('late') }, 1); Promise.reject(new Error('nobody')); 1");
    await client.says("late");
    await client.says("nobody");
    expect(await client.run("2")).toMatchObject({ status: "ok" });
  });
});
