/** @file One SVG from several: title, finding and legend above, panels below, for the export of views that are made of plots. */
import type { SvgPicture } from "./exportFile";
import type { LegendEntry } from "./legend";
import type { Theme } from "./renderer";

export interface Panel extends SvgPicture {
  /** Pixels from the left and top of the first panel. */
  readonly x: number;
  readonly y: number;
  readonly title?: string;
}

export interface PictureParts {
  readonly theme: Theme;
  readonly title: string;
  readonly finding: string;
  readonly legend: readonly LegendEntry[];
  readonly panels: readonly Panel[];
}

const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

const PADDING = 16;
/** Mean width of a character at 12 pixels: enough to break lines and set legend entries. */
const CHARACTER_PX = 6.4;

function wrapped(text: string, width: number): readonly string[] {
  const limit = Math.max(10, Math.floor(width / CHARACTER_PX));
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < limit) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word.slice(0, limit));
  }
  return lines.slice(0, 6);
}

/** The picture: as wide as its panels need. */
export function composePicture({ theme, title, finding, legend, panels }: PictureParts): SvgPicture {
  const inner = Math.max(320, ...panels.map((panel) => panel.x + panel.width));
  const out: string[] = [];
  let y = PADDING;
  const write = (text: string, style: string): void => {
    y += 16;
    out.push(`<text x="${PADDING}" y="${y - 4}" ${style}>${escapeXml(text)}</text>`);
  };
  if (title !== "") write(title, `font-size="14" font-weight="600" fill="${theme.foreground}"`);
  for (const line of finding === "" ? [] : wrapped(finding, inner)) write(line, `font-size="12" fill="${theme.muted}"`);
  let x = PADDING;
  if (legend.length > 1) y += 20;
  for (const { name, colour, mark, dash } of legend.length > 1 ? legend : []) {
    const width = 32 + name.length * CHARACTER_PX;
    if (x > PADDING && x + width > inner + PADDING) {
      x = PADDING;
      y += 18;
    }
    const shape =
      mark === "line"
        ? `<line x1="${x}" x2="${x + 18}" y1="${y - 4}" y2="${y - 4}" stroke="${colour}" stroke-width="2.2"${dash === undefined ? "" : ` stroke-dasharray="${escapeXml(dash)}"`}/>`
        : `<circle cx="${x + 9}" cy="${y - 4}" r="4.5" fill="${colour}"/>`;
    out.push(`${shape}<text x="${x + 24}" y="${y}" font-size="12" fill="${theme.foreground}">${escapeXml(name)}</text>`);
    x += width;
  }
  y += 8;
  const top = y;
  for (const panel of panels) {
    const named = panel.title !== undefined && panel.title !== "";
    if (named) out.push(`<text x="${PADDING + panel.x}" y="${top + panel.y + 12}" font-size="12" font-weight="600" fill="${theme.foreground}">${escapeXml(panel.title)}</text>`);
    out.push(`<svg x="${PADDING + panel.x}" y="${top + panel.y + (named ? 18 : 0)}" width="${panel.width}" height="${panel.height}">${panel.svg}</svg>`);
  }
  const named = panels.some((panel) => panel.title !== undefined && panel.title !== "");
  const width = Math.ceil(inner + 2 * PADDING);
  const height = Math.ceil(top + Math.max(0, ...panels.map((panel) => panel.y + panel.height)) + (named ? 18 : 0) + PADDING);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${escapeXml(theme.font)}"><rect width="${width}" height="${height}" fill="${theme.background}"/>${out.join("")}</svg>`;
  return { svg, width, height };
}
