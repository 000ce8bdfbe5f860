/** @file Jupyter's messages whole: header, channels, and the requests that the kernel answers, its own beside those of the protocol (version 5.4). */
import type { MimeBundle, SessionMessage } from "./messages";

export const PROTOCOL_VERSION = "5.4";

export type Channel = "shell" | "control" | "iopub" | "stdin";

export interface Header {
  readonly msg_id: string;
  readonly msg_type: string;
  /** Of the client that sent it, or of the kernel. */
  readonly session: string;
  readonly username: string;
  /** ISO 8601. */
  readonly date: string;
  readonly version: string;
}

/** A message of any type. `parent_header` is {} for what nobody asked for. */
export interface JupyterMessage<Content = Readonly<Record<string, unknown>>> {
  readonly header: Header;
  readonly parent_header: Header | Readonly<Record<string, never>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly content: Content;
}

/** What the local socket carries and the journal keeps: one JSON line each. */
export interface Envelope {
  readonly channel: Channel;
  /**
   * Number in the journal, from 1, rising: what a client that comes back asks to be told after. Outputs, states of executions
   * and replies to them (`execute_reply`, on shell) have one. Replay leaves out updates that later ones replaced, and replays
   * replies to whoever comes: a client passes over those it did not ask for.
   */
  readonly seq?: number;
  readonly message: JupyterMessage;
}

/** The first line from a client of the local socket. Anything else, or a wrong token, closes it. */
export interface AttachRequest {
  readonly token: string;
  /** Of the client; the header's `session` of its messages. */
  readonly session: string;
  /** Replay what has a number after this: 0 for all, -1 for none. */
  readonly after: number;
}

/** The first line to it. Replayed envelopes follow, then live ones. */
export interface AttachReply {
  readonly kernel: KernelInfo;
  /** Number of the last line of the journal so far; replay ends with it. */
  readonly seq: number;
  /** Requests that wait or run, oldest first: cells whose execution a client takes up again. */
  readonly pending: readonly { readonly msg_id: string; readonly cell: string; readonly started: boolean }[];
}

/** `kernel.json` in the kernel's private folder: how to find it again. Readable by the user alone. */
export interface KernelRecord {
  readonly pid: number;
  /** Path of the unix socket, or name of the pipe. */
  readonly socket: string;
  readonly token: string;
  /** URI of the notebook. */
  readonly notebook: string;
  readonly cwd: string;
  /** ISO 8601. */
  readonly started: string;
  readonly version: string;
}

export interface KernelInfo {
  readonly version: string;
  readonly node: string;
  readonly pid: number;
  /** The executor's description: "native (onnxruntime 1.30.0, cpu, 2 threads)". */
  readonly executor: string;
  readonly device: string;
}

interface Ok {
  readonly status: "ok";
}
interface Failed {
  readonly status: "error" | "aborted";
  readonly ename?: string;
  readonly evalue?: string;
  readonly traceback?: readonly string[];
}
type Reply<T> = (Ok & T) | Failed;
type Nothing = Readonly<Record<never, never>>;

/** What a cell cost. A quantity that was not measured is absent. */
export interface CellCost {
  readonly durationMs: number;
  /** Of the compiled programs it ran. */
  readonly flops?: number;
  /** Of processor and GPU while it ran, where the machine tells; idle power is not subtracted. */
  readonly joules?: number;
}

/** A variable of the notebook. */
export interface Variable {
  readonly name: string;
  /** "Tensor", "GPT", "number", "function", "compiled function" (one that was traced), … */
  readonly type: string;
  /** One line. */
  readonly summary: string;
  /** Tensors, and trees of them in sum. */
  readonly bytes?: number;
  readonly shape?: readonly number[];
  readonly dtype?: string;
  readonly device?: string;
  /** How many children `isoflop_variables_request` gives for its path. 0: none. */
  readonly children: number;
  /** Dotted, as in `tree.paths`; of a notebook variable its name. */
  readonly path: string;
}

/** Views that `isoflop_view_request` can make of a variable. */
export type VariableView = "value" | "tensor" | "attention" | "spectrum" | "scaling" | "cost";

/** State of the machine as the kernel sees it. Sent on iopub as `isoflop_status` about once a second while a client is attached. */
export interface KernelStatus {
  readonly executor: string;
  readonly device: string;
  /** Of the kernel process. */
  readonly rssBytes: number;
  /** Of the machine. */
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Share of one core: 2 is two cores full. */
  readonly cpuLoad: number;
  /** Rate of the compiled programs over the last second; 0 when none ran. */
  readonly flopsPerSecond: number;
  readonly gpus: readonly GpuStatus[];
  /** What the kernel has on the device that it computes on; absent where tensors lie in host memory. */
  readonly deviceMemory?: { readonly bytesInUse: number; readonly peakBytes: number; readonly bytesReserved: number };
  /** Set where the machine is about to swap. */
  readonly warning?: string;
}
export interface GpuStatus {
  readonly name: string;
  readonly usedBytes: number;
  readonly totalBytes: number;
  /** 0…1. */
  readonly load?: number;
  readonly watts?: number;
}

