/** @file Media: images, videos, point clouds and meshes. */
import type { MediaPayload } from "../../../kernel/display/schema";
import type { Host, Mounted, Renderer } from "../../shared/renderer";
import { addStyles } from "../../shared/styles";
import type { Content } from "./content";
import { geometryContent } from "./geometry";
import { imagesContent } from "./images";
import { parseMedia } from "./parse";
import { MEDIA_CSS } from "./rules";
import { videoContent } from "./video";

/** A content with the kind it takes; another kind needs another content. */
interface Shown {
  readonly element: HTMLElement;
  /** false for a payload of another kind. */
  readonly take: (payload: MediaPayload) => boolean;
  readonly exports: Mounted<"media">["exports"];
  readonly end: () => void;
}

class MediaView implements Mounted<"media"> {
  private constructor(
    private readonly host: Host,
    private shown: Shown,
  ) {
    host.element.append(shown.element);
  }

  static async mount(host: Host, payload: MediaPayload): Promise<MediaView> {
    addStyles("media", MEDIA_CSS);
    return new MediaView(host, await shownOf(host, payload));
  }

  get exports(): Mounted<"media">["exports"] {
    return this.shown.exports;
  }

  update(payload: MediaPayload): void {
    if (this.shown.take(payload)) return;
    const old = this.shown;
    void shownOf(this.host, payload).then(
      (next) => {
        old.end();
        this.shown = next;
        old.element.replaceWith(next.element);
      },
      (error: unknown) => say(this.host, error),
    );
  }
}

/** A damaged picture in an update leaves the last one in place. */
const say = (host: Host, error: unknown): void => host.announce(error instanceof Error ? error.message : String(error));

async function shownOf(host: Host, payload: MediaPayload): Promise<Shown> {
  const end = new AbortController();
  const signal = AbortSignal.any([host.signal, end.signal]);
  const wrap = <P extends MediaPayload>(content: Content<P>, fits: (next: MediaPayload) => next is P): Shown => ({
    element: content.element,
    exports: content.exports,
    end: () => end.abort(),
    take: (next) => {
      if (!fits(next)) return false;
      content.update(next).catch((error: unknown) => say(host, error));
      return true;
    },
  });
  switch (payload.kind) {
    case "images":
      return wrap(await imagesContent({ host, payload, signal }), (next) => next.kind === "images");
    case "video":
      return wrap(await videoContent({ host, payload, signal }), (next) => next.kind === "video");
    case "geometry":
      return wrap(await geometryContent({ host, payload, signal }), (next) => next.kind === "geometry");
  }
}

export const media: Renderer<"media"> = { view: "media", parse: parseMedia, mount: (host, payload) => MediaView.mount(host, payload) };
