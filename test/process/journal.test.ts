import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Journal } from "../../kernel/protocol/journal";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "journal-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const line = (type: string, content: object) => (seq: number): string => JSON.stringify({ seq, channel: "iopub", message: { header: { msg_id: String(seq), msg_type: type, session: "s" }, parent_header: {}, metadata: {}, content } });
const numbers = async (journal: Journal, after: number): Promise<number[]> => {
  const found: number[] = [];
  for await (const text of journal.replay(after)) found.push(JSON.parse(text).seq);
  return found;
};

describe("the journal", () => {
  it("replays what came after a number, in order; what is appended meanwhile is not among it", async () => {
    const journal = new Journal({ path: join(folder, "j") });
    for (let i = 0; i < 5; i++) journal.append(line("stream", { text: "line\nbreak\u2028" }));
    const found: number[] = [];
    for await (const text of journal.replay(2)) {
      found.push(JSON.parse(text).seq);
      journal.append(line("stream", { text: "more" }));
    }
    expect(found).toEqual([3, 4, 5]);
    expect(journal.seq).toBe(8);
    expect(await numbers(journal, 100)).toEqual([]);
    journal.close();
  });

  it("stays below its limit: replaced updates go first, then the oldest lines", async () => {
    const path = join(folder, "j");
    const journal = new Journal({ path, limitBytes: 20_000 });
    journal.append(line("display_data", { transient: { display_id: "d" }, data: {} }));
    for (let i = 0; i < 300; i++) journal.append(line("update_display_data", { transient: { display_id: "d" }, data: { "text/plain": "x".repeat(200) } }));
    const kept = await numbers(journal, 0);
    expect(kept[0]).toBe(1);
    expect(kept.at(-1)).toBe(301);
    expect(kept.length).toBeLessThan(100);
    for (let i = 0; i < 1000; i++) journal.append(line("stream", { text: "y".repeat(100) }));
    expect(statSync(path).size).toBeLessThan(20_000);
    const last = await numbers(journal, 0);
    expect(last.at(-1)).toBe(1301);
    expect(last).toEqual(last.map((_, i) => last[0] + i));
    journal.close();
  });

  it("replays the old lines to the end also when it is rewritten meanwhile", async () => {
    const journal = new Journal({ path: join(folder, "j"), limitBytes: 5000 });
    for (let i = 0; i < 20; i++) journal.append(line("stream", { text: "a" }));
    const found: number[] = [];
    for await (const text of journal.replay(0)) {
      found.push(JSON.parse(text).seq);
      journal.append(line("stream", { text: "b".repeat(1000) }));
    }
    expect(found).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    journal.close();
  });

  it("keeps lines in memory where nothing can be written, and tells once", async () => {
    const failures: string[] = [];
    const path = join(folder, "taken");
    mkdirSync(path);
    const journal = new Journal({ path, onFailure: ({ message }) => failures.push(message) });
    for (let i = 0; i < 10; i++) journal.append(line("stream", { text: "z" }));
    expect(failures).toHaveLength(1);
    expect(await numbers(journal, 4)).toEqual([5, 6, 7, 8, 9, 10]);
    journal.close();
  });

  it.runIf(existsSync("/dev/full"))("goes on where the disk is full", async () => {
    const failures: string[] = [];
    const journal = new Journal({ path: "/dev/full", onFailure: ({ message }) => failures.push(message) });
    for (let i = 0; i < 3; i++) journal.append(line("stream", { text: "z" }));
    expect(failures).toEqual([expect.stringContaining("ENOSPC")]);
    expect(await numbers(journal, 1)).toEqual([2, 3]);
    journal.close();
  });

  it("starts anew where one was left behind", async () => {
    const path = join(folder, "j");
    closeSync(openSync(path, "w"));
    const old = new Journal({ path });
    old.append(line("stream", { text: "old" }));
    old.close();
    const journal = new Journal({ path });
    expect([journal.seq, readFileSync(path, "utf8")]).toEqual([0, ""]);
    journal.close();
  });
});
