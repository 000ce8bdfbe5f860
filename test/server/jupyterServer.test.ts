/** @file The Jupyter server as its clients see it: REST and real websockets to real kernels, and nothing without the token. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { makeMessage, parseJson } from "../../kernel/protocol/envelope";
import type { Channel, Envelope } from "../../kernel/protocol/jupyter";
import { BINARY_PROTOCOL, decode, encodeBinary, encodeText } from "../../kernel/server/websocketFormat";

const CLI = resolve(import.meta.dirname, "../../dist/cli.js");
const root = mkdtempSync(join(realpathSync(tmpdir()), "isoflop-server-test-"));
mkdirSync(join(root, "deep"));
let child: ChildProcess;
let at: { readonly url: string; readonly token: string };

beforeAll(async () => {
  child = spawn(process.execPath, [CLI, "server", "--root", root, "--with-parent"], { stdio: ["pipe", "pipe", "inherit"] });
  const stdout = child.stdout ?? process.stdin;
  const [line] = await Promise.race([once(createInterface({ input: stdout }), "line"), once(child, "exit").then(([code]) => Promise.reject(new Error(`the server ended with ${String(code)}`)))]);
  // SAFETY: what `isoflop server` prints first.
  at = parseJson(String(line)) as typeof at;
});
afterAll(() => {
  child.kill("SIGKILL");
  rmSync(root, { recursive: true, force: true });
});

async function ask(method: string, path: string, { body, token = at.token, headers = {} }: { readonly body?: object; readonly token?: string; readonly headers?: Readonly<Record<string, string>> } = {}): Promise<{ readonly status: number; readonly body: Record<string, never> & readonly never[] }> {
  const response = await fetch(`${at.url}api/${path}`, { method, headers: { authorization: `token ${token}`, ...headers }, body: body && JSON.stringify(body) });
  // SAFETY: looked at by matchers only.
  return { status: response.status, body: parseJson(await response.text()) as never };
}

/** A client that keeps what it hears. */
async function attach(kernel: string, protocol?: string): Promise<{ readonly socket: WebSocket; readonly run: (code: string, channel?: Channel, type?: string) => Promise<Envelope>; readonly until: (test: (envelope: Envelope) => boolean) => Promise<Envelope> }> {
  const socket = new WebSocket(`${at.url.replace("http", "ws")}api/kernels/${kernel}/channels?session_id=me&token=${at.token}`, protocol === undefined ? [] : [protocol]);
  const heard: Envelope[] = [];
  const looks = new Set<() => void>();
  socket.on("message", (data, isBinary) => {
    const envelope = Buffer.isBuffer(data) ? decode(data, isBinary) : undefined;
    if (envelope === undefined) throw new Error("no message");
    heard.push(envelope);
    for (const look of looks) look();
  });
  await once(socket, "open");
  const until = (wanted: (envelope: Envelope) => boolean): Promise<Envelope> =>
    new Promise((done) => {
      const look = (): void => {
        const found = heard.find(wanted);
        if (found === undefined) return;
        looks.delete(look);
        done(found);
      };
      looks.add(look);
      look();
    });
  const run = (code: string, channel: Channel = "shell", type = "execute_request"): Promise<Envelope> => {
    const message = makeMessage({ type, content: { code, allow_stdin: true }, session: "me" });
    const envelope = { channel, message };
    socket.send(protocol === undefined ? encodeText(envelope) : encodeBinary(envelope));
    return until(({ channel: from, message: { parent_header: parent } }) => from === channel && "msg_id" in parent && parent.msg_id === message.header.msg_id);
  };
  return { socket, run, until };
}

const shows = (text: string) => ({ message: { content } }: Envelope): boolean => JSON.stringify(content).includes(text);

