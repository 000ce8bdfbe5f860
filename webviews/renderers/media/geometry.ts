/** @file Point clouds and meshes: a scene to turn, or a still where the browser has no 3D. */
import type { GeometryPayload } from "../../../kernel/display/schema";
import { pngOfCanvas } from "../../shared/canvas";
import { html, replace } from "../../shared/dom";
import { pushButton, sliderField } from "../../shared/fields";
import { plural, significant } from "../../shared/format";
import type { Content, ContentOptions } from "./content";
import { geometryOf } from "./points";
import type { CameraState, GeometryScene, SceneSettings } from "./scene";
import { drawStill } from "./still";

interface State extends SceneSettings {
  readonly camera: CameraState | undefined;
}

const isTriple = (value: unknown): value is readonly number[] => Array.isArray(value) && value.length === 3 && value.every((each) => typeof each === "number" && Number.isFinite(each));

function readCamera(value: unknown): CameraState | undefined {
  if (typeof value !== "object" || value === null || !("position" in value) || !("target" in value)) return undefined;
  return isTriple(value.position) && isTriple(value.target) ? { position: value.position, target: value.target } : undefined;
}

function readState(saved: unknown): State {
  const fields = new Map<string, unknown>(typeof saved === "object" && saved !== null ? Object.entries(saved) : []);
  const size = fields.get("pointSize");
  return {
    pointSize: typeof size === "number" && size >= 1 && size <= 12 ? size : 3,
    box: fields.get("box") !== false,
    axes: fields.get("axes") !== false,
    wireframe: fields.get("wireframe") === true,
    camera: readCamera(fields.get("camera")),
  };
}

export async function geometryContent({ host, payload: first, signal }: ContentOptions<GeometryPayload>): Promise<Content<GeometryPayload>> {
  let payload = first;
  let state = readState(host.loadState());
  let scene: GeometryScene | undefined;
  let ended: AbortController | undefined;

  const stage = html("div", { class: "iso-media-scene" });
  const tools = html("div", { class: "iso-toolbar" });
  const axes = html("div", { class: "iso-media-axes" });
  const element = html("div", {}, tools, stage, axes);

  function change(next: Partial<State>): void {
    state = { ...state, ...next };
    host.saveState(state);
    scene?.set(state);
  }
  function toggle(text: string, key: "box" | "axes" | "wireframe"): HTMLButtonElement {
    const made = html("button", { type: "button", class: "iso-button", "aria-pressed": String(state[key]) }, text);
    made.addEventListener("click", () => {
      change({ [key]: !state[key] });
      made.setAttribute("aria-pressed", String(state[key]));
    });
    return made;
  }
  function describe(): void {
    const colours = [host.theme.series[1], host.theme.series[2], host.theme.series[0]];
    replace(
      axes,
      ["x", "y (up)", "z"].map((name, axis) => {
        const swatch = html("i", {});
        swatch.style.background = colours[axis];
        return html("span", {}, swatch, `${name}: ${significant(payload.low[axis])} … ${significant(payload.high[axis])}`);
      }),
    );
  }
  const words = (): string => `${plural(payload.count, "point")}${payload.triangleCount > 0 ? ` and ${plural(payload.triangleCount, "triangle")}` : ""}`;

  /** The picture that needs nothing, with the reason above it. */
  function showStill(reason: string): void {
    ended?.abort();
    scene = undefined;
    const canvas = html("canvas", { role: "img", "aria-label": `Still of ${words()}` });
    const again = pushButton({ text: "Try again", press: () => void showScene() });
    replace(stage, canvas, html("div", { class: "iso-media-note", role: "status" }, `${reason} `, again));
    drawStill(canvas, geometryOf(payload), { width: stage.clientWidth || 640, height: stage.clientHeight || 400 });
  }

  async function showScene(): Promise<void> {
    ended?.abort();
    ended = new AbortController();
    const own = AbortSignal.any([signal, ended.signal]);
    const canvas = html("canvas", { tabindex: 0, role: "application", "aria-roledescription": "3D view", "aria-label": `3D view of ${words()}. Arrow keys turn, plus and minus zoom, 0 shows all.` });
    // The wheel scrolls the notebook until the view is chosen.
    stage.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey && document.activeElement !== canvas) event.stopImmediatePropagation();
      },
      { signal: own, capture: true },
    );
    replace(stage, canvas);
    try {
      const { GeometryScene: Scene } = await import("./scene");
      if (own.aborted) return;
      scene = new Scene({ canvas, geometry: geometryOf(payload), settings: state, theme: host.theme, camera: state.camera, signal: own, onCamera: (camera) => change({ camera }), onLost: () => showStill("The 3D context was lost: a still is shown.") });
    } catch {
      if (!own.aborted) showStill("This browser has no WebGL: a still is shown.");
    }
  }

  function buildTools(): void {
    const mesh = payload.triangleCount > 0;
    const size = sliderField({ label: "Point size", min: 1, max: 12, value: state.pointSize, text: (value) => `${value} px`, move: (pointSize) => change({ pointSize }) });
    replace(tools, pushButton({ text: "Fit", label: "Fit all of it", press: () => {
      scene?.fit();
      change({ camera: undefined });
    } }), mesh ? toggle("Wireframe", "wireframe") : size.element, toggle("Box", "box"), toggle("Axes", "axes"), html("span", { class: "iso-media-muted" }, "drag turns · right drag moves · wheel zooms once clicked"));
  }
  stage.addEventListener("pointerdown", () => stage.querySelector("canvas")?.focus({ preventScroll: true }), { signal });
  host.onThemeChange((theme) => {
    if (signal.aborted) return;
    scene?.setTheme(theme);
    describe();
  });
  const observer = new ResizeObserver(() => scene?.resize());
  observer.observe(stage);
  signal.addEventListener("abort", () => observer.disconnect());
  buildTools();
  describe();
  await showScene();
  return {
    element,
    async update(next) {
      payload = next;
      buildTools();
      describe();
      await showScene();
    },
    exports: [
      { label: "PNG", make: async () => ({ name: "geometry.png", mime: "image/png", bytes: scene === undefined ? await pngOfCanvas(stillCanvas()) : await scene.png() }) },
      { label: "GLB", make: async () => {
        if (scene === undefined) throw new Error("GLB is written by the 3D view, which this browser does not have");
        return { name: "geometry.glb", mime: "model/gltf-binary", bytes: await scene.glb() };
      } },
    ],
  };

  function stillCanvas(): HTMLCanvasElement {
    const canvas = html("canvas", {});
    drawStill(canvas, geometryOf(payload), { width: 800, height: 600 });
    return canvas;
  }
}