/** Requests with their contents and replies. The reply to `x_request` has type `x_reply`. */
export interface Requests {
  readonly kernel_info_request: {
    readonly content: Nothing;
    readonly reply: Reply<{
      readonly protocol_version: string;
      readonly implementation: string;
      readonly implementation_version: string;
      readonly language_info: Readonly<Record<string, unknown>>;
      readonly banner: string;
      readonly help_links: readonly { readonly text: string; readonly url: string }[];
      readonly isoflop: KernelInfo;
    }>;
  };
  readonly execute_request: {
    readonly content: {
      readonly code: string;
      readonly silent?: boolean;
      readonly store_history?: boolean;
      readonly user_expressions?: Readonly<Record<string, string>>;
      readonly allow_stdin?: boolean;
      readonly stop_on_error?: boolean;
      /** What errors call the cell: its place among the code cells, from 1. Default: the execution count. */
      readonly isoflop_cell?: string;
      /** Stays the same while the notebook is open: by which a client that comes back finds the cell. */
      readonly isoflop_cell_id?: string;
    };
    readonly reply: Reply<{ readonly execution_count: number; readonly user_expressions: Readonly<Record<string, unknown>> }> & { readonly isoflop?: CellCost };
  };
  readonly complete_request: {
    readonly content: { readonly code: string; readonly cursor_pos: number };
    readonly reply: Reply<{ readonly matches: readonly string[]; readonly cursor_start: number; readonly cursor_end: number; readonly metadata: Readonly<Record<string, unknown>> }>;
  };
  readonly inspect_request: {
    readonly content: { readonly code: string; readonly cursor_pos: number; readonly detail_level: 0 | 1 };
    readonly reply: Reply<{ readonly found: boolean; readonly data: MimeBundle; readonly metadata: MimeBundle }>;
  };
  readonly is_complete_request: { readonly content: { readonly code: string }; readonly reply: { readonly status: "complete" | "incomplete" | "invalid" | "unknown"; readonly indent?: string } };
  readonly history_request: { readonly content: Readonly<Record<string, unknown>>; readonly reply: Reply<{ readonly history: readonly unknown[] }> };
  readonly comm_info_request: { readonly content: { readonly target_name?: string }; readonly reply: Reply<{ readonly comms: Readonly<Record<string, { readonly target_name: string }>> }> };
  /** On control. Stops the running cell and takes back those that wait. */
  readonly interrupt_request: { readonly content: Nothing; readonly reply: Reply<Nothing> };
  readonly shutdown_request: { readonly content: { readonly restart: boolean }; readonly reply: Reply<{ readonly restart: boolean }> };

  // Our own. On control, so that they are answered while a cell runs; in a cell that never lets go they wait for its next loop.
  /** Variables of the notebook, or the children of one. */
  readonly isoflop_variables_request: { readonly content: { readonly path?: string; readonly limit?: number }; readonly reply: Reply<{ readonly variables: readonly Variable[]; readonly total: number }> };
  /** A variable as an output. */
  readonly isoflop_view_request: { readonly content: { readonly path: string; readonly view: VariableView }; readonly reply: Reply<{ readonly data: MimeBundle; readonly metadata: MimeBundle }> };
  /** Times of the last execution of a cell as a Chrome trace (JSON text), where it ran with `isoflop_profile`. */
  readonly isoflop_profile_request: { readonly content: { readonly enable: boolean }; readonly reply: Reply<{ readonly trace?: string }> };
  /** Writes a function or model in the notebook as `.onnx`. */
  readonly isoflop_export_request: { readonly content: { readonly path: string; readonly file: string }; readonly reply: Reply<{ readonly file: string; readonly bytes: number }> };
  readonly isoflop_device_request: { readonly content: { readonly device: string }; readonly reply: Reply<{ readonly kernel: KernelInfo }> };
}
export type RequestType = keyof Requests;
export type RequestContent<T extends RequestType> = Requests[T]["content"];
export type ReplyContent<T extends RequestType> = Requests[T]["reply"];

/** Everything on iopub: what sessions emit, and these. */
export type IopubMessage =
  | SessionMessage
  | { readonly msg_type: "execute_input"; readonly content: { readonly code: string; readonly execution_count: number } }
  | { readonly msg_type: "isoflop_status"; readonly content: KernelStatus }
  /** The names of the notebook may have changed. */
  | { readonly msg_type: "isoflop_variables_changed"; readonly content: Nothing };

/** On stdin: the kernel asks, the client answers with `input_reply`. */
export interface InputRequest {
  readonly prompt: string;
  readonly password: boolean;
}
