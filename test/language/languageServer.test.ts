import { tmpdir } from "node:os";
import { describe, expect, it, vi } from "vitest";
import type { FromWorker, LanguageMethod, ToWorker } from "../../kernel/language/messages";
import { LanguageServer } from "../../kernel/language/languageServer";
import { NotebookLanguage } from "../../kernel/language/notebookLanguage";

/** A server whose turns are made by hand. */
function server(): { readonly sent: FromWorker[]; readonly cancelled: Int32Array; readonly receive: (message: ToWorker) => void; readonly turn: () => void; readonly drain: () => void } {
  const sent: FromWorker[] = [];
  const turns: (() => void)[] = [];
  const cancelled = new Int32Array(16);
  const language = new LanguageServer({ cancelled, send: (message) => sent.push(message), schedule: (work) => turns.push(work) });
  const turn = (): void => turns.shift()?.();
  return { sent, cancelled, turn, receive: (message) => language.receive(message), drain: () => { while (turns.length > 0) turn(); } };
}

const NOTEBOOK = "file:///a.ipynb";
const cwd = tmpdir();
const sync = (...cells: (string | undefined)[]): ToWorker => ({ kind: "sync", notebook: NOTEBOOK, cwd, cells: cells.map((code, k) => ({ id: `c${k}`, code })) });
const request = (id: number, method: LanguageMethod, params: object): ToWorker =>
  // SAFETY: the tests below give each method its own parameters.
  ({ kind: "request", id, notebook: NOTEBOOK, method, params } as ToWorker);

describe("the language server", () => {
  it("answers about the cells as they were last told, of which only changed ones come", () => {
    const { sent, receive, drain } = server();
    receive(sync("const a = 1", "a"));
    receive(sync(undefined, "a + 'x'"));
    receive(request(1, "hover", { cell: "c1", offset: 0 }));
    drain();
    expect(sent).toMatchObject([{ kind: "answer", id: 1, result: { signature: "const a: 1" } }]);
  });

  it("answers what one waits for while typing before what is told in the background", () => {
    const { sent, receive, drain } = server();
    receive(sync("const a = 1"));
    for (const id of [1, 2]) receive(request(id, "diagnostics", { cell: "c0" }));
    receive(request(3, "hover", { cell: "c0", offset: 6 }));
    drain();
    expect(sent.map((message) => ("id" in message ? message.id : 0))).toEqual([3, 1, 2]);
  });

  it("drops what was cancelled while it waited, and says so", () => {
    const { sent, receive, drain, cancelled } = server();
    receive(sync("const a = 1"));
    receive(request(17, "hover", { cell: "c0", offset: 6 }));
    receive(request(18, "hover", { cell: "c0", offset: 6 }));
    cancelled[17 % 16] = 17;
    drain();
    expect(sent.map(({ kind }) => kind)).toEqual(["cancelled", "answer"]);
  });

  it("reads the types of a notebook that it is told of before anybody asks, once, unless it was closed", () => {
    const warm = vi.spyOn(NotebookLanguage.prototype, "warm");
    const { receive, drain } = server();
    receive(sync("const a = 1"));
    receive({ kind: "close", notebook: NOTEBOOK });
    drain();
    expect(warm).not.toHaveBeenCalled();
    receive(sync("const a = 1"));
    receive(sync("const a = 2"));
    drain();
    expect(warm).toHaveBeenCalledOnce();
    warm.mockRestore();
  });

  it("answers nothing about a notebook that was closed or never told, and lives on after a failure", () => {
    const { sent, receive, drain } = server();
    receive(sync("const a = 1"));
    receive({ kind: "close", notebook: NOTEBOOK });
    receive(request(1, "hover", { cell: "c0", offset: 6 }));
    drain();
    receive(sync("const a = 1"));
    // SAFETY: what a broken client could send.
    receive(request(2, "nonsense" as LanguageMethod, {}));
    receive(request(3, "hover", { cell: "c0", offset: 6 }));
    drain();
    expect(sent).toMatchObject([{ kind: "answer", id: 1, result: undefined }, { kind: "failed", id: 2 }, { kind: "answer", id: 3, result: { signature: "const a: 1" } }]);
  });
});
