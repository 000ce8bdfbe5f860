/** @file The attention view: layers × heads, one head, its tokens. */
import type { AttentionPayload } from "../../../kernel/display/schema";
import { pictureExports } from "../../shared/exportFile";
import type { Host, Mounted, Renderer } from "../../shared/renderer";
import { parse } from "./parse";
import { pictureOf } from "./picture";
import { AttentionView } from "./view";

export const attention: Renderer<"attention"> = {
  view: "attention",
  parse,
  mount(host: Host, first: AttentionPayload): Promise<Mounted<"attention">> {
    let abort = new AbortController();
    const open = (payload: AttentionPayload, stored: unknown): AttentionView => {
      abort.abort();
      abort = new AbortController();
      return new AttentionView(host, payload, stored, AbortSignal.any([abort.signal, host.signal]));
    };
    let view = open(first, host.loadState());
    host.onThemeChange(() => view.themeChanged());
    return Promise.resolve({
      update: (payload) => (view = open(payload, view.chosen)),
      exports: pictureExports("attention", () => pictureOf(view.pictures, host.theme)),
    });
  },
};
