/** @file Attention views put aside to be compared with others of the page. All attention views of a page share this module. */
import type { AttentionModel } from "./model";

export interface Pin {
  readonly id: string;
  readonly name: string;
  readonly model: AttentionModel;
}

const pins = new Map<string, Pin>();
const listeners = new Set<() => void>();
let nextPin = 1;

/** Payloads kept at once: each may hold megabytes. */
const MAX_PINS = 6;

export const allPins = (): readonly Pin[] => [...pins.values()];
export const pinWith = (id: string): Pin | undefined => pins.get(id);

/** Puts a view aside and gives its name in lists; the oldest goes when there are too many. */
export function pin(model: AttentionModel): Pin {
  const number = nextPin++;
  const made = {
    id: String(number),
    name: `${number}: ${model.title === "" ? `${model.layers} × ${model.headsPerLayer} heads` : model.title}`.slice(0, 60),
    model,
  };
  pins.set(made.id, made);
  if (pins.size > MAX_PINS) pins.delete(pins.keys().next().value ?? "");
  tell();
  return made;
}

export function unpin(id: string): void {
  if (pins.delete(id)) tell();
}

/** Calls back when pins come or go, until the signal. */
export function onPins(listen: () => void, signal: AbortSignal): void {
  listeners.add(listen);
  signal.addEventListener("abort", () => listeners.delete(listen));
}

const tell = (): void => listeners.forEach((listen) => listen());
