/** @file Elements of HTML and SVG built from plain values: text is always text, never markup. */

type Attribute = string | number | boolean | undefined;
export type Child = Node | string | number | undefined | readonly Child[];

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

function fill(element: Element, attributes: Readonly<Record<string, Attribute>>, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
}

/** Adds children; strings and numbers become text nodes, undefined is skipped. */
export function append(parent: Node, children: readonly Child[]): void {
  for (const child of children) {
    if (child === undefined) continue;
    if (typeof child === "string" || typeof child === "number") parent.appendChild(document.createTextNode(String(child)));
    else if (child instanceof Node) parent.appendChild(child);
    else append(parent, child);
  }
}

/** An HTML element. `undefined` and `false` attributes are left out, `true` ones stand empty. */
export function html<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

/** An SVG element. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG_NAMESPACE, tag);
  fill(element, attributes, children);
  return element;
}

let lastId = 0;

/** An id that no other element of this document has. */
export const uniqueId = (prefix: string): string => `iso-${prefix}-${++lastId}`;

/** Removes what `parent` holds and puts `children` there. */
export function replace(parent: Element, ...children: readonly Child[]): void {
  parent.replaceChildren();
  append(parent, children);
}