describe("the Jupyter server", () => {
  test("lets nobody in without the token, nor web pages of elsewhere with it", async () => {
    expect((await ask("GET", "kernels", { token: "wrong" })).status).toBe(403);
    expect((await ask("GET", "kernels", { headers: { origin: "http://evil.example" } })).status).toBe(403);
    expect((await fetch(`${at.url}api/kernels`)).status).toBe(403);
    expect((await fetch(`${at.url}api/kernels?token=${at.token}`)).status).toBe(200);
    const { body } = await ask("POST", "kernels", { body: {} });
    const socket = new WebSocket(`${at.url.replace("http", "ws")}api/kernels/${body.id}/channels`);
    expect(String((await once(socket, "error"))[0])).toContain("403");
    expect((await ask("DELETE", `kernels/${body.id}`)).status).toBe(204);
  });

  test("has one kernelspec, and says what is not there", async () => {
    expect((await ask("GET", "kernelspecs")).body).toMatchObject({ default: "isoflop", kernelspecs: { isoflop: { name: "isoflop", spec: { display_name: "IsoFLOP", language: "typescript" } } } });
    expect((await ask("POST", "kernels", { body: { name: "python3" } })).status).toBe(400);
    expect((await ask("GET", "kernels/none")).status).toBe(404);
    expect((await ask("GET", "contents/a.ipynb")).status).toBe(404);
    expect((await ask("POST", "sessions", { body: { kernel: { id: "none" }, path: "x.ipynb" } })).status).toBe(400);
    expect((await ask("POST", "kernels", { body: { name: "x".repeat(1.1e6) } })).status).toBe(413);
  });

  test("gives a session a kernel in the notebook's folder; a second wish for it gets the same", async () => {
    const wish = { path: "deep/a.ipynb", name: "a", type: "notebook", kernel: { name: "isoflop" } };
    const { status, body: session } = await ask("POST", "sessions", { body: wish });
    expect([status, session]).toMatchObject([201, { path: "deep/a.ipynb", name: "a", type: "notebook", kernel: { name: "isoflop", execution_state: "idle" } }]);
    expect((await ask("POST", "sessions", { body: wish })).body).toMatchObject({ id: session.id, kernel: { id: session["kernel"]["id"] } });
    const client = await attach(session["kernel"]["id"]);
    expect((await client.run("process.cwd()")).message.content).toMatchObject({ status: "ok" });
    await client.until(shows(join(root, "deep")));
    expect((await ask("PATCH", `sessions/${session.id}`, { body: { path: "deep/b.ipynb" } })).body).toMatchObject({ id: session.id, path: "deep/b.ipynb" });
    expect((await ask("GET", "sessions")).body).toHaveLength(1);
    expect((await ask("DELETE", `sessions/${session.id}`)).status).toBe(204);
    expect((await client.until(shows("dead"))).channel).toBe("iopub");
    expect((await ask("GET", "sessions")).body).toEqual([]);
  });

  test.each([["text", undefined], ["binary frames", BINARY_PROTOCOL]])("carries cells, questions, interrupts and restarts over a websocket, in %s", async (_, protocol) => {
    const { body: kernel } = await ask("POST", "kernels", { body: { name: "isoflop" } });
    const client = await attach(kernel.id, protocol);
    expect(client.socket.protocol).toBe(protocol ?? "");
    expect((await client.run("", "shell", "kernel_info_request")).message.content).toMatchObject({ status: "ok", implementation: "isoflop" });
    await client.run("let kept = 7; console.log('printed'); kept * 6");
    await client.until(shows("printed"));
    await client.until(shows("42"));

    const asked = client.run("import { input } from 'isoflop'; 'hello ' + (await input('who? '))");
    const { message: question } = await client.until(({ channel }) => channel === "stdin");
    const reply = { channel: "stdin" as const, message: makeMessage({ type: "input_reply", content: { value: "Ada" }, session: "me", parent: question.header }) };
    client.socket.send(protocol === undefined ? encodeText(reply) : encodeBinary(reply));
    await asked;
    await client.until(shows("hello Ada"));

    const endless = client.run("console.log('looping'); for (;;) {}");
    await client.until(shows("looping"));
    expect((await ask("POST", `kernels/${kernel.id}/interrupt`)).status).toBe(204);
    expect((await endless).message.content).toMatchObject({ status: "error", ename: "InterruptError" });
    expect((await client.run("kept")).message.content).toMatchObject({ status: "ok" });

    expect((await ask("POST", `kernels/${kernel.id}/restart`)).body).toMatchObject({ id: kernel.id, execution_state: "idle" });
    await client.until(shows("restarting"));
    expect((await client.run("typeof kept")).message.content).toMatchObject({ status: "ok", execution_count: 1 });
    await client.until(shows("undefined"));
    client.socket.close();
    await ask("DELETE", `kernels/${kernel.id}`);
  });

  test("tells of a kernel that dies, and closes on what is no message", async () => {
    const { body: kernel } = await ask("POST", "kernels");
    const other = await attach(kernel.id);
    other.socket.send("no message");
    expect((await once(other.socket, "close"))[0]).toBe(1003);
    const client = await attach(kernel.id);
    void client.run("process.kill(process.pid, 'SIGKILL')");
    await client.until(shows("dead"));
    expect((await ask("GET", `kernels/${kernel.id}`)).status).toBe(404);
  });

  test("ends with whoever started it, and its kernels with it", async () => {
    const { body: kernel } = await ask("POST", "kernels");
    const client = await attach(kernel.id);
    void client.run("console.log(`pid ${process.pid}.`)");
    const { message } = await client.until(({ message: { content } }) => /pid \d+\./.test(JSON.stringify(content)));
    const pid = Number(/pid (\d+)\./.exec(JSON.stringify(message.content))?.[1]);
    child.stdin?.end();
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  });
});
