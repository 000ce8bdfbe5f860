/** @file What carries messages between a kernel and its clients: the local socket, ZeroMQ. */
import type { Channel, JupyterMessage } from "./jupyter";

/** Names a client to the transport that it came by. */
export type ClientId = string;

/** What a transport calls when a message came. Invalid ones (bad token, signature, JSON) never come here. */
export type Receive = (channel: Channel, message: JupyterMessage, client: ClientId) => void;

export interface Transport {
  /** Whether anyone may be listening. Where that cannot be known: true. */
  readonly attached: boolean;
  /** To one client: replies and input requests. A client that has gone is no error. */
  reply(channel: Channel, message: JupyterMessage, client: ClientId): void;
  /** To all clients. */
  publish(message: JupyterMessage): void;
  /** Resolves when what was sent is out and nothing is open any more. */
  close(): Promise<void>;
}
