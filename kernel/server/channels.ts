/** @file A websocket of the Jupyter server: the four channels of a kernel to and from one client. */
import type { RawData, WebSocket } from "ws";
import type { KernelClient } from "../process/client";
import { makeMessage } from "../protocol/envelope";
import type { Envelope } from "../protocol/jupyter";
import type { ServerKernel } from "./serverKernel";
import { BINARY_PROTOCOL, decode, encodeBinary, encodeText } from "./websocketFormat";

export interface ChannelsParts {
  readonly socket: WebSocket;
  readonly kernel: ServerKernel;
  /** Of the client, as it gave it. */
  readonly session: string;
}

const PING_MS = 30_000;
/** Close codes of websockets: a message that is none; something failed here. */
const UNSUPPORTED = 1003;
const FAILED = 1011;
/** A client that leaves more than that unread is let go. */
const UNREAD_BYTES = 256e6;

/** Passes messages on until one side ends. A restart gives the socket to the new process; a death is told and closes it. */
export class Channels {
  private client: Promise<KernelClient | undefined> = Promise.resolve(undefined);
  private alive = true;

  constructor(private readonly parts: ChannelsParts) {
    const { socket, kernel } = parts;
    kernel.connections++;
    this.attach();
    const restarted = (): void => {
      this.attach();
      this.say("restarting");
    };
    const dead = (): void => {
      this.say("dead");
      socket.close();
    };
    kernel.on("restarted", restarted).on("dead", dead);
    const pinging = setInterval(() => this.ping(), PING_MS);
    socket.on("pong", () => (this.alive = true));
    socket.on("error", () => socket.terminate());
    socket.on("message", (data, isBinary) => this.receive(data, isBinary));
    socket.on("close", () => {
      clearInterval(pinging);
      kernel.off("restarted", restarted).off("dead", dead);
      kernel.connections--;
      void this.client.then((client) => client?.close());
    });
  }

  private attach(): void {
    const { kernel, session, socket } = this.parts;
    void this.client.then((old) => old?.close());
    this.client = kernel.connect(session, (envelope) => this.send(envelope)).catch(() => {
      socket.close(FAILED, "the kernel has ended");
      return undefined;
    });
  }

  private receive(data: RawData, isBinary: boolean): void {
    // Sockets of `ws` give buffers unless they are told otherwise.
    const envelope = Buffer.isBuffer(data) ? decode(data, isBinary) : undefined;
    if (envelope === undefined) this.parts.socket.close(UNSUPPORTED, "no Jupyter message");
    // What came before the kernel was reached is sent in order when it is.
    else void this.client.then((client) => client?.send(envelope));
  }

  private send(envelope: Envelope): void {
    const { socket } = this.parts;
    // The states that only our own editor side reads.
    if (socket.readyState !== socket.OPEN || envelope.message.header.msg_type.startsWith("isoflop_")) return;
    if (socket.bufferedAmount > UNREAD_BYTES) socket.terminate();
    else socket.send(socket.protocol === BINARY_PROTOCOL ? encodeBinary(envelope) : encodeText(envelope));
  }

  private say(state: "restarting" | "dead"): void {
    this.send({ channel: "iopub", message: makeMessage({ type: "status", content: { execution_state: state }, session: this.parts.kernel.id }) });
  }

  private ping(): void {
    if (!this.alive) this.parts.socket.terminate();
    this.alive = false;
    this.parts.socket.ping();
  }
}
