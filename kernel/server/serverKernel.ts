/** @file One kernel of the Jupyter server: a kernel process under an id that outlives its restarts. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { DeviceError } from "../errors";
import { KernelClient, readRecord } from "../process/client";
import type { Envelope, KernelRecord } from "../protocol/jupyter";

export const KERNEL_NAME = "isoflop";

/** As `/api/kernels` tells it. */
export interface KernelModel {
  readonly id: string;
  readonly name: string;
  /** ISO 8601. */
  readonly last_activity: string;
  readonly execution_state: string;
  readonly connections: number;
}

export interface ServerKernelOptions {
  /** Private folder; each process gets one of its own in it. */
  readonly folder: string;
  readonly cwd: string;
  /** The notebook's path, absolute. */
  readonly file: string;
  /** Further flags of `main.js`. */
  readonly flags: readonly string[];
}

/** A kernel whose server was killed ends by itself after this time. */
const ORPHAN_MS = 60_000;
/** A kernel that was asked to end gets so long before it is killed. */
const END_MS = 3000;
const NO_REPLAY = -1;

/** "restarted" when another process has taken its place, "dead" when its process ended by itself or was ended. */
export class ServerKernel extends EventEmitter<{ restarted: []; dead: [] }> {
  readonly id = randomUUID();
  connections = 0;
  private state = "starting";
  private lastActivity = new Date().toISOString();
  private processes = 0;
  private running: { readonly child: ChildProcess; readonly record: KernelRecord; readonly client: KernelClient } | undefined;

  private constructor(private readonly options: ServerKernelOptions) {
    super();
    this.setMaxListeners(0);
  }

  /** @throws {DeviceError} when it does not start. */
  static async start(options: ServerKernelOptions): Promise<ServerKernel> {
    const kernel = new ServerKernel(options);
    await kernel.launch();
    return kernel;
  }

  get model(): KernelModel {
    return { id: this.id, name: KERNEL_NAME, last_activity: this.lastActivity, execution_state: this.state, connections: this.connections };
  }

  /** A connection of its own for a client of the server. @throws {DeviceError} when the kernel has ended. */
  connect(session: string, listen: (envelope: Envelope) => void): Promise<KernelClient> {
    return KernelClient.connect(this.process.record, { session, after: NO_REPLAY }, listen);
  }

  async interrupt(): Promise<void> {
    await this.process.client.request("interrupt_request", {});
  }

  /** Another process under the same id: names are gone. */
  async restart(): Promise<void> {
    await this.stop();
    this.state = "restarting";
    await this.launch();
    this.emit("restarted");
  }

  /** Resolves when the process has ended. */
  async end(): Promise<void> {
    await this.stop();
    this.bury();
  }

  private get process(): NonNullable<typeof this.running> {
    if (this.running === undefined) throw new DeviceError("the kernel has ended", { where: `kernel ${this.id}`, help: "start another one" });
    return this.running;
  }

  private async launch(): Promise<void> {
    const { cwd, file, flags } = this.options;
    const folder = join(this.options.folder, `${this.id}-${++this.processes}`);
    const main = fileURLToPath(new URL("./main.js", import.meta.url));
    const child = spawn(process.execPath, [main, "--notebook", pathToFileURL(file).href, "--file", file, "--cwd", cwd, "--folder", folder, ...flags, "--idle-shutdown-ms", String(ORPHAN_MS)], { cwd, stdio: ["ignore", "ignore", "inherit"], windowsHide: true });
    const gone = once(child, "exit");
    try {
      const failed = gone.then(([code]) => Promise.reject(new DeviceError(`the kernel ended while it started (code ${String(code)})`, { where: cwd, help: "see the server's error output" })));
      const record = await Promise.race([readRecord(folder), failed]);
      const client = await KernelClient.connect(record, { after: NO_REPLAY }, (envelope) => this.follow(envelope));
      const running = { child, record, client };
      this.running = running;
      this.state = "idle";
      void gone.then(() => {
        client.close();
        rmSync(folder, { recursive: true, force: true });
        // One that was stopped has been taken out before.
        if (this.running === running) this.bury();
      });
    } catch (error) {
      child.kill("SIGKILL");
      this.bury();
      throw error;
    }
  }

  private async stop(): Promise<void> {
    const { running } = this;
    if (running === undefined) return;
    this.running = undefined;
    const { child, client } = running;
    const gone = child.exitCode === null && child.signalCode === null ? once(child, "exit") : Promise.resolve();
    await Promise.race([client.request("shutdown_request", { restart: false }).catch(() => undefined), sleep(END_MS, undefined, { ref: false })]);
    await Promise.race([gone, sleep(END_MS, undefined, { ref: false })]);
    child.kill("SIGKILL");
    await gone;
  }

  private bury(): void {
    this.running = undefined;
    this.state = "dead";
    this.emit("dead");
  }

  private follow({ channel, message: { header, content } }: Envelope): void {
    if (channel !== "iopub" || header.msg_type !== "status") return;
    this.lastActivity = header.date;
    this.state = String(content.execution_state);
  }
}
