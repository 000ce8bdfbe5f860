/** @file What a page does while it is looked at, in counts: a slow machine and a quick one give the same. */
import type { Page } from "playwright-core";

/** What was done since it was last asked. */
export interface Work {
  readonly frames: number;
  /** Characters decoded from base64: values of maps. */
  readonly decoded: number;
  /** Pixels that a script computed and put on a canvas. */
  readonly pixels: number;
  /** Pictures copied onto a canvas. */
  readonly images: number;
  /** Texts drawn on a canvas. */
  readonly texts: number;
  /** Nodes of the view that were added, and attributes and texts of nodes that changed. */
  readonly nodes: number;
}

/** Counts from now on what the page does in the element that `selector` names. */
export const countWork = (page: Page, selector: string): Promise<void> =>
  page.evaluate((name) => {
    const zero = { decoded: 0, pixels: 0, images: 0, texts: 0, nodes: 0 };
    let counts = { ...zero };
    const count = <T extends object, K extends keyof T & string>(owner: T, method: K, see: (result: unknown, first: unknown) => void): void => {
      const original: unknown = owner[method];
      const counting = function (this: unknown, ...args: unknown[]): unknown {
        const result: unknown = typeof original === "function" ? Reflect.apply(original, this, args) : undefined;
        see(result, args[0]);
        return result;
      };
      Object.assign(owner, { [method]: counting });
    };
    count(window, "atob", (text) => (counts.decoded += String(text).length));
    for (const { prototype } of [CanvasRenderingContext2D, OffscreenCanvasRenderingContext2D]) {
      count(prototype, "putImageData", (_, image) => (counts.pixels += image instanceof ImageData ? image.width * image.height : 0));
      count(prototype, "drawImage", () => counts.images++);
      count(prototype, "fillText", () => counts.texts++);
    }
    const element = document.querySelector(name);
    if (element === null) throw new Error(`the page has no ${name}`);
    const observer = new MutationObserver((records) => {
      for (const { type, addedNodes } of records) counts.nodes += type === "childList" ? addedNodes.length : 1;
    });
    observer.observe(element, { attributes: true, childList: true, characterData: true, subtree: true });
    window.takeWork = () => {
      const done = counts;
      counts = { ...zero };
      return done;
    };
  }, selector);

/** Lets `frames` frames go by and gives what was done in them. */
export const work = (page: Page, frames: number): Promise<Work> =>
  page.evaluate(async (number) => {
    for (let i = 0; i < number; i++) await new Promise((next) => requestAnimationFrame(next));
    return { frames: number, ...window.takeWork() };
  }, frames);
