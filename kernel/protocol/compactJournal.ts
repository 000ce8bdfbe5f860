/** @file A journal made smaller: what later messages replaced goes first, then what is oldest. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { parseEnvelope } from "./envelope";

/** The header stands at the beginning of a line. */
const HEAD_CHARACTERS = 400;
const UPDATE = '"msg_type":"update_display_data"';

/** Rewrites the journal at `path` without updates that later ones replaced; where it is still above `targetBytes`, without its oldest lines.
 * @throws what the file system throws; the journal is then as it was. */
export function compactJournal(path: string, targetBytes: number): void {
  const kept = newestWithin(withoutReplaced(readFileSync(path, "utf8").split("\n").filter((line) => line !== "")), targetBytes);
  const temporary = `${path}.tmp`;
  try {
    writeFileSync(temporary, kept.map((line) => `${line}\n`).join(""), { mode: 0o600 });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function withoutReplaced(lines: readonly string[]): string[] {
  const newer = new Set<string>();
  return lines
    .toReversed()
    .filter((line) => {
      const id = line.slice(0, HEAD_CHARACTERS).includes(UPDATE) ? displayOf(line) : undefined;
      if (id === undefined) return true;
      if (newer.has(id)) return false;
      newer.add(id);
      return true;
    })
    .toReversed();
}

function displayOf(line: string): string | undefined {
  const transient: unknown = parseEnvelope(line)?.message.content.transient;
  const id: unknown = typeof transient === "object" && transient !== null ? Reflect.get(transient, "display_id") : undefined;
  return typeof id === "string" ? id : undefined;
}

function newestWithin(lines: readonly string[], limitBytes: number): readonly string[] {
  let bytes = 0;
  const first = lines.findLastIndex((line) => (bytes += Buffer.byteLength(line) + 1) > limitBytes);
  return lines.slice(first + 1);
}
