/** @file The kernels of the Jupyter server and its sessions: which notebook uses which kernel. */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { ArgumentError } from "../errors";
import { type KernelModel, ServerKernel } from "./serverKernel";

/** As `/api/sessions` tells it. */
export interface SessionModel {
  readonly id: string;
  /** Relative to the server's folder. */
  readonly path: string;
  readonly name: string;
  readonly type: "notebook";
  readonly kernel: KernelModel;
  /** The older form, which some clients still read. */
  readonly notebook: { readonly path: string; readonly name: string };
}

export interface ServerKernelsOptions {
  /** Folder that the paths of notebooks are relative to, absolute. */
  readonly root: string;
  /** Private folder for what kernels keep while they run. */
  readonly folder: string;
  /** Further flags of each kernel. */
  readonly flags: readonly string[];
}

interface Session {
  readonly id: string;
  readonly path: string;
  readonly name: string;
  readonly kernel: ServerKernel;
}

export interface SessionWish {
  readonly path: string;
  readonly name: string;
  /** Id of a kernel that runs already. Default: a new one. */
  readonly kernel?: string;
}

export class ServerKernels {
  private readonly kernels = new Map<string, ServerKernel>();
  private readonly opened = new Map<string, Session>();
  private readonly started = new Date().toISOString();

  constructor(private readonly options: ServerKernelsOptions) {}

  get list(): readonly KernelModel[] {
    return [...this.kernels.values()].map(({ model }) => model);
  }

  get sessions(): readonly SessionModel[] {
    return [...this.opened.values()].map(modelOf);
  }

  get status(): object {
    const { list } = this;
    return { started: this.started, last_activity: list.reduce((last, { last_activity: at }) => (at > last ? at : last), this.started), kernels: list.length, connections: list.reduce((sum, { connections }) => sum + connections, 0) };
  }

  kernel(id: string): ServerKernel | undefined {
    return this.kernels.get(id);
  }

  session(id: string): SessionModel | undefined {
    const session = this.opened.get(id);
    return session && modelOf(session);
  }

  /** A kernel for the notebook at `path`, in its folder where there is one. @throws {DeviceError} when it does not start. */
  async start(path: string): Promise<ServerKernel> {
    const { root, folder, flags } = this.options;
    const file = resolve(root, path === "" ? "notebook.ipynb" : path.replace(/^\/+/, ""));
    // Clients name notebooks that they hold elsewhere as they like.
    const inside = file.startsWith(root.endsWith(sep) ? root : root + sep) && existsSync(dirname(file));
    const kernel = await ServerKernel.start({ folder, flags, file: inside ? file : join(root, "notebook.ipynb"), cwd: inside ? dirname(file) : root });
    this.kernels.set(kernel.id, kernel);
    kernel.once("dead", () => {
      this.kernels.delete(kernel.id);
      for (const { id, kernel: used } of this.opened.values()) if (used === kernel) this.opened.delete(id);
    });
    return kernel;
  }

  /** The session of the notebook, where it has one; else a new one. */
  async openSession({ path, name, kernel: id }: SessionWish): Promise<SessionModel> {
    const old = [...this.opened.values()].find((session) => session.path === path);
    if (old !== undefined && (id === undefined || id === old.kernel.id)) return modelOf(old);
    const session = { id: old?.id ?? randomUUID(), path, name, kernel: id === undefined ? await this.start(path) : this.existing(id) };
    this.opened.set(session.id, session);
    return modelOf(session);
  }

  /** Another path or name, or another kernel, for an open session. */
  async changeSession(id: string, { path, name, kernel }: Partial<SessionWish>): Promise<SessionModel | undefined> {
    const old = this.opened.get(id);
    if (old === undefined) return undefined;
    const session = { id, path: path ?? old.path, name: name ?? old.name, kernel: kernel === undefined ? old.kernel : this.existing(kernel) };
    this.opened.set(id, session);
    return modelOf(session);
  }

  /** Ends the session and its kernel. */
  async closeSession(id: string): Promise<void> {
    const session = this.opened.get(id);
    this.opened.delete(id);
    await session?.kernel.end();
  }

  async endAll(): Promise<void> {
    await Promise.all([...this.kernels.values()].map((kernel) => kernel.end()));
  }

  private existing(id: string): ServerKernel {
    const kernel = this.kernels.get(id);
    if (kernel === undefined) throw new ArgumentError(`no kernel has the id ${JSON.stringify(id.slice(0, 80))}`, { help: "GET /api/kernels lists those that run" });
    return kernel;
  }
}

const modelOf = ({ id, path, name, kernel }: Session): SessionModel => ({ id, path, name, type: "notebook", kernel: kernel.model, notebook: { path, name } });
