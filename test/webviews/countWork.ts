/** @file What a page does while it is looked at: in counts, which a slow machine and a quick one give alike, and in time. */
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

const MS = 1000;
/** Milliseconds that the page's main thread was busy while `body` ran, all of it and scripts alone; to be printed, not asserted. */
export async function busyWhile(page: Page, body: () => Promise<void>): Promise<{ readonly taskMs: number; readonly scriptMs: number }> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const read = async (): Promise<(name: string) => number> => {
    const { metrics } = await session.send("Performance.getMetrics");
    return (name) => metrics.find((one) => one.name === name)?.value ?? NaN;
  };
  const before = await read();
  await body();
  const after = await read();
  await session.detach();
  const spent = (name: string): number => (after(name) - before(name)) * MS;
  return { taskMs: spent("TaskDuration"), scriptMs: spent("ScriptDuration") };
}
