/** @file The reducer of cell runs: whatever comes in whatever order, executions close once and the document shows what a headless run would write. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { executionId, type RunEvent } from "../../../extension/controller/cellRun";
import type { IopubMessage } from "../../../kernel/protocol/jupyter";
import type { OutputMessage } from "../../../kernel/protocol/messages";
import { Outputs } from "../../../kernel/session/outputs";
import { Document } from "./documentOf";

const FIGURE = "application/vnd.isoflop.figure.v1+json";

const idArbitrary = fc.constantFrom("d1", "d2", undefined);
const shown = fc.record({ data: fc.record({ "text/plain": fc.string(), [FIGURE]: fc.integer() }, { requiredKeys: ["text/plain"] }), metadata: fc.constantFrom({}, { vscode_altText: "a" }), transient: idArbitrary.map((id) => (id === undefined ? {} : { display_id: id })) });
const outputArbitrary: fc.Arbitrary<OutputMessage> = fc.oneof(
  fc.record({ msg_type: fc.constant("stream" as const), content: fc.record({ name: fc.constantFrom("stdout" as const, "stderr" as const), text: fc.string() }) }),
  shown.map((content) => ({ msg_type: "display_data" as const, content })),
  shown.map((content) => ({ msg_type: "update_display_data" as const, content })),
  shown.map((content) => ({ msg_type: "execute_result" as const, content: { ...content, execution_count: 1 } })),
  fc.record({ msg_type: fc.constant("clear_output" as const), content: fc.record({ wait: fc.boolean() }) }),
  fc.record({ msg_type: fc.constant("error" as const), content: fc.record({ ename: fc.string(), evalue: fc.string(), traceback: fc.array(fc.string(), { maxLength: 2 }) }) }),
);

/** What happens to one cell while others run too: outputs, and looks at the clock in between. */
const stepArbitrary = fc.oneof({ weight: 4, arbitrary: fc.record({ cell: fc.nat(2), message: outputArbitrary }) }, { weight: 1, arbitrary: fc.record({ waitMs: fc.nat(7000) }) });

const ids = [0, 1, 2].map((cell) => executionId(`id:c${cell}`, "x"));
const busy: IopubMessage = { msg_type: "status", content: { execution_state: "busy" } };
const idle: IopubMessage = { msg_type: "status", content: { execution_state: "idle" } };
const input = (count: number): IopubMessage => ({ msg_type: "execute_input", content: { code: "", execution_count: count } });

/** Feeds messages with their numbers. */
class Feed {
  readonly document = new Document();
  seq = 0;
  nowMs = 1000;

  message(msgId: string, message: IopubMessage): void {
    this.document.take({ kind: "message", msgId, seq: ++this.seq, atMs: this.nowMs, message });
  }
  reply(msgId: string, status: "ok" | "error" | "aborted"): void {
    const content: Extract<RunEvent, { readonly kind: "reply" }>["content"] = status === "ok" ? { status, execution_count: 1, user_expressions: {} } : { status };
    this.document.take({ kind: "reply", msgId, seq: ++this.seq, content, nowMs: this.nowMs });
  }
  flush(waitMs = 100): void {
    this.nowMs += waitMs;
    this.document.take({ kind: "flush", nowMs: this.nowMs });
  }
}

