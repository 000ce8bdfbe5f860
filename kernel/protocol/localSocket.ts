/** @file The local socket: JSON lines to clients that know the token, with replay of what they missed. */
import { chmodSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { Connection } from "./connection";
import type { Journal } from "./journal";
import type { AttachReply, Channel, Envelope, JupyterMessage } from "./jupyter";
import type { ClientId, Receive, Transport } from "./transport";

export interface LocalSocketOptions {
  /** Path of the unix socket, or name of the pipe. */
  readonly path: string;
  readonly token: string;
  readonly journal: Journal;
  readonly receive: Receive;
  /** What a client that attaches is told first. */
  readonly describe: () => Omit<AttachReply, "seq">;
  /** A client has attached (and has all it missed), or one has gone. */
  readonly onClients?: (change: "attached" | "left", client: ClientId) => void;
}

/** States of the moment: of no use to whoever comes later. */
const MOMENTARY: ReadonlySet<string> = new Set(["isoflop_status", "isoflop_variables_changed"]);
const CLOSE_MS = 1000;

/** Messages on iopub and replies to executions are numbered and journaled; other replies and momentary states are not. */
export class LocalSocket implements Transport {
  private readonly connections = new Map<ClientId, Connection>();
  private counter = 0;

  private constructor(
    private readonly server: Server,
    private readonly options: LocalSocketOptions,
  ) {
    server.on("connection", (socket) => this.connect(socket));
  }

  /** Listens, for this user alone. Rejects when the path is in use or cannot be made. */
  static async listen(options: LocalSocketOptions): Promise<LocalSocket> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(options.path, () => {
        server.off("error", reject);
        resolve();
      });
    });
    if (process.platform !== "win32") chmodSync(options.path, 0o600);
    server.on("error", () => undefined);
    return new LocalSocket(server, options);
  }

  get attached(): boolean {
    return [...this.connections.values()].some(({ attached }) => attached);
  }

  reply(channel: Channel, message: JupyterMessage, client: ClientId): void {
    const connection = this.connections.get(client);
    if (message.header.msg_type === "execute_reply") {
      // Whoever asked may be gone: it is in the journal, and whoever came instead is told.
      const line = this.record(channel, message);
      for (const listener of connection === undefined ? this.connections.values() : [connection]) listener.send(line);
    } else connection?.send(JSON.stringify({ channel, message } satisfies Envelope));
  }

  publish(message: JupyterMessage): void {
    const line = isMomentary(message) ? JSON.stringify({ channel: "iopub", message } satisfies Envelope) : this.record("iopub", message);
    for (const connection of this.connections.values()) connection.send(line);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const connection of this.connections.values()) connection.end();
    // A client that reads nothing must not hold up the end.
    const late = setTimeout(() => this.connections.forEach((connection) => connection.destroy()), CLOSE_MS);
    await closed;
    clearTimeout(late);
    this.options.journal.close();
  }

  private record(channel: Channel, message: JupyterMessage): string {
    return this.options.journal.append((seq) => JSON.stringify({ seq, channel, message } satisfies Envelope));
  }

  private connect(socket: Socket): void {
    const id = `client ${++this.counter}`;
    const { token, journal, receive, describe, onClients } = this.options;
    const connection = new Connection(socket, {
      token,
      journal,
      describe,
      receive: ({ channel, message }) => receive(channel, message, id),
      onAttached: () => onClients?.("attached", id),
      onClosed: (wasAttached) => {
        this.connections.delete(id);
        if (wasAttached) onClients?.("left", id);
      },
    });
    this.connections.set(id, connection);
  }
}

/** States of requests that leave no output matter only to who is there. */
function isMomentary({ header, parent_header: parent }: JupyterMessage): boolean {
  if (MOMENTARY.has(header.msg_type)) return true;
  return header.msg_type === "status" && (!("msg_type" in parent) || parent.msg_type !== "execute_request");
}
