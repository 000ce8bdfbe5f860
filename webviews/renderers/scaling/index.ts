/** @file The scaling view: a law, its points, and the fit without some of them. */
import type { ScalingPayload } from "../../../kernel/display/schema";
import { pictureExports, svgText } from "../../shared/exportFile";
import type { Host, Mounted, Renderer } from "../../shared/renderer";
import { parse } from "./parse";
import { ScalingView } from "./view";

export const scaling: Renderer<"scaling"> = {
  view: "scaling",
  parse,
  mount(host: Host, first: ScalingPayload): Promise<Mounted<"scaling">> {
    let abort = new AbortController();
    const open = (payload: ScalingPayload, stored: unknown): ScalingView => {
      abort.abort();
      abort = new AbortController();
      return new ScalingView(host, payload, stored, AbortSignal.any([abort.signal, host.signal]));
    };
    let view = open(first, host.loadState());
    host.onThemeChange(() => view.themeChanged());
    return Promise.resolve({
      update: (payload) => (view = open(payload, view.state)),
      exports: pictureExports("scaling", () => {
        const { svg } = view.drawing;
        const { width, height } = svg.viewBox.baseVal;
        return { svg: svgText(svg, host.theme), width, height };
      }),
    });
  },
};
