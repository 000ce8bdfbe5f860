/** @file The spectrum view: singular values of layers over training. */
import type { SpectrumPayload } from "../../../kernel/display/schema";
import { pictureExports, svgText } from "../../shared/exportFile";
import type { Host, Mounted, Renderer } from "../../shared/renderer";
import { parse } from "./parse";
import { SpectrumView } from "./view";

export const spectrum: Renderer<"spectrum"> = {
  view: "spectrum",
  parse,
  mount(host: Host, first: SpectrumPayload): Promise<Mounted<"spectrum">> {
    let abort = new AbortController();
    const open = (payload: SpectrumPayload, stored: unknown): SpectrumView => {
      abort.abort();
      abort = new AbortController();
      return new SpectrumView(host, payload, stored, AbortSignal.any([abort.signal, host.signal]));
    };
    let view = open(first, host.loadState());
    host.onThemeChange(() => view.themeChanged());
    return Promise.resolve({
      update: (payload) => (view = open(payload, view.state)),
      exports: pictureExports("spectrum", () => {
        const { drawing } = view;
        const { width, height } = drawing.viewBox.baseVal;
        return { svg: svgText(drawing, host.theme), width, height };
      }),
    });
  },
};
