/** @file Progress of a run in the terminal: a line per cell on stderr, what cells say on stdout. */
import { cutTo } from "../display/format";
import type { SessionMessage } from "../protocol/messages";
import type { CellResult } from "../session/session";
import { clearLine, writeOver } from "./liveLine";

const MAX_TITLE = 72;
/** Where no line can be written over, a display that changes is printed again after so long: a log stays short, and shows life. */
const AGAIN_MS = 30_000;
const MARK = { ok: "✓", error: "✗", interrupted: "■" } as const;

/** A display that may change. */
interface Shown {
  printed: string;
  latest: string;
  at: number;
}

/**
 * Prints a run. On a terminal the running cell's line is there from its start, and gives way to what it prints; what changes is written
 * over it. Elsewhere a display that changes is printed again now and then. What each said last stands in the end either way.
 */
export class Progress {
  private readonly count: number;
  private readonly live = process.stderr.isTTY === true;
  private pending = false;
  private readonly displays = new Map<string, Shown>();
  /** Output so far ended within a line. */
  private open = false;

  /** @param count - number of code cells in the notebook. */
  constructor(count: number) {
    this.count = count;
  }

  start(cell: number, source: string): void {
    if (!this.live) return;
    process.stderr.write(`  ${this.label(cell)} ${titleOf(source)}`);
    this.pending = true;
  }

  done(cell: number, { source, result }: { readonly source: string; readonly result: CellResult }): void {
    for (const shown of this.displays.values()) if (shown.latest !== shown.printed) this.again(shown);
    this.clear();
    if (this.open) process.stdout.write("\n");
    this.open = false;
    process.stderr.write(`${MARK[result.status]} ${this.label(cell)} ${seconds(result.durationMs).padStart(8)}  ${titleOf(source)}\n`);
  }

  /** Prints text of an output; pictures by their text. */
  show(message: SessionMessage): void {
    if (message.msg_type === "stream") this.print(message.content.name, message.content.text);
    else if (message.msg_type === "error") this.print("stderr", `${message.content.traceback.join("\n")}\n`);
    else if (message.msg_type === "execute_result" || message.msg_type === "display_data" || message.msg_type === "update_display_data") {
      const { data, transient } = message.content;
      const text = data["text/plain"];
      if (typeof text !== "string" || text === "") return;
      if (message.msg_type === "update_display_data") return this.changed(transient?.display_id ?? "", text);
      this.print("stdout", `${text}\n`);
      if (transient?.display_id !== undefined) this.displays.set(transient.display_id, { printed: text, latest: text, at: performance.now() });
    }
  }

  private changed(id: string, text: string): void {
    const shown = this.displays.get(id);
    if (shown === undefined) return;
    shown.latest = text;
    if (this.live) {
      if (this.open) return; // it would write over what was printed last
      writeOver(`  ${text}`);
      this.pending = true;
    } else if (performance.now() - shown.at >= AGAIN_MS) this.again(shown);
  }

  private again(shown: Shown): void {
    this.print("stdout", `${shown.latest}\n`);
    shown.printed = shown.latest;
    shown.at = performance.now();
  }

  private print(name: "stdout" | "stderr", text: string): void {
    this.clear();
    this.open = !text.endsWith("\n");
    process[name].write(text);
  }

  private clear(): void {
    if (this.pending) clearLine();
    this.pending = false;
  }

  private label(cell: number): string {
    return `[${String(cell).padStart(String(this.count).length)}/${this.count}]`;
  }
}

/** The first line that says something. */
function titleOf(source: string): string {
  const lines = source.split("\n").map((line) => line.trim());
  const line = lines.find((text) => text !== "") ?? "";
  return cutTo(line, MAX_TITLE);
}

/** "12 ms", "3.4 s", "2 min 5 s". */
export function seconds(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}
