/** @file What the thread of the protocol and the main thread, where cells run, say to each other. */
import type { MessagePort } from "node:worker_threads";
import type { Header, KernelInfo, CellCost, ReplyContent, RequestType } from "../protocol/jupyter";
import type { ErrorContent, SessionMessage } from "../protocol/messages";
import type { KernelOptions } from "./kernelOptions";

/** A cell to run. */
export interface ExecuteOrder {
  readonly kind: "execute";
  /** Header of the request: what its outputs belong to. `msg_id` names the execution. */
  readonly parent: Header;
  readonly code: string;
  /** What errors call it. */
  readonly cell: string;
  readonly executionCount: number;
  readonly silent: boolean;
  readonly allowStdin: boolean;
  readonly expressions: Readonly<Record<string, string>>;
}

/** Requests that only the main thread can answer: they need the names of the notebook, or the library. */
export const MAIN_REQUESTS = [
  "complete_request",
  "inspect_request",
  "is_complete_request",
  "isoflop_variables_request",
  "isoflop_view_request",
  "isoflop_profile_request",
  "isoflop_export_request",
  "isoflop_device_request",
] as const satisfies readonly RequestType[];
export type MainRequest = (typeof MAIN_REQUESTS)[number];

export interface RequestOrder {
  readonly kind: "request";
  readonly id: number;
  readonly type: MainRequest;
  /** As a client sent it, unchecked. */
  readonly content: Readonly<Record<string, unknown>>;
}

export type ToMain =
  | ExecuteOrder
  | RequestOrder
  /** Stops this execution, if it is the one that runs. */
  | { readonly kind: "interrupt"; readonly execution: string }
  | { readonly kind: "answer"; readonly question: number; readonly value: string }
  | { readonly kind: "end" };

/** How an execution ended. */
export interface Outcome {
  readonly status: "ok" | "error";
  readonly error?: ErrorContent;
  readonly expressions: Readonly<Record<string, unknown>>;
  readonly cost: CellCost;
}

export type ToProtocol =
  /** `size`: about how many bytes, as counted by the brake. */
  | { readonly kind: "output"; readonly parent: Header; readonly cell: string; readonly message: SessionMessage; readonly size: number }
  | { readonly kind: "done"; readonly execution: string; readonly outcome: Outcome }
  | { readonly kind: "reply"; readonly id: number; readonly content: ReplyContent<MainRequest> }
  | { readonly kind: "ask"; readonly execution: string; readonly question: number; readonly prompt: string; readonly password: boolean }
  | { readonly kind: "info"; readonly info: Pick<KernelInfo, "executor" | "device"> }
  /** The process was asked to end, by a signal. */
  | { readonly kind: "end" };

/** What the thread of the protocol is started with. */
export interface ProtocolData {
  readonly options: KernelOptions;
  readonly port: MessagePort;
  readonly shared: Shared;
}

/** Memory of both threads. */
export interface Shared {
  /** The session's flag (kernel/session/interrupt.ts). */
  readonly flag: Int32Array;
  /** Element 0: bytes of output that the protocol's thread has not taken yet. */
  readonly unread: Int32Array;
  /** FLOPs so far (kernel/runtime/work.ts). */
  readonly work: Float64Array;
}
