/** @file What a user has chosen in each view, kept while the notebook is open: it survives scrolling away and re-rendering. */
import type { ViewName } from "../../kernel/display/schema";

interface Store {
  getState(): unknown;
  setState(state: unknown): void;
}

/** Outputs whose state is kept; the longest untouched one goes first. */
const MAX_KEPT = 200;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);

export class OutputStates {
  private readonly states: Map<string, unknown>;

  constructor(private readonly store: Store) {
    const kept = store.getState();
    this.states = new Map(isRecord(kept) ? Object.entries(kept) : []);
  }

  /** The state last saved for this output by this view; undefined when there is none. */
  load(id: string, view: ViewName): unknown {
    return this.states.get(`${view} ${id}`);
  }

  save({ id, view, state }: { readonly id: string; readonly view: ViewName; readonly state: unknown }): void {
    const key = `${view} ${id}`;
    this.states.delete(key);
    this.states.set(key, state);
    for (const oldest of this.states.keys()) {
      if (this.states.size <= MAX_KEPT) break;
      this.states.delete(oldest);
    }
    this.store.setState(Object.fromEntries(this.states));
  }
}
