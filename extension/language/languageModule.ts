/** @file What one has while typing in a cell: everything of it is answered by a worker thread. */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { Module } from "../services";
import { CellDiagnostics } from "./cellDiagnostics";
import { CellDocuments, SELECTOR } from "./cellDocuments";
import { COMPLETION_TRIGGERS, CompletionProvider } from "./completionProvider";
import { EditProvider, TYPING_TRIGGERS } from "./editProvider";
import { HoverProvider, SignatureProvider } from "./hoverProvider";
import { LanguageClient } from "./languageClient";
import { LiveValues } from "./liveValues";
import { NavigationProvider } from "./navigationProvider";

/** Types of a large notebook with many packages; the worker ends beyond it, not the editor. */
const MAX_HEAP_MEGABYTES = 2048;

export const languageModule: Module = ({ vs, context, config, log, kernels }) => {
  const path = join(context.extensionPath, "dist", "languageWorker.js");
  const client = new LanguageClient({ log, start: (workerData) => new Worker(path, { workerData, resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MEGABYTES }, execArgv: [] }) });
  const documents = new CellDocuments(vs, client);
  const live = new LiveValues(kernels);
  const navigation = new NavigationProvider(vs, documents);
  const edits = new EditProvider(vs, documents);
  const { languages } = vs;
  return vs.Disposable.from(
    client,
    languages.registerCompletionItemProvider(SELECTOR, new CompletionProvider(vs, documents, live), ...COMPLETION_TRIGGERS),
    languages.registerHoverProvider(SELECTOR, new HoverProvider(vs, documents, live)),
    languages.registerSignatureHelpProvider(SELECTOR, new SignatureProvider(vs, documents), { triggerCharacters: ["(", ",", "<"], retriggerCharacters: [")"] }),
    languages.registerDefinitionProvider(SELECTOR, navigation),
    languages.registerReferenceProvider(SELECTOR, navigation),
    languages.registerRenameProvider(SELECTOR, navigation),
    languages.registerDocumentHighlightProvider(SELECTOR, navigation),
    languages.registerDocumentSymbolProvider(SELECTOR, navigation),
    languages.registerDocumentFormattingEditProvider(SELECTOR, edits),
    languages.registerDocumentRangeFormattingEditProvider(SELECTOR, edits),
    languages.registerOnTypeFormattingEditProvider(SELECTOR, edits, ...TYPING_TRIGGERS),
    languages.registerCodeActionsProvider(SELECTOR, edits, { providedCodeActionKinds: [vs.CodeActionKind.QuickFix] }),
    languages.registerDocumentSemanticTokensProvider(SELECTOR, edits, edits.legend),
    new CellDiagnostics(vs, documents, config),
    vs.workspace.onDidCloseNotebookDocument((notebook) => client.close(notebook.uri.toString())),
  );
};
