/** @file How far a long computation is: a bar; the frame says the numbers. */
import type { ProgressPayload } from "../../kernel/display/schema";
import { html } from "../shared/dom";
import type { Host, Mounted, Renderer } from "../shared/renderer";
import { addStyles } from "../shared/styles";
import { BASE, finite, maybe, nullable, oneOf, record, text } from "../shared/validate";

const CSS = `
.iso[data-view=progress] { padding: 6px 2px; }
.iso[data-view=progress] .iso-head { margin-bottom: 5px; }
.iso-progress { height: 6px; border-radius: 3px; background: var(--iso-pressed); border: 1px solid transparent; overflow: hidden; max-width: 640px; position: relative; }
.iso-progress div { height: 100%; border-radius: 3px; background: var(--iso-accent); transition: width .12s linear; }
.iso-progress[data-state=done] div { background: var(--iso-good); }
.iso-progress[data-state=failed] div { background: var(--iso-bad); }
.iso-progress[data-unknown] div { width: 30%; animation: iso-progress-slide 1.6s ease-in-out infinite alternate; }
@keyframes iso-progress-slide { from { margin-left: 0 } to { margin-left: 70% } }
@media (forced-colors: active) { .iso-progress { border-color: CanvasText; } }
`;

const check = record<ProgressPayload>({
  ...BASE,
  done: finite,
  total: nullable(finite),
  unit: text(200),
  rate: maybe,
  elapsedSeconds: maybe,
  remainingSeconds: maybe,
  state: oneOf("running", "done", "failed"),
});

export const progress: Renderer<"progress"> = {
  view: "progress",
  passing: true,
  parse: (value) => check(value, ""),
  mount(host: Host, first: ProgressPayload): Promise<Mounted<"progress">> {
    addStyles("progress", CSS);
    const fill = html("div");
    const bar = html("div", { class: "iso-progress", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 }, fill);
    let state: ProgressPayload["state"] = "running";
    const draw = (payload: ProgressPayload): void => {
      const { done, total, title, finding } = payload;
      const share = total === null || total <= 0 ? undefined : Math.min(1, Math.max(0, done / total));
      bar.dataset["state"] = payload.state;
      bar.toggleAttribute("data-unknown", share === undefined && payload.state === "running");
      fill.style.width = share === undefined ? (payload.state === "running" ? "" : "100%") : `${share * 100}%`;
      if (share === undefined) bar.removeAttribute("aria-valuenow");
      else bar.setAttribute("aria-valuenow", String(Math.round(share * 100)));
      bar.setAttribute("aria-valuetext", finding);
      bar.setAttribute("aria-label", title === "" ? "progress" : title);
      if (payload.state !== state && payload.state !== "running") host.announce(finding);
      state = payload.state;
    };
    draw(first);
    host.element.append(bar);
    return Promise.resolve({ update: draw, exports: [] });
  },
};
