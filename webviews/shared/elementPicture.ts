/** @file A picture of HTML as it stands on the page: a copy with its computed styles, as foreign content of an SVG. */
import type { SvgPicture } from "./exportFile";
import type { Theme } from "./renderer";

/** Styles without which the copy would look different. Sizes are among them: the copy has no page around it to flow in. */
const STYLE_NAMES = [
  ...["display", "position", "left", "right", "top", "bottom", "width", "height", "min-width", "max-width", "box-sizing", "overflow", "z-index"],
  ...["margin-top", "margin-right", "margin-bottom", "margin-left", "padding-top", "padding-right", "padding-bottom", "padding-left"],
  ...["border-top", "border-right", "border-bottom", "border-left", "border-radius", "border-collapse", "border-spacing", "background-color"],
  ...["color", "font-family", "font-size", "font-weight", "font-style", "font-variant-numeric", "line-height", "text-align", "vertical-align", "white-space", "text-overflow"],
  ...["flex", "flex-wrap", "align-items", "justify-content", "gap", "grid-template-columns", "grid-column", "grid-row", "opacity", "transform", "text-transform", "letter-spacing"],
  ...["fill", "stroke", "stroke-width", "stroke-dasharray", "text-anchor", "list-style-type", "overflow-wrap"],
];

function copyStyles(from: Element, to: Element): void {
  if (!(to instanceof HTMLElement || to instanceof SVGElement)) return;
  const style = getComputedStyle(from);
  to.removeAttribute("class");
  to.removeAttribute("id");
  for (const name of STYLE_NAMES) to.style.setProperty(name, style.getPropertyValue(name));
}

/** The element as an SVG. Browsers draw it (and PNG is made so); drawing programs that know no HTML in SVG do not. */
export function pictureOfElement(element: HTMLElement, theme: Theme): SvgPicture {
  const pad = 12;
  const width = Math.ceil(element.scrollWidth) + 2 * pad;
  const height = Math.ceil(element.scrollHeight) + 2 * pad;
  const copy = element.cloneNode(true) as HTMLElement; // SAFETY: a clone is of the type of its original.
  const originals = [element, ...element.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((target, index) => copyStyles(originals[index], target));
  copy.style.overflow = "visible";
  copy.style.maxHeight = "none";
  copy.style.width = `${element.scrollWidth}px`;
  copy.style.height = `${element.scrollHeight}px`;
  copy.style.margin = `${pad}px`;
  copy.setAttribute("xmlns", "http://www.w3.org/1999/xhtml");
  const content = new XMLSerializer().serializeToString(copy);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><rect width="${width}" height="${height}" fill="${theme.background}"/><foreignObject width="${width}" height="${height}">${content}</foreignObject></svg>`;
  return { svg, width, height };
}
