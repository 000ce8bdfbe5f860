/** @file A grid of images with captions; one of them large, pixel by pixel. */
import type { ImagesPayload } from "../../../kernel/display/schema";
import { pngOfCanvas } from "../../shared/canvas";
import { html, replace } from "../../shared/dom";
import { pushButton, sliderField } from "../../shared/fields";
import { rovingFocus } from "../../shared/keyboard";
import type { Content, ContentOptions } from "./content";
import { fittedSize, Tiles } from "./tiles";

const HEIGHT_PX = 400;
const TOOLS_PX = 34;
/** Small images are enlarged to about this side at first. */
const COMFORTABLE_PX = 84;

interface State {
  readonly size?: number;
  readonly open?: number;
}

function readState(state: unknown): State {
  if (typeof state !== "object" || state === null) return {};
  const size = "size" in state && typeof state.size === "number" ? state.size : undefined;
  const open = "open" in state && typeof state.open === "number" && Number.isInteger(state.open) ? state.open : undefined;
  return { size, open };
}

export async function imagesContent({ host, payload: first, signal }: ContentOptions<ImagesPayload>): Promise<Content<ImagesPayload>> {
  let payload = first;
  let tiles = await Tiles.decode(payload.png, payload);
  let state = readState(host.loadState());
  let size = state.size ?? Math.min(240, Math.max(COMFORTABLE_PX, payload.tileWidth));
  let open = state.open !== undefined && state.open >= 0 && state.open < payload.count ? state.open : undefined;
  let last = open ?? 0;

  const grid = html("div", { class: "iso-media-grid", role: "group" });
  const stage = html("div", { class: "iso-media-stage" });
  const caption = html("div", { class: "iso-media-caption" });
  const readout = html("span", { class: "iso-number iso-media-muted" });
  const back = pushButton({ text: "All images", press: () => show(undefined) });
  const single = html("div", { class: "iso-media-single" }, html("div", { class: "iso-toolbar" }, back, pushButton({ text: "‹", label: "Previous image", press: () => step(-1) }), pushButton({ text: "›", label: "Next image", press: () => step(1) }), pushButton({ text: "Copy", label: "Copy this image", press: () => void copy() }), readout), stage, caption);
  const sizeField = sliderField({ label: "Size", min: 24, max: 320, step: 4, value: size, text: (value) => `${value} px`, move: (value) => {
    size = value;
    save();
    resize();
  } });
  const many = html("div", {}, html("div", { class: "iso-toolbar" }, sizeField.element, html("span", { class: "iso-media-muted" }, "Enter or a click enlarges")), grid);
  const element = html("div", { class: "iso-media-images" }, many, single);

  const save = (): void => host.saveState((state = { size, open }));
  const nameOf = (index: number): string => payload.captions[index] || `Image ${index + 1} of ${payload.count}`;
  const buttons = (): HTMLElement[] => [...grid.querySelectorAll<HTMLElement>("button")];
  const columnsShown = (): number => {
    const [one, ...rest] = buttons();
    const next = rest.findIndex((button) => button.offsetTop > one.offsetTop);
    return one === undefined ? 1 : next < 0 ? rest.length + 1 : next + 1;
  };
  const roving = rovingFocus(grid, { items: buttons, columns: columnsShown, signal });

  function tileHeight(): number {
    return (size * payload.tileHeight) / payload.tileWidth;
  }
  function resize(): void {
    grid.style.setProperty("--tile", `${size}px`);
    for (const canvas of grid.querySelectorAll("canvas")) {
      canvas.style.width = `${size}px`;
      canvas.style.height = `${tileHeight()}px`;
      canvas.style.imageRendering = size >= payload.tileWidth * 1.5 ? "pixelated" : "auto";
    }
    // As high as the images, up to the limit: the height does not change with what is chosen later.
    grid.style.maxHeight = `${HEIGHT_PX - TOOLS_PX}px`;
  }
  function fill(): void {
    grid.setAttribute("aria-label", `${payload.count} images`);
    const all = Array.from({ length: payload.count }, (_, index) => {
      const button = html("button", { type: "button", class: "iso-media-tile", "aria-label": nameOf(index) }, tiles.canvas(index), payload.captions.length > 0 ? html("span", {}, payload.captions[index]) : undefined);
      button.addEventListener("click", () => show(index));
      return button;
    });
    replace(grid, all);
    roving.refresh();
    resize();
  }
  function show(index: number | undefined): void {
    const leaving = open !== undefined && index === undefined;
    open = index;
    save();
    many.hidden = index !== undefined;
    single.hidden = index === undefined;
    if (index === undefined) {
      if (leaving) buttons()[last]?.focus();
      return;
    }
    last = index;
    const canvas = tiles.canvas(index);
    const room = fittedSize(payload, { width: Math.max(80, element.clientWidth - 4), height: HEIGHT_PX - 70 });
    Object.assign(canvas.style, { width: `${room.width}px`, height: `${room.height}px`, imageRendering: room.pixelated ? "pixelated" : "auto" });
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", nameOf(index));
    canvas.addEventListener("pointermove", (event) => (readout.textContent = pixelText(canvas, event)));
    canvas.addEventListener("pointerleave", () => (readout.textContent = placeText(index)));
    const focused = single.contains(document.activeElement) || many.contains(document.activeElement);
    replace(stage, canvas);
    caption.textContent = payload.captions[index] ?? "";
    readout.textContent = placeText(index);
    if (focused) canvas.focus({ preventScroll: true });
    host.announce(nameOf(index));
  }
  const placeText = (index: number): string => `${index + 1} of ${payload.count} · ${payload.tileWidth} × ${payload.tileHeight} pixels`;
  function step(by: number): void {
    if (open !== undefined) show(Math.min(payload.count - 1, Math.max(0, open + by)));
  }
  async function copy(): Promise<void> {
    if (open === undefined) return;
    try {
      const bytes = await pngOfCanvas(tiles.canvas(open));
      await navigator.clipboard.write([new ClipboardItem({ "image/png": new Blob([new Uint8Array(bytes)], { type: "image/png" }) })]);
      readout.textContent = "Image copied";
    } catch {
      readout.textContent = "The clipboard refused; export it instead";
    }
    host.announce(readout.textContent);
  }
  single.addEventListener(
    "keydown",
    (event) => {
      const moves: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -payload.count, End: payload.count };
      if (event.key === "Escape") show(undefined);
      else if (Object.hasOwn(moves, event.key)) step(moves[event.key]);
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
    { signal },
  );
  fill();
  many.hidden = false;
  single.hidden = true;
  // The size of the large image depends on the width, which is known once the element stands in the page.
  if (open !== undefined) requestAnimationFrame(() => signal.aborted || open === undefined || show(open));
  return {
    element,
    async update(next) {
      const decoded = await Tiles.decode(next.png, next);
      [payload, tiles] = [next, decoded];
      fill();
      show(open !== undefined && open < payload.count ? open : undefined);
    },
    exports: [{ label: "PNG", make: async () => (open === undefined ? { name: "images.png", mime: "image/png", bytes: Uint8Array.from(atob(payload.png), (char) => char.charCodeAt(0)) } : { name: `image-${open + 1}.png`, mime: "image/png", bytes: await pngOfCanvas(tiles.canvas(open)) }) }],
  };
}

/** "x 3, y 5: 255 0 12" under the pointer. */
function pixelText(canvas: HTMLCanvasElement, event: PointerEvent): string {
  const box = canvas.getBoundingClientRect();
  const x = Math.floor(((event.clientX - box.left) / box.width) * canvas.width);
  const y = Math.floor(((event.clientY - box.top) / box.height) * canvas.height);
  const pixel = canvas.getContext("2d")?.getImageData(Math.min(canvas.width - 1, Math.max(0, x)), Math.min(canvas.height - 1, Math.max(0, y)), 1, 1).data;
  return pixel === undefined ? "" : `x ${x}, y ${y}: ${[...pixel.subarray(0, pixel[3] === 255 ? 3 : 4)].join(" ")}`;
}
