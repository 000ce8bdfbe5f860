/** @file Runs cells in a session of their own and tells what came of them. */
import type { SessionMessage } from "../../kernel/protocol/messages";
import { type CellResult, Session, type SessionOptions } from "../../kernel/session/session";

export interface Ran {
  readonly results: readonly CellResult[];
  /** text/plain of each cell's value; undefined where it showed none. */
  readonly shown: readonly unknown[];
  /** "name: first line of message" of each cell's error. */
  readonly errors: readonly (string | undefined)[];
  readonly messages: readonly { readonly cell: string; readonly message: SessionMessage }[];
  /** What each cell wrote to stdout and stderr. */
  readonly written: readonly string[];
  readonly variables: ReadonlyMap<string, unknown>;
}

export async function runCells(cells: readonly string[], options: Partial<SessionOptions> = {}): Promise<Ran> {
  const messages: { cell: string; message: SessionMessage }[] = [];
  const session = new Session({ cwd: import.meta.dirname, ...options, emit: (message, cell) => messages.push({ cell, message }) });
  try {
    const results: CellResult[] = [];
    for (const cell of cells) results.push(await session.execute(cell));
    const written = cells.map((_, k) => messages.flatMap(({ cell, message }) => (cell === String(k + 1) && message.msg_type === "stream" ? [message.content.text] : [])).join(""));
    return {
      results,
      shown: results.map(({ value }) => value?.["text/plain"]),
      errors: results.map(({ error }) => (error === undefined ? undefined : `${error.ename}: ${error.evalue.split("\n")[0]}`)),
      messages,
      written,
      variables: session.variables,
    };
  } finally {
    session.dispose();
  }
}

/** What the last cell shows; fails when any cell failed. */
export async function valueOf(cells: readonly string[], options: Partial<SessionOptions> = {}): Promise<unknown> {
  const { shown, errors } = await runCells(cells, options);
  const failed = errors.find((error) => error !== undefined);
  if (failed !== undefined) throw new Error(`a cell failed: ${failed}`);
  return shown.at(-1);
}
