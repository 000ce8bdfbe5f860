/** @file What runs in the thread of the protocol: the socket and its record, the journal, the monitor, and the end of the process. */
import { randomBytes, randomUUID } from "node:crypto";
import { renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { version } from "../../package.json";
import { ArgumentError } from "../errors";
import { readConnectionFile } from "../protocol/connectionFile";
import { Journal } from "../protocol/journal";
import type { KernelRecord } from "../protocol/jupyter";
import { LocalSocket } from "../protocol/localSocket";
import type { Transport } from "../protocol/transport";
import type { ProtocolData, ToMain, ToProtocol } from "./channel";
import { Dispatcher } from "./dispatcher";
import { IdleTimer } from "./idleTimer";
import { kernelInfo } from "./kernelInfo";
import { SideFiles } from "./sideFiles";
import { removeSocket, socketPathIn } from "./socketPath";
import { StatusMonitor } from "./statusMonitor";

const RECORD_FILE = "kernel.json";
const JOURNAL_FILE = "journal.jsonl";
const TOKEN_BYTES = 24;
/** A main thread that does not end by then is in a loop that nothing else ends. */
const KILL_MS = 1500;
const STDERR = 2;

export class ProtocolThread {
  private readonly dispatcher: Dispatcher;
  private readonly idle: IdleTimer;
  private socketPath = "";
  private transport: Transport | undefined;
  private monitor: StatusMonitor | undefined;
  private ending = false;

  constructor(private readonly data: ProtocolData) {
    const { options, port, shared } = data;
    const { folder, file, idleShutdownMs, outputLimitBytes } = options;
    this.idle = new IdleTimer({ afterMs: idleShutdownMs, isIdle: () => this.transport?.attached !== true && this.dispatcher.queue.idle, onIdle: () => this.dispatcher.shutdown() });
    this.dispatcher = new Dispatcher({
      session: randomUUID(),
      shared,
      outputLimitBytes,
      files: new SideFiles({ notebook: file, fallback: folder }),
      send: (order) => port.postMessage(order),
      onShutdown: () => void this.end(),
      onActivity: () => this.idle.touch(),
    });
    port.on("message", (message: ToProtocol) => this.dispatcher.take(message));
  }

  /** Listens: for a Jupyter client where it gave a connection file, else on the local socket.
   * @throws {IsoflopError} when that cannot be. */
  async start(): Promise<void> {
    const { connection } = this.data.options;
    if (connection === undefined) await this.listenLocally();
    else await this.listenForJupyter(connection);
    this.idle.touch();
  }

  private async listenForJupyter(connection: string): Promise<void> {
    const { ZeroMq } = await import("../protocol/zeroMq");
    this.transport = await ZeroMq.listen({ connection: readConnectionFile(connection), receive: this.dispatcher.receive });
    this.dispatcher.use(this.transport);
    this.dispatcher.publish({ msg_type: "status", content: { execution_state: "starting" } });
  }

  /** Listens, and then writes down where. */
  private async listenLocally(): Promise<void> {
    const { options, shared } = this.data;
    this.socketPath = await socketPathIn(options.folder);
    const token = randomBytes(TOKEN_BYTES).toString("base64url");
    const journal = new Journal({ path: join(options.folder, JOURNAL_FILE), onFailure: (error) => setImmediate(() => this.warn(`the kernel's journal cannot be written (${error.message}); cells go on, but a window that is closed may miss output`)) });
    this.transport = await LocalSocket.listen({
      path: this.socketPath,
      token,
      journal,
      receive: this.dispatcher.receive,
      describe: () => ({ kernel: kernelInfo(this.dispatcher.info), pending: this.dispatcher.queue.pending }),
      onClients: (change, client) => {
        if (change === "attached") this.dispatcher.attached(client);
        this.idle.touch();
      },
    }).catch((error: unknown) => {
      throw new ArgumentError(`the kernel cannot listen: ${error instanceof Error ? error.message : String(error)}`, { where: this.socketPath, help: "give --folder a folder of its own on a local disk", cause: error });
    });
    this.dispatcher.use(this.transport);
    this.record(token);
    this.monitor = new StatusMonitor({
      work: shared.work,
      warningShare: options.memoryWarningShare,
      info: () => this.dispatcher.info,
      wanted: () => this.transport?.attached === true,
      send: (status) => this.dispatcher.publish({ msg_type: "isoflop_status", content: status }),
      onWarning: (warning) => this.warn(warning),
    });
  }

  private record(token: string): void {
    const { folder, notebook, cwd } = this.data.options;
    const record: KernelRecord = { pid: process.pid, socket: this.socketPath, token, notebook, cwd, started: new Date().toISOString(), version };
    // Whoever waits for the file finds all of it.
    const temporary = join(folder, `${RECORD_FILE}.tmp`);
    writeFileSync(temporary, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
    renameSync(temporary, join(folder, RECORD_FILE));
  }

  private warn(text: string): void {
    this.dispatcher.warn(text);
    try {
      // The main thread, which `process.stderr` goes through, may be busy for long.
      writeSync(STDERR, `${text}\n`);
    } catch {
      // Nobody reads it.
    }
  }

  private async end(): Promise<void> {
    if (this.ending) return;
    this.ending = true;
    this.monitor?.stop();
    setTimeout(() => process.kill(process.pid, "SIGKILL"), KILL_MS);
    await this.transport?.close();
    rmSync(join(this.data.options.folder, RECORD_FILE), { force: true });
    removeSocket(this.socketPath);
    this.data.port.postMessage({ kind: "end" } satisfies ToMain);
  }
}
