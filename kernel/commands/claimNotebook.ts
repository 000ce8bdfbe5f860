/** @file Runs the experiment of a notebook without an editor: the cells that lead to it, and no others. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ArgumentError } from "../errors";
import { setExperimentHost } from "../experiment/host";
import type { SessionMessage } from "../protocol/messages";
import { sessionHost, sourcesOf } from "../session/experimentHost";
import { type Notebook, parseNotebook, sourceOf, tagsOf } from "../session/notebook";
import { setParameters } from "../session/parameters";
import { cellsFor } from "../session/replay";
import { Session } from "../session/session";
import { UsageError } from "./command";

/** The tag of the cell that calls experiment(). */
export const EXPERIMENT_TAG = "experiment";

export interface ClaimNotebook {
  readonly slug: string;
  /** Absolute. */
  readonly path: string;
  /** What leads to the experiment, itself last. */
  readonly cells: readonly string[];
  /** Hashes of what defines the experiment, as a current result has them. */
  readonly sources: Readonly<Record<string, string>>;
}

/** Folder of the notebooks: here, or in the package. */
export function notebooksFolder(): string {
  const here = resolve("notebooks");
  // dist/ stands beside notebooks/.
  return existsSync(here) ? here : resolve(import.meta.dirname, "..", "notebooks");
}

/** The experiment of `<slug>.ipynb`. @param set - parameters to change. @throws {ArgumentError} when there is none. */
export function readClaim(slug: string, { folder = notebooksFolder(), set = new Map<string, string>() }: { readonly folder?: string; readonly set?: ReadonlyMap<string, string> } = {}): ClaimNotebook {
  const path = join(folder, `${slug}.ipynb`);
  if (!existsSync(path)) throw new UsageError(`there is no notebook of ${slug}`, { where: path, help: "see `isoflop methods` for those that have one" });
  const notebook = setParameters(parseNotebook(readFileSync(path, "utf8"), path), set);
  const cells = experimentCells(notebook);
  if (cells.length === 0) throw new ArgumentError(`no cell of the notebook is tagged "${EXPERIMENT_TAG}"`, { where: path, help: "tag the cell that calls experiment()" });
  return { slug, path, cells, sources: sourcesOf({ slug, folder, cells }) };
}

/** Cells up to the tagged one, without those that it does not depend on. */
function experimentCells({ cells }: Notebook): string[] {
  const code = cells.filter(({ cell_type: type }) => type === "code");
  const last = code.findLastIndex((cell) => tagsOf(cell).includes(EXPERIMENT_TAG));
  return last < 0 ? [] : cellsFor(code.slice(0, last + 1).map(sourceOf).filter((source) => source.trim() !== ""));
}

/** Runs it. Texts of outputs go to `say`. Rejects with what a cell throws. */
export async function runClaim({ path, cells }: ClaimNotebook, say: (text: string) => void): Promise<void> {
  const cwd = dirname(path);
  const before = process.cwd();
  const library = import("../index");
  process.chdir(cwd);
  const ran: string[] = [];
  setExperimentHost(sessionHost({ cwd, file: path, cells: () => ran }));
  const session = new Session({ cwd, file: path, modules: { isoflop: () => library }, onInterrupt: () => void library.then(({ interruptRuns }) => interruptRuns()), emit: (message) => tell(message, say) });
  const stop = (): void => session.interrupt();
  process.on("SIGINT", stop);
  try {
    for (const cell of cells) {
      ran.push(cell);
      const { error } = await session.execute(cell);
      if (error !== undefined) throw new ArgumentError(`${error.ename}: ${error.evalue.split("\n")[0]}`, { where: path, help: "what was finished is kept; run it again to go on" });
    }
  } finally {
    process.off("SIGINT", stop);
    session.dispose();
    setExperimentHost(undefined);
    process.chdir(before);
  }
}

function tell(message: SessionMessage, say: (text: string) => void): void {
  if (message.msg_type === "stream") say(message.content.text.trimEnd());
  else if (message.msg_type === "display_data" || message.msg_type === "update_display_data") say(String(message.content.data["text/plain"] ?? ""));
}
