/** @file The frame around a view: title, finding, export menu, body, cuts, a voice for screen readers, and the place for errors. */
import type { PayloadBase } from "../../kernel/display/schema";
import { html, replace, uniqueId } from "./dom";
import { fileStem, htmlFile, jsonFile } from "./exportFile";
import { menuButton } from "./menu";
import type { ExportFile, Mounted, Theme } from "./renderer";
import { addFrameStyles, applyTheme } from "./styles";
import { throttled } from "./throttle";
import type { ViewName } from "../../kernel/display/schema";

/** A screen reader is told of what the pointer is on at most this often: each word spoken takes a third of a second. */
const ANNOUNCE_INTERVAL_MS = 400;

export interface FrameOptions {
  readonly view: ViewName;
  readonly signal: AbortSignal;
  /** Undefined where nothing may be saved: no menu then. */
  readonly save: ((file: ExportFile) => void) | undefined;
  readonly theme: () => Theme;
}

type Exports = Mounted<ViewName>["exports"];

export class Frame {
  readonly element: HTMLElement;
  /** Where the view draws. */
  readonly body = html("div", { class: "iso-body" });
  /** Says text to screen readers. */
  readonly announce: (text: string) => void;
  private readonly title = html("div", { class: "iso-title", id: uniqueId("title") });
  private readonly finding = html("p", { class: "iso-finding", id: uniqueId("finding") });
  private readonly cuts = html("p", { class: "iso-cuts" });
  private readonly voice = html("div", { class: "iso-hidden", "aria-live": "polite", role: "status" });
  private readonly head: HTMLElement;
  private exports: Exports = [];
  private payload: PayloadBase | undefined;

  constructor(private readonly options: FrameOptions) {
    addFrameStyles();
    const { view, signal } = options;
    this.head = html("div", { class: "iso-head" }, html("div", { class: "iso-words" }, this.title, this.finding));
    if (options.save !== undefined) {
      const entries = (): { label: string; act: () => void }[] => this.exportEntries().map(({ label, make }) => ({ label, act: () => void this.export(make) }));
      const menu = menuButton({ label: "Export", description: `Export this ${view}`, entries, signal });
      this.head.append(menu);
    }
    this.element = html("div", { class: "iso", role: "group", "data-view": view }, this.head, this.body, this.cuts, this.voice);
    this.announce = throttled((text: string) => (this.voice.textContent = text), { intervalMs: ANNOUNCE_INTERVAL_MS, signal });
    this.applyTheme();
  }

  /** Takes the colours of the present theme. */
  applyTheme(): void {
    applyTheme(this.element, this.options.theme());
  }

  /** Shows the words of a payload. */
  describe(payload: PayloadBase): void {
    const { title, finding, cuts } = payload;
    if (this.payload?.title !== title) this.title.textContent = title;
    if (this.payload?.finding !== finding) this.finding.textContent = finding;
    this.title.hidden = title === "";
    this.finding.hidden = finding === "";
    this.cuts.textContent = cuts.join(" · ");
    this.cuts.hidden = cuts.length === 0;
    this.element.setAttribute("aria-label", [this.options.view, title].filter((part) => part !== "").join(": "));
    if (finding !== "") this.element.setAttribute("aria-describedby", this.finding.id);
    this.payload = payload;
  }

  /** The picture is drawn: tests and screenshots wait for this. */
  ready(exports: Exports): void {
    this.exports = exports;
    this.element.removeAttribute("data-error");
    this.element.setAttribute("data-ready", "true");
  }

  /** Shows, in place of the picture, what went wrong, and what the payload says in words. Never throws. */
  fail(error: unknown, words: string): void {
    const message = error instanceof Error ? error.message : String(error);
    this.title.hidden = this.finding.hidden = this.cuts.hidden = true;
    this.exports = [];
    replace(
      this.body,
      html("div", { class: "iso-error", role: "alert" }, html("strong", {}, "This output cannot be drawn"), html("p", {}, message), words === "" ? undefined : html("p", {}, words)),
    );
    this.element.setAttribute("aria-label", `${this.options.view}: cannot be drawn`);
    this.element.setAttribute("data-error", message);
    this.element.setAttribute("data-ready", "true");
  }

  private get stem(): string {
    return fileStem(this.payload?.title ?? "", `isoflop-${this.options.view}`);
  }

  /** The view's own entries, then HTML and JSON where it has none. */
  private exportEntries(): Exports {
    const has = (label: string): boolean => this.exports.some((entry) => entry.label === label);
    const payload = this.payload;
    if (payload === undefined) return [];
    const page = async (): Promise<ExportFile> => {
      const picture = this.exports.find(({ label }) => label === "SVG") ?? this.exports.find(({ label }) => label === "PNG");
      return htmlFile(this.stem, { ...payload, picture: await picture?.make(), payload, theme: this.options.theme() });
    };
    return [
      ...this.exports,
      ...(has("HTML") ? [] : [{ label: "HTML", make: page }]),
      ...(has("JSON") ? [] : [{ label: "JSON", make: () => Promise.resolve(jsonFile(this.stem, payload)) }]),
    ];
  }

  private async export(make: () => Promise<ExportFile>): Promise<void> {
    try {
      const file = await make();
      this.options.save?.(file);
      this.announce(`${file.name} is offered for saving`);
    } catch (error) {
      this.announce(`The export failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
