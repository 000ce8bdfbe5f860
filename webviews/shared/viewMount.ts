/** @file A view in its frame: checks payloads, mounts, updates in place at most ten times a second, and turns every failure into words. */
import type { PayloadBase, Payloads, ViewName } from "../../kernel/display/schema";
import { Frame } from "./frame";
import type { ExportFile, Host, Mounted, Renderer } from "./renderer";
import type { ThemeSource } from "./theme";
import { throttled } from "./throttle";

/** Characters of the words of a payload that cannot be drawn. */
const MAX_WORDS = 4000;

/** Title, finding and cuts of a payload that may be anything: what can still be said when it cannot be drawn. */
export function wordsOf(payload: unknown): string {
  if (typeof payload !== "object" || payload === null) return "";
  const { title, finding, cuts }: Partial<Record<keyof PayloadBase, unknown>> = payload;
  const lines: readonly unknown[] = [title, finding, ...(Array.isArray(cuts) ? cuts.slice(0, 20) : [])];
  return lines
    .filter((line) => typeof line === "string" && line !== "")
    .join("\n")
    .slice(0, MAX_WORDS);
}

export interface MountOptions<V extends ViewName> {
  readonly renderer: Renderer<V>;
  readonly container: HTMLElement;
  readonly themes: ThemeSource;
  readonly trusted: boolean;
  readonly save: (file: ExportFile) => void;
  readonly loadState: () => unknown;
  readonly saveState: (state: unknown) => void;
}

/** A view on the page, from its first payload until `dispose`. */
export class ViewMount<V extends ViewName = ViewName> {
  private readonly abort = new AbortController();
  private readonly frame: Frame;
  private mounted: Mounted<V> | undefined;
  /** Given while the view mounts or later than its first: the newest waits. */
  private next: unknown;
  private updates = 0;
  private readonly feed: (payload: unknown) => void;

  constructor(private readonly options: MountOptions<V>) {
    const { signal } = this.abort;
    const { renderer, themes, container, trusted, save } = options;
    this.frame = new Frame({ view: renderer.view, signal, save: trusted && renderer.passing !== true ? save : undefined, theme: () => themes.theme });
    themes.listen(() => this.frame.applyTheme(), signal);
    this.feed = throttled((payload: unknown) => this.show(payload), { signal });
    container.replaceChildren(this.frame.element);
  }

  get view(): V {
    return this.options.renderer.view;
  }

  /** True once the page no longer holds it. */
  get gone(): boolean {
    return this.abort.signal.aborted || !this.frame.element.isConnected;
  }

  /** Shows the first payload. Resolves when it is drawn or has failed; never rejects. */
  async mount(payload: unknown): Promise<void> {
    const { renderer, themes, trusted, save, loadState, saveState } = this.options;
    const { signal } = this.abort;
    const host: Host = {
      element: this.frame.body,
      get theme() {
        return themes.theme;
      },
      onThemeChange: (listen) => themes.listen((theme) => this.guarded(() => listen(theme), payload), signal),
      signal,
      trusted,
      loadState,
      saveState,
      save: (file) => {
        if (trusted) save(file);
      },
      announce: this.frame.announce,
    };
    try {
      const checked = renderer.parse(payload);
      this.frame.describe(checked);
      const mounted = await renderer.mount(host, checked);
      if (signal.aborted) return;
      this.mounted = mounted;
      this.frame.ready(mounted.exports);
    } catch (error) {
      this.frame.fail(error, wordsOf(payload));
      return;
    }
    const waiting = this.next;
    this.next = undefined;
    if (waiting !== undefined) this.feed(waiting);
  }

  /** Shows a newer payload in place, soon: at most ten a second, the newest wins. */
  update(payload: unknown): void {
    if (this.mounted === undefined) this.next = payload;
    else this.feed(payload);
  }

  dispose(): void {
    this.abort.abort();
  }

  private show(payload: unknown): void {
    this.guarded(() => {
      const checked: Payloads[V] = this.options.renderer.parse(payload);
      this.frame.describe(checked);
      this.mounted?.update(checked);
      if (this.mounted !== undefined) this.frame.ready(this.mounted.exports);
      this.frame.element.setAttribute("data-updates", String(++this.updates));
    }, payload);
  }

  /** A failing update takes the picture with it: half of two payloads would be a lie. */
  private guarded(act: () => void, payload: unknown): void {
    try {
      act();
    } catch (error) {
      this.mounted = undefined;
      this.abort.abort();
      this.frame.fail(error, wordsOf(payload));
    }
  }
}
