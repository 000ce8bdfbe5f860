/**
 * @file onnxruntime reports nothing. Its official builds from 1.29 on send events to Microsoft over HTTPS, and keep an identifier of the machine
 * in the user's cache folder, unless a variable forbids it before the library starts (its docs/Privacy.md). On Windows they write events
 * that the system may collect; the native executor turns those off.
 */
import { isMainThread } from "node:worker_threads";
import { foreign } from "./foreign";

const VARIABLE = "ORT_DISABLE_TELEMETRY";

/** For processes that load onnxruntime themselves. */
export const PRIVATE_ENVIRONMENT = { [VARIABLE]: "1" };

/** Forbids reports of onnxruntime in this process. To be called before the library is loaded. A user who has set the variable, to whatever, is obeyed. */
export function keepPrivate(): void {
  if (process.env[VARIABLE] !== undefined) return;
  process.env[VARIABLE] = "1";
  if (isMainThread || process.platform === "win32") return;
  // The variables of a worker thread are a copy; onnxruntime reads the process's.
  try {
    foreign().load(null).func("int setenv(str name, str value, int overwrite)")(VARIABLE, "1", 1);
  } catch (error) {
    process.emitWarning(`onnxruntime may report its use to Microsoft from this thread: set ${VARIABLE}=1 before you start (${error instanceof Error ? error.message : String(error)})`, { code: "ISOFLOP_PRIVACY" });
  }
}

/** Whether onnxruntime is kept from reporting in this process, or will be when it is loaded. False where the user has set the variable otherwise. */
export const isPrivate = (): boolean => (process.env[VARIABLE] ?? "1") === "1";
