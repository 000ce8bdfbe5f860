/** @file A video out of its frames: play, scrub, a strip of frames, speed, loop. */
import type { VideoPayload } from "../../../kernel/display/schema";
import { pngOfCanvas } from "../../shared/canvas";
import { html, replace } from "../../shared/dom";
import { pushButton, selectField, sliderField } from "../../shared/fields";
import { secondsText } from "../../shared/format";
import type { Content, ContentOptions } from "./content";
import { fittedSize, Tiles } from "./tiles";

const HEIGHT_PX = 320;
const STRIP_FRAMES = 12;
const STRIP_HEIGHT_PX = 44;
/** Border and gap of a frame in the strip. */
const STRIP_GAP_PX = 12;
const SPEEDS = ["0.25", "0.5", "1", "2", "4"] as const;

interface State {
  readonly frame: number;
  readonly speed: (typeof SPEEDS)[number];
  readonly loop: boolean;
}

function readState(saved: unknown, count: number): State {
  const fields = new Map<string, unknown>(typeof saved === "object" && saved !== null ? Object.entries(saved) : []);
  const frame = fields.get("frame");
  return {
    frame: typeof frame === "number" && Number.isInteger(frame) && frame >= 0 && frame < count ? frame : 0,
    speed: SPEEDS.find((speed) => speed === fields.get("speed")) ?? "1",
    loop: fields.get("loop") !== false,
  };
}

