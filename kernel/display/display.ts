/** @file display(): sends outputs to whoever shows them, and updates them in place at most ten times a second. */
import { randomUUID } from "node:crypto";
import { bundleMetadata, bundleOrLater } from "./bundle";
import type { MimeBundle } from "./displayable";

/** Messages shaped as Jupyter's, without header: `content` is what the wire carries. */
export type DisplayMessage =
  | {
      readonly msg_type: "display_data" | "update_display_data";
      readonly content: {
        readonly data: MimeBundle;
        readonly metadata: Readonly<Record<string, unknown>>;
        readonly transient: { readonly display_id: string };
      };
    }
  | { readonly msg_type: "clear_output"; readonly content: { readonly wait: boolean } };

export type DisplaySink = (message: DisplayMessage) => void;

let sink: DisplaySink | undefined;

/** Where displays go from now on; returns the sink before. Without one, text/plain goes to standard output. */
export function setDisplaySink(next: DisplaySink | undefined): DisplaySink | undefined {
  const before = sink;
  sink = next;
  return before;
}

function send(message: DisplayMessage): void {
  if (sink !== undefined) sink(message);
  else if (message.msg_type !== "clear_output")
    process.stdout.write(`${String(message.content.data["text/plain"] ?? `(output of type ${Object.keys(message.content.data).join(", ")})`)}\n`);
}

/** At most ten updates a second: more only makes viewers flicker. */
const UPDATE_INTERVAL_MS = 100;

/** Displays that have something left to send. */
const busy = new Set<DisplayHandle>();

export interface DisplayOptions {
  /** Name of the output for later updates. Default: a random one. */
  readonly id?: string;
}

/** An output that can be replaced in place. */
export class DisplayHandle {
  private lastSent = -Infinity;
  private timer: NodeJS.Timeout | undefined;
  private pending: { readonly value: unknown } | undefined;
  /** Ends when all bundles asked for so far have been sent. */
  private queue: Promise<void> = Promise.resolve();
  private waiting = 0;

  constructor(readonly id: string) {}

  /**
   * Replaces the output by `value`. More than ten calls a second are joined: the newest value wins, and the last is always delivered.
   * @throws {ArgumentError} for a Promise, when it is sent at once.
   */
  update(value: unknown): void {
    const wait = this.lastSent + UPDATE_INTERVAL_MS - performance.now();
    if (wait <= 0) {
      // A timer may be overdue: loops that never let go starve it.
      clearTimeout(this.timer);
      this.timer = undefined;
      this.pending = undefined;
      this.show(value, "update_display_data");
      return;
    }
    this.pending = { value };
    busy.add(this);
    this.timer ??= setTimeout(() => this.flush(), Math.max(0, wait));
  }

  /** Sends what is waiting now. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const waiting = this.pending;
    this.pending = undefined;
    if (waiting !== undefined) {
      try {
        this.show(waiting.value, "update_display_data");
      } catch (error) {
        // Nobody stands above a timer: the error takes the place of the output.
        this.deliver({ "text/plain": `the display failed: ${error instanceof Error ? error.message : String(error)}` }, "update_display_data");
      }
    }
    if (this.waiting === 0) busy.delete(this);
  }

  /** Resolves when everything asked for so far has been sent, lazy tensors included. @throws what computing them throws. */
  async done(): Promise<void> {
    this.flush();
    const sent = this.queue;
    this.queue = Promise.resolve();
    await sent;
  }

  /** Sends the bundle of `value`; one that is still to be computed follows when it is, in order. */
  show(value: unknown, type: "display_data" | "update_display_data"): void {
    const bundle = bundleOrLater(value);
    if (!(bundle instanceof Promise) && this.waiting === 0) {
      this.deliver(bundle, type);
      return;
    }
    this.waiting++;
    busy.add(this);
    const before = this.queue.catch(() => undefined);
    this.queue = before
      .then(async () => this.deliver(await bundle, type))
      .finally(() => {
        if (--this.waiting === 0 && this.pending === undefined) busy.delete(this);
      });
    // `done()` reports it; until then a failure must not end the process.
    this.queue.catch(() => busy.add(this));
  }

  private deliver(data: MimeBundle, type: "display_data" | "update_display_data"): void {
    this.lastSent = performance.now();
    send({ msg_type: type, content: { data, metadata: bundleMetadata(data), transient: { display_id: this.id } } });
  }
}

/**
 * Shows `value` as a new output of the running cell and returns a handle that can replace it.
 * Values are shown as `toBundle` says; lazy tensors follow when they are computed.
 *
 * @throws {ArgumentError} for a Promise: await it.
 */
export function display(value: unknown, { id = randomUUID() }: DisplayOptions = {}): DisplayHandle {
  const handle = new DisplayHandle(id);
  handle.show(value, "display_data");
  return handle;
}

/** Removes the outputs of the running cell; with `wait` only when the next output comes, which does not flicker. */
export function clearOutput({ wait = false }: { readonly wait?: boolean } = {}): void {
  for (const handle of busy) handle.flush();
  send({ msg_type: "clear_output", content: { wait } });
}

/** Sends every update that still waits, and resolves when lazy ones are sent too: call it at the end of a cell. @throws the first error of a lazy display. */
export async function settleDisplays(): Promise<void> {
  const waiting = [...busy];
  const results = await Promise.allSettled(waiting.map((handle) => handle.done()));
  for (const handle of waiting) busy.delete(handle);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
