/** @file Updates of displays, at most ten a second each: the newest wins and the last is always sent. */
import type { Header } from "../protocol/jupyter";
import type { UpdateDisplayMessage } from "../protocol/messages";

const INTERVAL_MS = 100;

interface Display {
  sentAt: number;
  timer?: NodeJS.Timeout;
  waiting?: { readonly message: UpdateDisplayMessage; readonly parent: Header };
}

export class UpdateThrottle {
  private readonly displays = new Map<string, Display>();

  constructor(private readonly send: (message: UpdateDisplayMessage, parent: Header) => void) {}

  add(message: UpdateDisplayMessage, parent: Header): void {
    const id = message.content.transient?.display_id;
    if (id === undefined) {
      this.send(message, parent);
      return;
    }
    const display = this.displays.get(id) ?? { sentAt: -Infinity };
    this.displays.set(id, display);
    display.waiting = { message, parent };
    const wait = display.sentAt + INTERVAL_MS - performance.now();
    if (wait <= 0) this.sendWaiting(display);
    // Forgotten when nothing came for a while.
    display.timer ??= setTimeout(() => this.elapsed(id, display), Math.max(wait, INTERVAL_MS));
  }

  /** Sends what waits of an execution. */
  flush(parent: Header): void {
    for (const display of this.displays.values()) if (display.waiting?.parent.msg_id === parent.msg_id) this.sendWaiting(display);
  }

  /** Sends what waits of a display. */
  release(id: string | undefined): void {
    const display = id === undefined ? undefined : this.displays.get(id);
    if (display !== undefined) this.sendWaiting(display);
  }

  private elapsed(id: string, display: Display): void {
    display.timer = undefined;
    if (display.waiting === undefined) {
      this.displays.delete(id);
      return;
    }
    this.sendWaiting(display);
    display.timer = setTimeout(() => this.elapsed(id, display), INTERVAL_MS);
  }

  private sendWaiting(display: Display): void {
    const { waiting } = display;
    if (waiting === undefined) return;
    display.waiting = undefined;
    display.sentAt = performance.now();
    this.send(waiting.message, waiting.parent);
  }
}
