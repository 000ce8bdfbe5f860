import { describe, expect, it } from "vitest";
import { History, globMatcher } from "../../kernel/process/history";
import { parseKernelOptions } from "../../kernel/process/kernelOptions";
import { MemoryGuard } from "../../kernel/process/memoryGuard";
import { LineSplitter } from "../../kernel/protocol/lineSplitter";
import { memoryState } from "../../kernel/runtime/monitor/memory";
import { chromeTrace } from "../../kernel/runtime/profile";

describe("the memory guard", () => {
  it("warns once when memory is short, and again only after it has recovered", () => {
    const guard = new MemoryGuard(0.1);
    const look = (freeBytes: number): string | undefined => {
      const found = guard.look({ freeBytes, totalBytes: 1000 }, 0);
      return found === undefined ? undefined : found.first ? "first" : "still";
    };
    expect([200, 99, 50, 120, 149, 151, 120, 90].map(look)).toEqual([undefined, "first", "still", "still", "still", undefined, undefined, "first"]);
  });

  it("never warns with a share of 0, and the machine says what it has", () => {
    expect(new MemoryGuard(0).look({ freeBytes: 0, totalBytes: 1000 }, 0)).toBeUndefined();
    const { freeBytes, totalBytes } = memoryState();
    expect(freeBytes).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThan(freeBytes);
  });
});

describe("lines", () => {
  it("come out whole however the bytes arrive, and too long ones end it", () => {
    const text = Buffer.from("añb\n\nc\nde");
    for (let size = 1; size <= text.length; size++) {
      const lines = new LineSplitter(100);
      const out: string[] = [];
      for (let at = 0; at < text.length; at += size) out.push(...(lines.push(text.subarray(at, at + size)) ?? []));
      expect(out).toEqual(["añb", "", "c"]);
    }
    expect(new LineSplitter(3).push(Buffer.from("abcd\n"))).toBeUndefined();
    expect(new LineSplitter(3).push(Buffer.from("abcd"))).toBeUndefined();
    expect(new LineSplitter(3).push(Buffer.from("abc\n"))).toEqual(["abc"]);
  });
});

describe("the history", () => {
  it("is searched by pattern, cut by number, and bounded", () => {
    const history = new History();
    for (let i = 1; i <= 1500; i++) history.add(i, i % 2 === 0 ? "even" : `odd ${i}`);
    expect(history.select({ hist_access_type: "tail", n: 2 })).toEqual([[0, 1499, "odd 1499"], [0, 1500, "even"]]);
    expect(history.select({ hist_access_type: "search", pattern: "od* 149?", n: 2 })).toEqual([[0, 1497, "odd 1497"], [0, 1499, "odd 1499"]]);
    expect(history.select({ hist_access_type: "search", pattern: "even", unique: true })).toEqual([[0, 1500, "even"]]);
    expect(history.select({ hist_access_type: "range", start: 1499, stop: 1500, output: true })).toEqual([[0, 1499, ["odd 1499", null]]]);
    expect(history.select({ hist_access_type: "tail", n: 5000 })).toHaveLength(1000);
  });

  it("takes hostile patterns in bounded time", () => {
    expect(globMatcher("*a".repeat(500))("b".repeat(2000))).toBe(false);
    expect(globMatcher("a*?c")("axyc")).toBe(true);
    expect(globMatcher("")("")).toBe(true);
  });
});

describe("options of a kernel", () => {
  it("have defaults, and refuse what is no number or not known", () => {
    const base = ["--folder", "/f", "--notebook", "file:///n.ipynb"];
    expect(parseKernelOptions(base)).toMatchObject({ folder: "/f", idleShutdownMs: 0, memoryWarningShare: 0.08, outputLimitBytes: 2e6, threads: 0, file: undefined });
    expect(parseKernelOptions([...base, "--idle-shutdown-ms", "1e12"]).idleShutdownMs).toBe(2 ** 31 - 1);
    for (const wrong of [["--threads", "two"], ["--memory-warning", "0.9"], ["--output-limit", ""], ["--what", "1"], ["--idle-shutdown-ms", "-1"]]) expect(() => parseKernelOptions([...base, ...wrong]), wrong.join(" ")).toThrow(/usage: node main.js/);
    expect(() => parseKernelOptions([])).toThrow("--folder is missing");
  });
});

describe("a Chrome trace", () => {
  it("has a named row for each track and times in microseconds", () => {
    const { traceEvents } = JSON.parse(chromeTrace([{ name: "a", start: 1, end: 3 }, { name: "b", start: 2, end: 2.5, track: "cells", args: { flops: 7 } }]));
    expect(traceEvents).toEqual([
      { name: "thread_name", ph: "M", pid: 1, tid: 1, args: { name: "programs" } },
      { name: "thread_name", ph: "M", pid: 1, tid: 2, args: { name: "cells" } },
      { name: "a", ph: "X", pid: 1, tid: 1, ts: 1000, dur: 2000, args: {} },
      { name: "b", ph: "X", pid: 1, tid: 2, ts: 2000, dur: 500, args: { flops: 7 } },
    ]);
  });
});