describe("the runs of a notebook", () => {
  it("end with the outputs that a headless run writes, whatever the cells send and whenever it is written", () => {
    fc.assert(
      fc.property(fc.array(stepArbitrary, { maxLength: 60 }), fc.boolean(), (steps, replyFirst) => {
        const feed = new Feed();
        const expected = new Outputs();
        for (const [cell, msgId] of ids.entries()) {
          feed.document.take({ kind: "queued", msgId, cellKey: `id:c${cell}` });
          feed.message(msgId, busy);
          feed.message(msgId, input(cell + 1));
          expected.reset(`id:c${cell}`);
        }
        for (const step of steps) {
          if ("waitMs" in step) feed.flush(step.waitMs);
          else {
            feed.message(ids[step.cell], step.message);
            expected.add(step.message, `id:c${step.cell}`);
          }
        }
        for (const msgId of ids) {
          if (replyFirst) feed.reply(msgId, "ok");
          feed.message(msgId, idle);
          if (!replyFirst) feed.reply(msgId, "ok");
        }
        feed.flush();
        for (const [cell, msgId] of ids.entries()) {
          expect(feed.document.runs.get(msgId)?.phase).toBe("ended");
          expect(feed.document.outputs(`id:c${cell}`)).toEqual(expected.of(`id:c${cell}`));
        }
        expect(feed.document.state.dirty.size).toBe(0);
      }),
      { numRuns: 400 },
    );
  });

  it("close each execution exactly once, whatever comes in whatever order", () => {
    const event = fc.oneof(
      fc.record({ kind: fc.constant("queued" as const), cell: fc.nat(2), run: fc.nat(2) }),
      fc.record({ kind: fc.constant("message" as const), cell: fc.nat(2), run: fc.nat(2), message: fc.oneof(outputArbitrary, fc.constantFrom(busy, idle, input(3))) }),
      fc.record({ kind: fc.constant("reply" as const), cell: fc.nat(2), run: fc.nat(2), status: fc.constantFrom("ok" as const, "error" as const, "aborted" as const) }),
      fc.record({ kind: fc.constant("attached" as const), pending: fc.uniqueArray(fc.nat(8), { maxLength: 3 }) }),
      fc.record({ kind: fc.constant("flush" as const) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), (events) => {
        const feed = new Feed();
        const sent = new Set<string>();
        for (const each of events) {
          if (each.kind === "flush") feed.flush();
          else if (each.kind === "attached") {
            const pending = each.pending.map((n) => ({ msg_id: executionId(`id:c${n % 3}`, `r${Math.floor(n / 3)}`), cell: "", started: n % 2 === 0 }));
            feed.document.take({ kind: "attached", pending, seq: feed.seq, from: feed.seq, nowMs: feed.nowMs });
          } else {
            const msgId = executionId(`id:c${each.cell}`, `r${each.run}`);
            if (each.kind === "message") feed.message(msgId, each.message);
            else if (each.kind === "reply") feed.reply(msgId, each.status);
            // A request has a name of its own each time.
            else if (!sent.has(msgId) && !feed.document.runs.has(msgId)) feed.document.take({ kind: "queued", msgId: `${msgId}${sent.add(msgId).size}`, cellKey: `id:c${each.cell}` });
          }
        }
        feed.document.take({ kind: "ended", reason: "killed", nowMs: feed.nowMs });
        for (const run of feed.document.runs.values()) expect(run.phase).toBe("ended");
      }),
      { numRuns: 600 },
    );
  });

  it("ignore messages of a run that a later one of the cell has replaced, and of runs of others", () => {
    const feed = new Feed();
    const [old, next] = [executionId("id:a", "1"), executionId("id:a", "2")];
    for (const msgId of [old, next]) {
      feed.document.take({ kind: "queued", msgId, cellKey: "id:a" });
      feed.message(msgId, input(1));
      feed.message(msgId, { msg_type: "stream", content: { name: "stdout", text: msgId === old ? "old" : "new" } });
      feed.message(msgId, idle);
      feed.reply(msgId, "ok");
    }
    feed.message(old, { msg_type: "stream", content: { name: "stdout", text: "late" } });
    feed.message("another client's", { msg_type: "stream", content: { name: "stdout", text: "foreign" } });
    feed.flush();
    expect(feed.document.outputs("id:a")).toEqual([{ name: "stdout", output_type: "stream", text: ["new"] }]);
  });

  it("write what a timer shows after its cell has ended", () => {
    const feed = new Feed();
    const [msgId] = ids;
    feed.document.take({ kind: "queued", msgId, cellKey: "id:c0" });
    feed.message(msgId, input(1));
    feed.message(msgId, idle);
    feed.reply(msgId, "ok");
    feed.message(msgId, { msg_type: "stream", content: { name: "stdout", text: "later" } });
    feed.flush();
    expect(feed.document.outputs("id:c0")).toEqual([{ name: "stdout", output_type: "stream", text: ["later"] }]);
  });

  it("send a live view its updates by message and write the document every five seconds and at the end", () => {
    const feed = new Feed();
    const [msgId] = ids;
    const content = (n: number) => ({ data: { [FIGURE]: n }, metadata: {}, transient: { display_id: "live" } });
    feed.document.take({ kind: "queued", msgId, cellKey: "id:c0" });
    feed.message(msgId, input(1));
    feed.message(msgId, { msg_type: "display_data", content: content(0) });
    feed.flush(50);
    const written = feed.document.writes;
    for (let n = 1; n <= 99; n++) {
      feed.message(msgId, { msg_type: "update_display_data", content: content(n) });
      feed.flush(100);
    }
    expect(feed.document.writes - written).toBe(1); // 9.9 seconds
    expect(feed.document.posted.length).toBe(98);
    feed.message(msgId, idle);
    feed.reply(msgId, "ok");
    expect(feed.document.outputs("id:c0")).toEqual([{ data: { [FIGURE]: 99 }, metadata: {}, output_type: "display_data" }]);
  });

  it("leave the outputs of a cell alone that was taken back before it ran", () => {
    const feed = new Feed();
    const [msgId] = ids;
    feed.document.take({ kind: "queued", msgId, cellKey: "id:c0" });
    feed.message(msgId, busy);
    feed.reply(msgId, "aborted");
    feed.message(msgId, idle);
    feed.flush();
    expect(feed.document.writes).toBe(0);
    expect(feed.document.runs.get(msgId)).toMatchObject({ phase: "ended", success: undefined });
  });

  it("say that the kernel died and how to go on, in the cell that ran; those that waited are taken back", () => {
    const feed = new Feed();
    for (const [cell, msgId] of ids.entries()) feed.document.take({ kind: "queued", msgId, cellKey: `id:c${cell}` });
    feed.message(ids[0], input(1));
    feed.message(ids[0], { msg_type: "stream", content: { name: "stdout", text: "so far" } });
    feed.document.take({ kind: "ended", reason: "the kernel (process 7) was killed", nowMs: 5 });
    const [text, error] = feed.document.outputs("id:c0");
    expect(text).toMatchObject({ text: ["so far"] });
    expect(error).toMatchObject({ ename: "KernelError", evalue: "the kernel (process 7) was killed", traceback: [expect.anything(), expect.anything(), expect.stringMatching(/help: .*again/)] });
    expect([...feed.document.runs.values()].map(({ success }) => success)).toEqual([false, undefined, undefined]);
  });
});

