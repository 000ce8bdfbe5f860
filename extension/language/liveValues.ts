/** @file What a running kernel knows of a name: shape, type and size of tensors, members of values whose type is not known. */
import type * as vscode from "vscode";
import type { Variable } from "../../kernel/protocol/jupyter";
import type { Kernels } from "../services";

/** A hover does not wait longer for the kernel. */
const WAIT_MS = 200;
const LIMIT = 1000;

export class LiveValues {
  constructor(
    private readonly kernels: Pick<Kernels, "of">,
    private readonly waitMs = WAIT_MS,
  ) {}

  /** The part of the notebook at a dotted path; undefined without a kernel, or when it does not answer in time. */
  async at(notebook: vscode.Uri, path: string): Promise<Variable | undefined> {
    const cut = path.lastIndexOf(".");
    const found = await this.ask(notebook, cut < 0 ? undefined : path.slice(0, cut));
    return found.find((variable) => variable.path === path);
  }

  /** Its parts. */
  async members(notebook: vscode.Uri, path: string): Promise<readonly Variable[]> {
    return this.ask(notebook, path);
  }

  private async ask(notebook: vscode.Uri, path: string | undefined): Promise<readonly Variable[]> {
    const kernel = this.kernels.of(notebook);
    if (kernel === undefined || kernel.state === "dead" || kernel.state === "starting") return [];
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), this.waitMs);
    });
    try {
      const reply = await Promise.race([kernel.request("isoflop_variables_request", { path, limit: LIMIT }), late]);
      return reply?.status === "ok" ? reply.variables : [];
    } catch {
      // A kernel that ended has nothing to tell.
      return [];
    } finally {
      clearTimeout(timer);
    }
  }
}

/** One line: "Tensor · float32 [128, 64] · 32.8 kB · cpu"; for what is no tensor, its summary. */
export function describeVariable({ type, summary, shape, dtype, bytes, device }: Variable): string {
  const parts = [type, ...(dtype === undefined && shape === undefined ? [] : [`${dtype ?? ""} ${shape === undefined ? "" : `[${shape.join(", ")}]`}`.trim()]), ...(bytes === undefined ? [] : [bytesText(bytes)]), ...(device === undefined ? [] : [device])];
  return parts.length === 1 && summary !== "" && summary !== type ? `${type} · ${summary}` : parts.join(" · ");
}

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

function bytesText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toPrecision(3)} ${UNITS[power]}`;
}
