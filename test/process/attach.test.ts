import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { KernelClient, readRecord } from "../../kernel/process/client";
import { parseEnvelope } from "../../kernel/protocol/envelope";
import { buildKernel, Recorder, useKernels } from "./kernels";

const start = useKernels();

/** Sends `line` to the socket; resolves with what comes back until it is closed. */
async function say(path: string, line: string): Promise<string> {
  const socket = createConnection(path);
  let heard = "";
  socket.setEncoding("utf8").on("data", (text: string) => (heard += text));
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write(line);
  await once(socket, "close");
  return heard;
}

describe("attaching", () => {
  it("needs the token: anything else closes the socket without a word", async () => {
    const { record } = await start();
    const attach = (token: unknown): string => `${JSON.stringify({ token, session: "s", after: 0 })}\n`;
    for (const line of [attach("wrong"), attach(`${record.token}x`), attach(""), attach(5), "garbage\n", "{}\n", "null\n", `${"x".repeat(5000)}`, `{"token":"${record.token}"}\n`]) expect(await say(record.socket, line)).toBe("");
  });

  it("is over with a line that is no message, for this client alone", async () => {
    const kernel = await start();
    const [good, bad] = [await kernel.connect(), await kernel.connect()];
    for (const line of ["garbage", '{"channel":"shell"}', '{"channel":"nowhere","message":{"header":{"msg_id":"1","msg_type":"execute_request","session":""},"content":{}}}']) {
      const answer = say(kernel.record.socket, `${JSON.stringify({ token: kernel.record.token, session: "s", after: -1 })}\n${line}\n`);
      expect((await answer).split("\n").filter((text) => text !== "")).toHaveLength(1);
    }
    bad.client.close();
    expect(await good.run("1")).toMatchObject({ status: "ok" });
  });

  it("keeps folder, record and socket to the user alone", async () => {
    const { folder, record } = await start();
    const mode = (path: string): number => statSync(path).mode & 0o777;
    expect([mode(folder), mode(join(folder, "kernel.json")), mode(join(folder, "journal.jsonl")), mode(record.socket)]).toEqual([0o700, 0o600, 0o600, 0o600]);
  });

  it("works in a folder whose path is too long for a socket", async () => {
    const folder = join(mkdtempSync(join(tmpdir(), "long-")), "a".repeat(60), "b".repeat(60));
    const kernel = await start({ folder });
    const client = await kernel.connect();
    expect(await client.run("1")).toMatchObject({ status: "ok" });
    expect(kernel.record.socket.length).toBeLessThan(104);
  });

  it("finds the kernel that a folder belongs to: a second one does not start there, one after a kill -9 does", async () => {
    const first = await start();
    await expect(start({ folder: join(first.folder, "..", first.folder.split("/").at(-1) ?? ""), args: ["--device", "cpu"] }).then(async ({ ended, stderr }) => Promise.reject(new Error(`${await ended} ${stderr()}`)))).rejects.toThrow(/another kernel runs in this folder/);
    expect(await (await first.connect()).run("1")).toMatchObject({ status: "ok" });
    first.process.kill("SIGKILL");
    await first.ended;
    rmSync(join(first.folder, "kernel.json"));
    expect(await (await (await start({ folder: first.folder })).connect()).run("2")).toMatchObject({ status: "ok", execution_count: 1 });
  });

  it("again replays what was missed, exactly once and in order, and the end of a cell that ran meanwhile", async () => {
    const kernel = await start();
    const first = await kernel.connect();
    await first.run("'before'");
    void first.run("for (let i = 0; i < 20; i++) { console.log('line', i); await new Promise((f) => setTimeout(f, 20)); } 'after'", { isoflop_cell_id: "cell-b" }).catch(() => undefined);
    await first.says("line 3");
    const seen = Math.max(...first.envelopes.map(({ seq = 0 }) => seq));
    first.client.close();
    const second = await kernel.connect({ after: seen });
    expect(second.client.attach?.pending).toMatchObject([{ cell: "cell-b", started: true }]);
    await second.until(({ header, content }) => header.msg_type === "execute_reply" && content.execution_count === 2);
    await second.until(({ header, content }) => header.msg_type === "status" && content.execution_state === "idle");
    const numbers = second.envelopes.flatMap(({ seq }) => (seq === undefined ? [] : [seq]));
    expect(numbers).toEqual(numbers.map((_, i) => seen + 1 + i));
    expect(first.text() + second.text()).toBe(Array.from({ length: 20 }, (_, i) => `line ${i}\n`).join(""));
    const third = await kernel.connect({ after: 0 });
    await third.until(({ content }) => content.execution_count === 2 && "data" in content);
    const all = third.envelopes.flatMap(({ seq }) => (seq === undefined ? [] : [seq]));
    expect(all).toEqual(all.map((_, i) => i + 1));
    const fourth = await kernel.connect({ after: -1 });
    await fourth.client.request("kernel_info_request", {});
    expect(fourth.envelopes.filter(({ seq }) => seq !== undefined)).toEqual([]);
  });

  it("lets two clients hear the same outputs and each its own replies", async () => {
    const kernel = await start();
    const [a, b] = [await kernel.connect(), await kernel.connect()];
    const [one, two] = await Promise.all([a.run("'from a'"), b.run("'from b'")]);
    expect([one, two]).toMatchObject([{ status: "ok" }, { status: "ok" }]);
    await a.until(({ content }) => JSON.stringify(content.data ?? "").includes("from b"));
    await b.until(({ content }) => JSON.stringify(content.data ?? "").includes("from a"));
    expect([a.of("execute_reply").length, b.of("execute_reply").length]).toEqual([1, 1]);
  });

  it("asks a question again that nobody has answered", async () => {
    const kernel = await start();
    const first = await kernel.connect();
    void first.run("import { input } from 'isoflop'; await input('who?')", { allow_stdin: true }).catch(() => undefined);
    await first.until(({ header }) => header.msg_type === "input_request");
    first.client.close();
    const second = await kernel.connect();
    const { header } = await second.until(({ header: { msg_type: type } }) => type === "input_request");
    second.client.send({ channel: "stdin", message: { header: { ...header, msg_type: "input_reply" }, parent_header: header, metadata: {}, content: { value: "me" } } });
    await second.until(({ content }) => JSON.stringify(content.data ?? "").includes("me"));
  });
});