describe("a window that comes back", () => {
  /** What a kernel has sent while nobody was there. */
  function replayInto(document: Document, from: number): void {
    const say: IopubMessage[] = [busy, input(1), ...[1, 2, 3].map((n): IopubMessage => ({ msg_type: "stream", content: { name: "stdout", text: `line ${n}\n` } }))];
    for (const [at, message] of say.entries()) if (at + 1 > from) document.take({ kind: "message", msgId: ids[0], seq: at + 1, atMs: 1, message });
  }

  it("opens the run that goes on again, shows all of it, and ends it when the kernel does, without a reply", () => {
    const document = new Document();
    document.take({ kind: "attached", pending: [{ msg_id: ids[0], cell: "id:c0", started: true }, { msg_id: ids[1], cell: "id:c1", started: false }], seq: 5, from: 0, nowMs: 1 });
    replayInto(document, 0);
    document.take({ kind: "flush", nowMs: 100 });
    expect(document.runs.get(ids[0])?.phase).toBe("running");
    expect(document.runs.get(ids[1])?.phase).toBe("queued");
    document.take({ kind: "message", msgId: ids[0], seq: 6, atMs: 2, message: idle });
    expect(document.runs.get(ids[0])).toMatchObject({ phase: "ended", success: true });
    expect(document.outputs("id:c0")).toEqual([{ name: "stdout", output_type: "stream", text: ["line 1\n", "line 2\n", "line 3\n"] }]);
  });

  it("keeps a run over a lost connection: what comes twice is shown once, and it ends though its reply was lost", () => {
    const document = new Document();
    document.take({ kind: "queued", msgId: ids[0], cellKey: "id:c0" });
    replayInto(document, 0);
    document.take({ kind: "attached", pending: [], seq: 7, from: 5, nowMs: 3 });
    document.take({ kind: "message", msgId: ids[0], seq: 6, atMs: 3, message: { msg_type: "stream", content: { name: "stdout", text: "line 4\n" } } });
    document.take({ kind: "message", msgId: ids[0], seq: 7, atMs: 3, message: idle });
    expect(document.runs.get(ids[0])).toMatchObject({ phase: "ended", success: true });
    expect(document.outputs("id:c0")).toEqual([{ name: "stdout", output_type: "stream", text: ["line 1\n", "line 2\n", "line 3\n", "line 4\n"] }]);
  });

  it("need not be told again what is in the document, but all of a run that goes on", () => {
    const document = new Document();
    for (const msgId of [ids[0], ids[1]]) document.take({ kind: "queued", msgId, cellKey: msgId === ids[0] ? "id:c0" : "id:c1" });
    replayInto(document, 0);
    document.take({ kind: "message", msgId: ids[0], seq: 6, atMs: 2, message: idle });
    document.take({ kind: "message", msgId: ids[1], seq: 7, atMs: 2, message: input(2) });
    document.take({ kind: "reply", msgId: ids[0], seq: 8, content: { status: "ok", execution_count: 1, user_expressions: {} }, nowMs: 2 });
    expect(document.settled).toEqual([6]);
  });

  it("updates a display that an earlier window has shown", () => {
    const document = new Document();
    document.take({ kind: "restored", displays: [{ id: "d", cellKey: "id:c0", index: 1 }] });
    document.take({ kind: "message", msgId: "", seq: 1, atMs: 1, message: { msg_type: "update_display_data", content: { data: { "text/plain": "new" }, metadata: {}, transient: { display_id: "d" } } } });
    const { dirty } = document.state;
    expect([...dirty]).toEqual([executionId("id:c0", "restored")]);
  });
});
