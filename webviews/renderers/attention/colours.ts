/** @file Colours of weights: no weight is the ground of the page, so that a map reads as ink on paper in every theme. */
import type { Theme } from "../../shared/renderer";

/** From little to much; the ground comes first. Even steps of lightness, one hue: told apart without colour vision. */
const INKS: Readonly<Record<Theme["kind"], readonly string[]>> = {
  light: ["#cfe1f2", "#93bfe3", "#4a90c8", "#1b5fa3", "#0a2f66"],
  dark: ["#14344f", "#1a5a8a", "#2c8fc4", "#7cc8e8", "#f0fbff"],
  "high-contrast": ["#003a66", "#0067b3", "#2f9fff", "#9fd4ff", "#ffffff"],
  "high-contrast-light": ["#c4dcf2", "#7fb2e0", "#2f7cc4", "#0b4a94", "#001a40"],
};
/** More in the other (orange) and more in this one (blue), from the ground outwards. */
const OTHER: Readonly<Record<Theme["kind"], readonly string[]>> = {
  light: ["#f6cfa6", "#e08a3c", "#8f3d00"],
  dark: ["#5a3110", "#c26a1c", "#ffc58a"],
  "high-contrast": ["#703800", "#e07a10", "#ffd9a8"],
  "high-contrast-light": ["#f2c38f", "#c9660f", "#662900"],
};
const OWN: Readonly<Record<Theme["kind"], readonly string[]>> = {
  light: ["#b5d3ee", "#3f8ac8", "#0a3a78"],
  dark: ["#173f61", "#2c8fc4", "#b8e6ff"],
  "high-contrast": ["#004a80", "#2f9fff", "#d6edff"],
  "high-contrast-light": ["#a8ccea", "#2472b8", "#00285c"],
};
/** In no map: stands for values that are not finite. */
const NOT_FINITE = "#ff00c8";

/** CSS colours at equal steps: weights from 0 up, or differences from the other's to this one's. */
export const stops = (theme: Theme, signed: boolean): readonly string[] =>
  signed ? [...OTHER[theme.kind].toReversed(), theme.background, ...OWN[theme.kind]] : [theme.background, ...INKS[theme.kind]];

/** 256 RGBA entries as little-endian words; entry 255 is for values that are not finite. */
export function colourTable(theme: Theme, signed: boolean): Uint32Array {
  const canvas = new OffscreenCanvas(256, 1);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) return new Uint32Array(256);
  const gradient = context.createLinearGradient(0, 0, 255, 0);
  const colours = stops(theme, signed);
  colours.forEach((colour, i) => gradient.addColorStop(i / (colours.length - 1), colour));
  context.fillStyle = gradient;
  context.fillRect(0, 0, 255, 1);
  context.fillStyle = NOT_FINITE;
  context.fillRect(255, 0, 1, 1);
  return new Uint32Array(context.getImageData(0, 0, 256, 1).data.buffer);
}
