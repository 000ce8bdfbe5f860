/** @file Shows a MIME bundle in a panel: our own view where there is one, else its picture, else its words. */
import type { ViewName } from "../../../kernel/display/schema";
import { viewOfMime, VIEWS } from "../../renderers/views";
import { html, replace } from "../../shared/dom";
import type { Renderer } from "../../shared/renderer";
import { ViewMount } from "../../shared/viewMount";
import type { PanelHost } from "../panelHost";

type Bundle = Readonly<Record<string, unknown>>;

const isBundle = (value: unknown): value is Bundle => typeof value === "object" && value !== null && !Array.isArray(value);
/** Drawn by an image element, in which no script runs. */
const PICTURES: readonly { readonly mime: string; readonly base64: boolean }[] = [
  { mime: "image/svg+xml", base64: false },
  { mime: "image/png", base64: true },
  { mime: "image/gif", base64: true },
  { mime: "image/jpeg", base64: true },
];

export class BundleView {
  private mount: ViewMount | undefined;
  private title = "";

  constructor(private readonly host: PanelHost) {}

  /** A message from the extension; anything that is none does nothing. */
  receive(message: unknown): void {
    if (!isBundle(message)) return;
    if (message.type === "theme" && (message.theme === "editor" || message.theme === "light")) this.host.themes.force(message.theme);
    if (message.type !== "bundle" || !isBundle(message.data)) return;
    this.title = typeof message.title === "string" ? message.title : "";
    document.title = this.title;
    void this.show(message.data);
  }

  private async show(data: Bundle): Promise<void> {
    const mime = Object.keys(data).find((key) => viewOfMime(key) !== undefined);
    const view = mime === undefined ? undefined : viewOfMime(mime);
    if (mime === undefined || view === undefined) {
      this.mount?.dispose();
      this.mount = undefined;
      this.showStill(data);
    } else if (this.mount?.view === view && !this.mount.gone) this.mount.update(data[mime]);
    else await this.showView(view, data[mime]);
    this.host.element.setAttribute("data-ready", "true");
  }

  private async showView(view: ViewName, payload: unknown): Promise<void> {
    this.mount?.dispose();
    const loader: (() => Promise<Renderer<ViewName>>) | undefined = VIEWS[view];
    const renderer = await loader?.();
    if (renderer === undefined) return;
    const { host } = this;
    this.mount = new ViewMount({ renderer, container: host.element, themes: host.themes, trusted: true, save: (file) => host.save(file), loadState: () => host.loadState(), saveState: (state) => host.saveState(state) });
    await this.mount.mount(payload);
  }

  private showStill(data: Bundle): void {
    const words = typeof data["text/plain"] === "string" ? data["text/plain"] : "";
    const picture = PICTURES.find(({ mime }) => typeof data[mime] === "string");
    const content = picture === undefined ? "" : String(data[picture.mime]);
    const source = picture === undefined ? "" : picture.base64 ? `data:${picture.mime};base64,${content.replace(/\s/g, "")}` : `data:${picture.mime},${encodeURIComponent(content)}`;
    replace(
      this.host.element,
      html("h1", { class: "iso-title" }, this.title),
      picture === undefined ? html("pre", { class: "view-words", tabindex: 0 }, words === "" ? "(nothing to show)" : words) : html("img", { src: source, alt: words.slice(0, 1000), style: "max-width: 100%" }),
    );
  }
}
