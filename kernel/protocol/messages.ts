/** @file The Jupyter messages that a session emits: the one format for outputs, in the file, on the socket and over ZeroMQ. */

/** Content by MIME type: text as it is, binary as base64, JSON types as values. */
export type MimeBundle = Readonly<Record<string, unknown>>;

/** What of a display is not written to the file: its name, by which it can be updated. */
export interface Transient {
  readonly display_id?: string;
}

interface Message<Type extends string, Content> {
  readonly msg_type: Type;
  readonly content: Content;
}

export interface DisplayContent {
  readonly data: MimeBundle;
  readonly metadata: MimeBundle;
  readonly transient?: Transient;
}

export interface ErrorContent {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

/** Text that a cell wrote. */
export type StreamMessage = Message<"stream", { readonly name: "stdout" | "stderr"; readonly text: string }>;
/** Something shown while the cell runs. */
export type DisplayMessage = Message<"display_data", DisplayContent>;
/** New content for an earlier display of the same `display_id`. */
export type UpdateDisplayMessage = Message<"update_display_data", DisplayContent>;
/** The value of a cell's last expression. */
export type ExecuteResultMessage = Message<"execute_result", DisplayContent & { readonly execution_count: number }>;
/** Why a cell stopped. */
export type ErrorMessage = Message<"error", ErrorContent>;
/** Whether the kernel works on something. */
export type StatusMessage = Message<"status", { readonly execution_state: "busy" | "idle" | "starting" }>;
/** Takes away what a cell has shown; with `wait`, once something new comes. */
export type ClearOutputMessage = Message<"clear_output", { readonly wait: boolean }>;

/** Messages that change a cell's outputs. */
export type OutputMessage = StreamMessage | DisplayMessage | UpdateDisplayMessage | ExecuteResultMessage | ErrorMessage | ClearOutputMessage;
/** All that a session emits. */
export type SessionMessage = OutputMessage | StatusMessage;
