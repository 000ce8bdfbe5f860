import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { checkInterrupt, currentSignal, INTERRUPTED, InterruptError, TIMED_OUT } from "../../kernel/session/interrupt";
import { Session } from "../../kernel/session/session";

/** Runs `code` and raises the flag from another thread, a little after the code has set `started`. */
async function interruptFromThread(session: Session, code: string, reason = INTERRUPTED): Promise<Awaited<ReturnType<Session["execute"]>>> {
  const started = new Int32Array(new SharedArrayBuffer(4));
  Reflect.set(globalThis, "__started", started);
  const script = `const { flag, started, reason } = require("node:worker_threads").workerData; Atomics.wait(started, 0, 0); Atomics.wait(started, 0, 1, 20); Atomics.store(flag, 0, reason);`;
  const worker = new Worker(script, { eval: true, workerData: { flag: session.flag, started, reason } });
  const online = new Promise((resolve) => worker.once("online", resolve));
  const ended = new Promise((resolve) => worker.once("exit", resolve));
  await online;
  const result = await session.execute(`const go = () => { Atomics.store(__started, 0, 1); Atomics.notify(__started, 0) };\n${code}`);
  await ended;
  return result;
}

describe("interrupts", () => {
  it.each([
    ["while (true)", "let n = 0; go(); while (true) n++"],
    ["for (;;)", "let n = 0; go(); for (;;) n++"],
    ["do", "let n = 0; go(); do n++; while (true)"],
    ["for-of over a generator", "let n = 0; function* g() { while (true) yield 1 } go(); for (const x of g()) n += x"],
    ["for-in and a nested loop", "let n = 0; go(); for (const k in { a: 1 }) while (k) n++"],
    ["a function of an earlier line", "let n = 0; const spin = () => { while (true) n++ }; go(); spin()"],
    ["recursion without a loop", "let n = 0; const fib = (k: number): number => (n++, k < 2 ? k : fib(k - 1) + fib(k - 2)); go(); fib(60)"],
    ["a method that calls itself", "let n = 0; class T { f(k: number): number { n++; return k < 2 ? k : this.f(k - 1) + this.f(k - 2) } } go(); new T().f(60)"],
    ["a loop after an await", "let n = 0; await new Promise((r) => setTimeout(r, 1)); go(); while (true) n++"],
    ["a loop of awaits", "let n = 0; go(); while (true) { n++; await 0 }"],
    ["a loop that catches everything", "let n = 0; go(); while (true) { try { while (true) n++ } catch {} }"],
    ["a loop that returns from finally", "let n = 0; go(); for (;;) { try { while (true) n++ } finally { continue } }"],
  ])("another thread stops %s, and what was assigned is kept", async (_, code) => {
    const session = new Session({ cwd: import.meta.dirname });
    const result = await interruptFromThread(session, code);
    expect(result.status).toBe("interrupted");
    expect(result.error?.ename).toBe("InterruptError");
    expect((await session.execute("n > 0")).value).toEqual({ "text/plain": "true" });
    expect((await session.execute("let m = 0; for (let i = 0; i < 10; i++) m += i; m")).value).toEqual({ "text/plain": "45" });
    session.dispose();
  });

  it("an interrupt that the cell swallows is reported all the same", async () => {
    const session = new Session({ cwd: import.meta.dirname });
    const result = await interruptFromThread(session, "let n = 0; go(); try { while (true) n++ } catch {} n = -1; 'done'");
    expect(result).toMatchObject({ status: "interrupted", error: { ename: "InterruptError" } });
    expect((await session.execute("n")).value).toEqual({ "text/plain": "-1" });
    session.dispose();
  });

  it("tells a time limit from an interrupt, and the line of the loop", async () => {
    const session = new Session({ cwd: import.meta.dirname });
    const result = await interruptFromThread(session, "let n = 0\ngo()\nwhile (true)\n  n++", TIMED_OUT);
    expect(result.error?.evalue.split("\n").slice(0, 2)).toEqual(["the cell ran longer than its time limit", "  at cell 1, line 4:12"]);
    session.dispose();
  });

  it("ends a wait that nothing else would end, and aborts the signal", async () => {
    const session = new Session({ cwd: import.meta.dirname, modules: { lib: { currentSignal } } });
    const running = session.execute("import { currentSignal } from 'lib'; let reason = ''; currentSignal()!.addEventListener('abort', () => { reason = currentSignal()!.reason.name }); await new Promise(() => {})");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(session.signal?.aborted).toBe(false);
    session.interrupt();
    expect((await running).status).toBe("interrupted");
    expect((await session.execute("reason")).value).toEqual({ "text/plain": "InterruptError" });
    session.dispose();
  });

  it("stops library code at its next check", async () => {
    const session = new Session({ cwd: import.meta.dirname, modules: { lib: { train: () => { for (;;) checkInterrupt(); } } } });
    expect((await interruptFromThread(session, "import { train } from 'lib'; go(); train()")).status).toBe("interrupted");
    session.dispose();
  });

  it("stops loops that the interrupted cell left behind", async () => {
    const session = new Session({ cwd: import.meta.dirname });
    await interruptFromThread(session, "let n = 0; let ended = ''; (async () => { try { for (;;) { n++; await 0 } } catch (e: any) { ended = e.name } })(); go(); while (true) await 0");
    expect((await session.execute("ended")).value).toEqual({ "text/plain": "InterruptError" });
    session.dispose();
  });

  it("does nothing between cells", async () => {
    const session = new Session({ cwd: import.meta.dirname });
    session.interrupt();
    expect((await session.execute("for (let i = 0; i < 3; i++); 1")).status).toBe("ok");
    expect(() => checkInterrupt()).not.toThrow();
    expect(currentSignal()).toBeUndefined();
    expect(new InterruptError().message).toContain("help:");
    session.dispose();
  });
});
