/** @file Builds the kernel process and runs it, with clients over its real socket. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll } from "vitest";
import { KernelClient, parentOf, readRecord } from "../../kernel/process/client";
import type { Envelope, JupyterMessage, KernelRecord, ReplyContent, RequestContent } from "../../kernel/protocol/jupyter";

const ROOT = resolve(import.meta.dirname, "../..");
const ENTRIES = ["kernel/index.ts", "kernel/main.ts", "kernel/process/protocolWorker.ts"];

export interface Kernel {
  readonly process: ChildProcess;
  readonly folder: string;
  /** Folder of the notebook. */
  readonly cwd: string;
  readonly record: KernelRecord;
  readonly stderr: () => string;
  readonly ended: Promise<number | string | null>;
  readonly connect: (options?: { readonly after?: number }) => Promise<Recorder>;
}

/** A client that keeps what it hears. */
export class Recorder {
  readonly envelopes: Envelope[] = [];
  private readonly watchers = new Set<() => void>();
  private attached: KernelClient | undefined;

  readonly listen = (envelope: Envelope): void => {
    this.envelopes.push(envelope);
    for (const look of this.watchers) look();
  };

  use(client: KernelClient): this {
    this.attached = client;
    return this;
  }

  get client(): KernelClient {
    if (this.attached === undefined) throw new Error("not attached yet");
    return this.attached;
  }

  get messages(): readonly JupyterMessage[] {
    return this.envelopes.map(({ message }) => message);
  }

  run(code: string, more: Partial<RequestContent<"execute_request">> = {}): Promise<ReplyContent<"execute_request">> {
    return this.client.request("execute_request", { code, ...more });
  }

  /** The first message for which `test` holds, heard already or to come. */
  until(test: (message: JupyterMessage) => boolean): Promise<JupyterMessage> {
    return new Promise((done) => {
      const look = (): void => {
        const found = this.messages.find(test);
        if (found === undefined) return;
        this.watchers.delete(look);
        done(found);
      };
      this.watchers.add(look);
      look();
    });
  }

  /** Resolves when `text` has been written. */
  says = (text: string): Promise<unknown> => this.until(() => this.text().includes(text));

  /** All that cells have written; of one request where its id is given. */
  text(request?: string): string {
    return this.of("stream", request).map(({ content }) => String(content.text)).join("");
  }

  of(type: string, request?: string): readonly JupyterMessage[] {
    return this.messages.filter((message) => message.header.msg_type === type && (request === undefined || parentOf(message) === request));
  }
}

export interface StartOptions {
  readonly args?: readonly string[];
  readonly folder?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Registers building and clearing away; the returned function starts kernels. */
export function useKernels(): (options?: StartOptions) => Promise<Kernel> {
  let bin = "";
  let started: ChildProcess[] = [];
  let folders: string[] = [];
  beforeAll(async () => {
    bin = await buildKernel();
  });
  afterEach(() => {
    for (const child of started) child.kill("SIGKILL");
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    started = [];
    folders = [];
  });
  afterAll(() => rmSync(bin, { recursive: true, force: true }));
  return async ({ args = [], folder: given, env = process.env } = {}) => {
    const cwd = mkdtempSync(join(tmpdir(), "notebook-"));
    const folder = given ?? mkdtempSync(join(tmpdir(), "kernel-"));
    folders.push(cwd, folder);
    const child = spawn(process.execPath, [join(bin, "main.js"), "--notebook", "file:///notebook.ipynb", "--cwd", cwd, "--file", join(cwd, "notebook.ipynb"), "--folder", folder, ...args], { stdio: ["ignore", "ignore", "pipe"], env });
    started.push(child);
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const ended = new Promise<number | string | null>((done) => child.once("exit", (code, signal) => done(code ?? signal)));
    const record = await Promise.race([readRecord(folder), ended.then((code) => Promise.reject(new Error(`the kernel ended with ${code}: ${stderr}`)))]);
    const connect = async (options?: { readonly after?: number }): Promise<Recorder> => {
      const recorder = new Recorder();
      return recorder.use(await KernelClient.connect(record, options, recorder.listen));
    };
    return { process: child, folder, cwd, record, stderr: () => stderr, ended, connect };
  };
}

/** Inside of the repository, so that packages are found. */
export async function buildKernel(): Promise<string> {
  mkdirSync(join(ROOT, "out"), { recursive: true });
  const outdir = mkdtempSync(join(ROOT, "out/test-kernel-"));
  const entryPoints = ENTRIES.map((file) => ({ in: join(ROOT, file), out: file.replace(/^.*\//, "").replace(/\.ts$/, "") }));
  await build({ entryPoints, outdir, bundle: true, splitting: true, format: "esm", platform: "node", target: "node20", packages: "external", logLevel: "error", sourcemap: true });
  return outdir;
}
