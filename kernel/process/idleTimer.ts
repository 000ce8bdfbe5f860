/** @file Ends a kernel that nobody has used for long. */

export interface IdleTimerOptions {
  /** 0: never. */
  readonly afterMs: number;
  /** Nobody is there and nothing is under way. */
  readonly isIdle: () => boolean;
  readonly onIdle: () => void;
}

export class IdleTimer {
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: IdleTimerOptions) {}

  /** Something happened: the wait begins anew. */
  touch(): void {
    clearTimeout(this.timer);
    const { afterMs, isIdle, onIdle } = this.options;
    if (afterMs > 0) this.timer = setTimeout(() => (isIdle() ? onIdle() : undefined), afterMs);
  }
}
