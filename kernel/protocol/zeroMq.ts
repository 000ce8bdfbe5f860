/** @file The transport of Jupyter clients: five ZeroMQ sockets, signed messages. */
import { randomUUID } from "node:crypto";
import type * as zeromq from "zeromq";
import { DeviceError } from "../errors";
import type { ConnectionFile } from "./connectionFile";
import type { Channel, JupyterMessage } from "./jupyter";
import type { ClientId, Receive, Transport } from "./transport";
import { WireFormat } from "./wireFormat";

export interface ZeroMqOptions {
  readonly connection: ConnectionFile;
  readonly receive: Receive;
}

/** Channels on which clients ask. */
const ASKING = ["shell", "control", "stdin"] as const satisfies readonly Channel[];
const OWN = "isoflop_";
/** What is not out by then when the kernel ends is dropped: nobody reads it. */
const LINGER_MS = 500;

export class ZeroMq implements Transport {
  /** Subscribers do not show themselves. */
  readonly attached = true;
  private readonly wire: WireFormat;
  private readonly kernel = randomUUID();
  private readonly asking: ReadonlyMap<Channel, zeromq.Router>;
  private readonly outgoing = new Map<zeromq.Writable, Promise<unknown>>();

  private constructor(
    private readonly sockets: { readonly routers: readonly (readonly [Channel, zeromq.Router])[]; readonly iopub: zeromq.Publisher; readonly heartbeat: zeromq.Router },
    { connection, receive }: ZeroMqOptions,
  ) {
    this.wire = new WireFormat(connection.key);
    this.asking = new Map(sockets.routers);
    for (const [channel, router] of sockets.routers) void this.listen(channel, router, receive);
    void this.beat();
  }

  /** @throws {DeviceError} when an address is taken or ZeroMQ does not load. */
  static async listen(options: ZeroMqOptions): Promise<ZeroMq> {
    const { addresses } = options.connection;
    try {
      const { Publisher, Router } = await import("zeromq");
      // A client that asks again and again after the kernel is gone must not find half of it.
      const settings = { linger: LINGER_MS };
      const routers = ASKING.map((channel) => [channel, new Router({ ...settings, handover: true })] as const);
      const iopub = new Publisher({ ...settings, sendHighWaterMark: 0 });
      const heartbeat = new Router(settings);
      await Promise.all([...routers.map(([channel, router]) => router.bind(addresses[channel])), iopub.bind(addresses.iopub), heartbeat.bind(addresses.hb)]);
      return new ZeroMq({ routers, iopub, heartbeat }, options);
    } catch (error) {
      throw new DeviceError(`the kernel cannot listen for Jupyter: ${error instanceof Error ? error.message : String(error)}`, { where: addresses.shell, help: "start the kernel again: Jupyter then chooses other ports", cause: error });
    }
  }

  reply(channel: Channel, message: JupyterMessage, client: ClientId): void {
    const socket = this.asking.get(channel);
    if (socket !== undefined) this.send(socket, this.wire.encode({ identities: identitiesOf(client), message }));
  }

  /** Messages of our own stay away: Jupyter's clients know only those of the protocol. */
  publish(message: JupyterMessage): void {
    if (message.header.msg_type.startsWith(OWN)) return;
    const topic = Buffer.from(`kernel.${this.kernel}.${message.header.msg_type}`);
    this.send(this.sockets.iopub, this.wire.encode({ identities: [topic], message }));
  }

  async close(): Promise<void> {
    await Promise.all(this.outgoing.values());
    const { routers, iopub, heartbeat } = this.sockets;
    for (const socket of [...routers.map(([, router]) => router), iopub, heartbeat]) socket.close();
  }

  /** A socket takes one message at a time. One for a client that has gone is dropped. */
  private send(socket: zeromq.Writable, frames: Buffer[]): void {
    const before = this.outgoing.get(socket) ?? Promise.resolve();
    this.outgoing.set(
      socket,
      before.then(() => socket.send(frames)).catch(() => undefined),
    );
  }

  private async listen(channel: Channel, router: zeromq.Router, receive: Receive): Promise<void> {
    for await (const frames of router) {
      const decoded = this.wire.decode(frames);
      if (decoded !== undefined) receive(channel, decoded.message, clientOf(decoded.identities));
    }
  }

  /** Gives back what comes: also while a cell computes, since this is not the thread of cells. */
  private async beat(): Promise<void> {
    for await (const frames of this.sockets.heartbeat) this.send(this.sockets.heartbeat, frames);
  }
}

/** ZeroMQ's way back to a client, as text. The same client has the same identity on shell and stdin. */
const clientOf = (identities: readonly Buffer[]): ClientId => identities.map((identity) => identity.toString("hex")).join(".");
const identitiesOf = (client: ClientId): Buffer[] => client.split(".").map((identity) => Buffer.from(identity, "hex"));
