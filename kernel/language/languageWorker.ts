/** @file Entry of the language worker: a thread beside the editor's, so that typing never waits for the compiler. */
import { parentPort, workerData } from "node:worker_threads";
import { LanguageServer } from "./languageServer";
import type { ToWorker, WorkerData } from "./messages";

const port = parentPort;
if (port === null) throw new Error("languageWorker.js is started as a worker thread, not as a program");
// SAFETY: the extension's language client starts this worker and gives it WorkerData.
const { cancelled } = workerData as WorkerData;
const server = new LanguageServer({ send: (message) => port.postMessage(message), cancelled: new Int32Array(cancelled) });
port.on("message", (message: ToWorker) => server.receive(message));
port.postMessage({ kind: "ready" });