export async function videoContent({ host, payload: first, signal }: ContentOptions<VideoPayload>): Promise<Content<VideoPayload>> {
  let payload = first;
  let tiles = await Tiles.decode(payload.png, { ...payload, gap: 0 });
  let state = readState(host.loadState(), payload.count);
  let playing: number | undefined;

  const screen = html("canvas", { class: "iso-media-screen", tabindex: 0, role: "application", "aria-roledescription": "video" });
  const strip = html("div", { class: "iso-media-strip", role: "group", "aria-label": "Frames" });
  const play = pushButton({ text: "Play", press: () => (playing === undefined ? start() : stop()) });
  const scrubber = html("span", { class: "iso-media-scrubber" });
  let slider = makeSlider();
  const speed = selectField({ label: "Speed", options: SPEEDS.map((value) => ({ value, text: `${value}×` })), value: state.speed, choose: (value) => change({ speed: value }) });
  const loop = html("button", { type: "button", class: "iso-button", "aria-pressed": String(state.loop) }, "Loop");
  loop.addEventListener("click", () => {
    change({ loop: !state.loop });
    loop.setAttribute("aria-pressed", String(state.loop));
  });
  const element = html("div", { class: "iso-media-video" }, html("div", { class: "iso-media-stage" }, screen), html("div", { class: "iso-toolbar" }, play, scrubber, speed.element, loop), strip);

  function makeSlider(): ReturnType<typeof sliderField> {
    const made = sliderField({ label: html("span", { class: "iso-hidden" }, "Frame"), max: payload.count - 1, value: state.frame, text: (at) => `${at + 1} of ${payload.count} · ${secondsText(at / payload.framesPerSecond)}`, move: (at) => {
      stop();
      show(at);
    } });
    replace(scrubber, made.element);
    return made;
  }
  function change(next: Partial<State>): void {
    state = { ...state, ...next };
    host.saveState(state);
  }
  function draw(): void {
    tiles.draw(screen, state.frame);
    slider.set(state.frame);
    const step = (payload.count - 1) / Math.max(1, strip.children.length - 1);
    [...strip.children].forEach((thumb, i) => thumb.setAttribute("aria-current", String(Math.round(i * step) <= state.frame && (i === strip.children.length - 1 || Math.round((i + 1) * step) > state.frame))));
  }
  function show(frame: number): void {
    change({ frame: Math.min(payload.count - 1, Math.max(0, frame)) });
    draw();
  }
  function start(): void {
    if (payload.count < 2) return;
    play.textContent = "Pause";
    let [from, began] = [state.frame === payload.count - 1 ? 0 : state.frame, performance.now()];
    let rate = 0;
    const tick = (now: number): void => {
      if (signal.aborted) return;
      const next = payload.framesPerSecond * Number(state.speed);
      // Another speed goes on from where it is.
      if (next !== rate) [rate, from, began] = [next, rate === 0 ? from : state.frame, now];
      const at = from + Math.floor((Math.max(0, now - began) / 1000) * rate);
      if (at >= payload.count && !state.loop) {
        show(payload.count - 1);
        stop();
        return;
      }
      if (at % payload.count !== state.frame) {
        state = { ...state, frame: at % payload.count };
        draw();
      }
      playing = requestAnimationFrame(tick);
    };
    playing = requestAnimationFrame(tick);
  }
  function stop(): void {
    if (playing === undefined) return;
    cancelAnimationFrame(playing);
    playing = undefined;
    play.textContent = "Play";
    host.saveState(state);
  }
  signal.addEventListener("abort", stop);

  function fill(): void {
    Object.assign(screen, { width: payload.tileWidth, height: payload.tileHeight });
    const room = fittedSize(payload, { width: Math.min(640, Math.max(80, (host.element.clientWidth || 640) - 4)), height: HEIGHT_PX });
    Object.assign(screen.style, { width: `${room.width}px`, height: `${room.height}px`, imageRendering: room.pixelated ? "pixelated" : "auto" });
    screen.setAttribute("aria-label", `Video of ${payload.count} frames. Space plays, arrow keys step, Home and End go to the ends.`);
    const thumbWidth = Math.min(120, (STRIP_HEIGHT_PX * payload.tileWidth) / payload.tileHeight);
    // As many as stand side by side: none is cut.
    const places = Math.floor((host.element.clientWidth || 640) / (thumbWidth + STRIP_GAP_PX));
    const shown = Math.min(STRIP_FRAMES, payload.count, Math.max(2, places));
    const thumbs = Array.from({ length: shown }, (_, i) => {
      const frame = Math.round((i * (payload.count - 1)) / Math.max(1, shown - 1));
      const canvas = tiles.canvas(frame);
      Object.assign(canvas.style, { height: `${STRIP_HEIGHT_PX}px`, width: `${thumbWidth}px`, imageRendering: payload.tileHeight < STRIP_HEIGHT_PX ? "pixelated" : "auto" });
      const thumb = html("button", { type: "button", class: "iso-media-thumb", "aria-label": `Frame ${frame + 1}`, tabindex: -1 }, canvas);
      thumb.addEventListener("click", () => {
        stop();
        show(frame);
      });
      return thumb;
    });
    replace(strip, thumbs);
    strip.setAttribute("aria-label", `Frames, ${shown} of ${payload.count}`);
    draw();
  }
  element.addEventListener(
    "keydown",
    (event) => {
      if (event.target !== screen || event.ctrlKey || event.metaKey || event.altKey) return;
      const steps: Readonly<Record<string, number>> = { ArrowLeft: state.frame - 1, ArrowRight: state.frame + 1, Home: 0, End: payload.count - 1 };
      if (event.key === " " || event.key === "k") play.click();
      else if (Object.hasOwn(steps, event.key)) {
        stop();
        show(steps[event.key]);
        host.announce(`Frame ${state.frame + 1} of ${payload.count}`);
      } else return;
      event.preventDefault();
      event.stopPropagation();
    },
    { signal },
  );
  screen.addEventListener("click", () => play.click(), { signal });
  fill();
  return {
    element,
    async update(next) {
      const decoded = await Tiles.decode(next.png, { ...next, gap: 0 });
      stop();
      [payload, tiles] = [next, decoded];
      state = readState(state, payload.count);
      slider = makeSlider();
      fill();
    },
    exports: [{ label: "PNG", make: async () => ({ name: `frame-${state.frame + 1}.png`, mime: "image/png", bytes: await pngOfCanvas(tiles.canvas(state.frame)) }) }],
  };
}
