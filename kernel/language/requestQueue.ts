/** @file Work of the language worker in the order in which people wait for it; what nobody waits for any more is dropped. */

export interface Job {
  readonly id: number;
  /** Done after all others: nobody looks at it while typing. */
  readonly background: boolean;
  readonly run: () => void;
  /** Called instead of `run` when it was cancelled while it waited. */
  readonly drop: () => void;
}

/** One job a turn of the event loop, so that messages that came meanwhile are seen. */
export class RequestQueue {
  private jobs: Job[] = [];
  private scheduled = false;

  constructor(
    private readonly isCancelled: (id: number) => boolean,
    private readonly schedule: (work: () => void) => void = setImmediate,
  ) {}

  add(job: Job): void {
    this.jobs.push(job);
    this.wake();
  }

  private wake(): void {
    if (this.scheduled || this.jobs.length === 0) return;
    this.scheduled = true;
    this.schedule(() => {
      this.scheduled = false;
      this.step();
      this.wake();
    });
  }

  private step(): void {
    const dropped = this.jobs.filter(({ id }) => this.isCancelled(id));
    this.jobs = this.jobs.filter(({ id }) => !this.isCancelled(id));
    for (const job of dropped) job.drop();
    const next = this.jobs.find(({ background }) => !background) ?? this.jobs[0];
    if (next === undefined) return;
    this.jobs.splice(this.jobs.indexOf(next), 1);
    next.run();
  }
}
