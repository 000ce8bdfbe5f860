/** @file Connection files: where a Jupyter client wants its kernel to listen, and the key they share. */
import { readFileSync } from "node:fs";
import { FormatError } from "../errors";
import { isRecord, parseJson } from "./envelope";

export type Port = "shell" | "control" | "iopub" | "stdin" | "hb";
const PORTS = ["shell", "control", "iopub", "stdin", "hb"] as const satisfies readonly Port[];

export interface ConnectionFile {
  /** ZeroMQ addresses. */
  readonly addresses: Readonly<Record<Port, string>>;
  /** "": messages are not signed. */
  readonly key: string;
}

const LARGEST_PORT = 65_535;

/** @throws {FormatError} when the file is not there, or is none. */
export function readConnectionFile(path: string): ConnectionFile {
  const help = "Jupyter writes this file when it starts a kernel: start the kernel from Jupyter";
  const bad = (what: string): FormatError => new FormatError(`the connection file ${what}`, { where: path, help });
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new FormatError(`the connection file cannot be read: ${error instanceof Error ? error.message : String(error)}`, { where: path, help, cause: error });
  }
  const value = parseJson(text);
  if (!isRecord(value)) throw bad("is no JSON object");
  const { transport = "tcp", ip = "127.0.0.1", key = "", signature_scheme: scheme = "hmac-sha256" } = value;
  if (transport !== "tcp" && transport !== "ipc") throw bad(`names the transport ${JSON.stringify(transport)}; "tcp" and "ipc" are known`);
  if (typeof ip !== "string" || typeof key !== "string") throw bad("has no address or no key");
  if (key !== "" && scheme !== "hmac-sha256") throw bad(`asks for signatures by ${JSON.stringify(scheme)}; "hmac-sha256" is known`);
  const addressOf = (name: Port): string => {
    const port = value[`${name}_port`];
    if (typeof port !== "number" || !Number.isInteger(port) || port < 1 || port > LARGEST_PORT) throw bad(`has no ${name}_port`);
    return transport === "tcp" ? `tcp://${ip}:${port}` : `ipc://${ip}-${port}`;
  };
  const [shell, control, iopub, stdin, hb] = PORTS.map(addressOf);
  return { key, addresses: { shell, control, iopub, stdin, hb } };
}
