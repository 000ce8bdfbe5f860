/** @file Progress of a run in the terminal: a line per cell on stderr, what cells say on stdout. */
import { cutTo } from "../display/format";
import type { SessionMessage } from "../protocol/messages";
import type { CellResult } from "../session/session";

const MAX_TITLE = 72;
const MARK = { ok: "✓", error: "✗", interrupted: "■" } as const;

/** Prints a run. On a terminal the running cell's line is there from its start, and gives way to what it prints. */
export class Progress {
  private readonly count: number;
  private readonly live = process.stderr.isTTY === true;
  private pending = false;
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
    this.clear();
    if (this.open) process.stdout.write("\n");
    this.open = false;
    process.stderr.write(`${MARK[result.status]} ${this.label(cell)} ${seconds(result.durationMs).padStart(8)}  ${titleOf(source)}\n`);
  }

  /** Prints text of an output; pictures by their text. */
  show(message: SessionMessage): void {
    if (message.msg_type === "stream") this.print(message.content.name, message.content.text);
    else if (message.msg_type === "error") this.print("stderr", `${message.content.traceback.join("\n")}\n`);
    else if (message.msg_type === "execute_result" || message.msg_type === "display_data") {
      const text = message.content.data["text/plain"];
      if (typeof text === "string" && text !== "") this.print("stdout", `${text}\n`);
    }
  }

  private print(name: "stdout" | "stderr", text: string): void {
    this.clear();
    this.open = !text.endsWith("\n");
    process[name].write(text);
  }

  private clear(): void {
    if (this.pending) process.stderr.write("\r\u001b[K");
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