describe("the end of a kernel", () => {
  it("by kill -9 leaves a journal that can be read to the last line", async () => {
    const kernel = await start();
    const client = await kernel.connect();
    void client.run("for (let i = 0; ; i++) { console.log('line', i); await new Promise((f) => setTimeout(f, 5)); }").catch(() => undefined);
    await client.says("line 20");
    kernel.process.kill("SIGKILL");
    expect(await kernel.ended).toBe("SIGKILL");
    const lines = readFileSync(join(kernel.folder, "journal.jsonl"), "utf8").trimEnd().split("\n").map(parseEnvelope);
    expect(lines.every((envelope) => envelope !== undefined)).toBe(true);
    const text = lines.map((envelope) => (envelope?.message.header.msg_type === "stream" ? String(envelope.message.content.text) : "")).join("");
    expect(text.startsWith(client.text().slice(0, 100))).toBe(true);
    expect(text.length).toBeGreaterThanOrEqual(client.text().length);
  });

  it("on request stops what runs, answers, and takes record and socket away", async () => {
    const kernel = await start();
    const client = await kernel.connect();
    const running = client.run("console.log('hot'); while (true);").catch((error: unknown) => error);
    await client.says("hot");
    expect(await client.client.request("shutdown_request", { restart: false })).toEqual({ status: "ok", restart: false });
    await running;
    await kernel.ended;
    expect(existsSync(join(kernel.folder, "kernel.json")) || existsSync(kernel.record.socket)).toBe(false);
  });

  it("comes by itself when nobody is there and nothing runs, and not before", async () => {
    const kernel = await start({ args: ["--idle-shutdown-ms", "1500"] });
    const client = await kernel.connect();
    void client.run("for (let i = 0; i < 100; i++) await new Promise((f) => setTimeout(f, 25)); (await import('node:fs')).writeFileSync('done', 'yes')").catch(() => undefined);
    await client.until(({ header }) => header.msg_type === "execute_input");
    client.client.close();
    expect(await kernel.ended).toBe(0);
    expect(readFileSync(join(kernel.cwd, "done"), "utf8")).toBe("yes");
  });

  it("does not come with that of whoever started it", async () => {
    const bin = await buildKernel();
    const folder = mkdtempSync(join(tmpdir(), "orphan-"));
    const code = `require("node:child_process").spawn(process.execPath, [${JSON.stringify(join(bin, "main.js"))}, "--notebook", "file:///x.ipynb", "--folder", ${JSON.stringify(folder)}], { detached: true, stdio: ["ignore", "inherit", "inherit"] }).unref()`;
    const parent = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "pipe"] });
    await once(parent, "exit");
    parent.stdout.destroy();
    parent.stderr.destroy();
    const recorder = new Recorder();
    recorder.use(await KernelClient.connect(await readRecord(folder), {}, recorder.listen));
    expect(await recorder.run("process.stderr.write('to nobody'); 1 + 1")).toMatchObject({ status: "ok" });
    await recorder.client.request("shutdown_request", { restart: false });
  });

  it("comes at once, with usage, for arguments that make no sense", async () => {
    await expect(start({ args: ["--output-limit", "much"] })).rejects.toThrow(/no number from 0 on\n {2}help: usage/);
  });
});
