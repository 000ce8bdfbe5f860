/** @file The card around every static picture: ground, title, finding, caption. */
import { element, label, svgDocument, type SvgChild } from "./svg";
import { wrapText } from "./textWidth";
import { CARD, CARD_EDGE, CARD_PADDING_PX, CARD_WIDTH_PX, INK, MUTED_INK } from "./theme";

export interface CardOptions {
  readonly title: string;
  /** Said under the title and in the alt text. */
  readonly finding: string;
  /** Small print at the foot: what was cut, how to read it. */
  readonly caption?: string;
  /** Pixels, default CARD_WIDTH_PX. */
  readonly width?: number;
  /** Height of the body in pixels. */
  readonly height: number;
}

/** Where the body may draw. */
export interface BodyBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const TITLE_SIZE = 15;
const FINDING_SIZE = 12;
const CAPTION_SIZE = 10.5;

/** A whole SVG: the card, its words, and the body drawn by `draw` into the box between them. */
export function card({ title, finding, caption = "", width = CARD_WIDTH_PX, height }: CardOptions, draw: (box: BodyBox) => SvgChild): string {
  const inner = width - 2 * CARD_PADDING_PX;
  const titles = wrapText(title, inner, { size: TITLE_SIZE, weight: "bold", maxLines: 2 });
  const findings = wrapText(finding, inner, { size: FINDING_SIZE, maxLines: 4 });
  const captions = wrapText(caption, inner, { size: CAPTION_SIZE, maxLines: 4 });
  let y = CARD_PADDING_PX;
  const words: SvgChild[] = [];
  const write = (
    lines: readonly string[],
    { size, leading, fill, bold }: { readonly size: number; readonly leading: number; readonly fill: string; readonly bold: boolean },
  ): void => {
    for (const line of lines) {
      words.push(label(line, { x: CARD_PADDING_PX, y: y + size * 0.85, size, fill, weight: bold ? "bold" : undefined }));
      y += leading;
    }
  };
  write(titles, { size: TITLE_SIZE, leading: 20, fill: INK, bold: true });
  write(findings, { size: FINDING_SIZE, leading: 16, fill: MUTED_INK, bold: false });
  const top = y + (titles.length + findings.length > 0 ? 10 : 0);
  y = top + height + (captions.length > 0 ? 10 : 0);
  write(captions, { size: CAPTION_SIZE, leading: 14, fill: MUTED_INK, bold: false });
  const total = Math.ceil(y + CARD_PADDING_PX - (captions.length > 0 ? 4 : 0));
  return svgDocument(
    { width, height: total, title, description: finding },
    element("rect", { x: 0.5, y: 0.5, width: width - 1, height: total - 1, rx: 8, fill: CARD, stroke: CARD_EDGE }),
    words,
    draw({ x: CARD_PADDING_PX, y: top, width: inner, height }),
  );
}
