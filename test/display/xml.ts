/** @file A strict reader of the XML that pictures are made of: throws at whatever is not well-formed. */

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
}

const TAG = /^<(\/?)([a-zA-Z][\w:-]*)((?:\s+[a-zA-Z][\w:-]*="[^"<]*")*)\s*(\/?)>/;
const ENTITY = /&(?!#\d+;|amp;|lt;|gt;|quot;|apos;)/;

const decode = (text: string): string => text.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));

export function parseXml(source: string): XmlElement {
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(source)) throw new Error("a character that XML does not allow");
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(source)) throw new Error("half of a character");
  const root: XmlElement = { name: "", attributes: {}, children: [], text: "" };
  const open = [root];
  let rest = source;
  while (rest !== "") {
    const parent = open[open.length - 1];
    const next = rest.indexOf("<");
    const text = next < 0 ? rest : rest.slice(0, next);
    if (ENTITY.test(text) || text.includes(">")) throw new Error(`loose character in ${text}`);
    parent.text += decode(text);
    rest = rest.slice(text.length);
    if (rest === "") break;
    const tag = TAG.exec(rest);
    if (tag === null) throw new Error(`no tag: ${rest.slice(0, 80)}`);
    rest = rest.slice(tag[0].length);
    const [, closing, name, attributes, empty] = tag;
    if (closing === "/") {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes another element`);
      continue;
    }
    const child: XmlElement = { name, attributes: {}, children: [], text: "" };
    const found = [...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, key, value]) => [key, value] as const);
    if (new Set(found.map(([key]) => key)).size < found.length) throw new Error(`an attribute twice in <${name}>`);
    for (const [, value] of found) if (ENTITY.test(value)) throw new Error(`loose & in ${value}`);
    Object.assign(child.attributes, Object.fromEntries(found.map(([key, value]) => [key, decode(value)])));
    parent.children.push(child);
    if (empty === "") open.push(child);
  }
  if (open.length !== 1 || root.children.length !== 1 || root.text.trim() !== "") throw new Error("not one closed element");
  return root.children[0];
}

/** All elements beneath, itself first. */
export const descendants = (element: XmlElement): XmlElement[] => [element, ...element.children.flatMap(descendants)];

/** Throws unless `svg` is a picture that viewers accept: well-formed, with alt text, nothing from outside, every number a number. */
export function checkPicture(svg: string): XmlElement {
  const root = parseXml(svg);
  if (root.name !== "svg" || root.attributes.role !== "img" || root.attributes["aria-label"] === undefined)
    throw new Error("no <svg role=img aria-label>");
  const [title, description] = root.children;
  if (title?.name !== "title" || title.text === "" || description?.name !== "desc") throw new Error("no <title> and <desc>");
  for (const { name, attributes } of descendants(root)) {
    if (/^(script|foreignObject|style|use|a)$/.test(name) || "id" in attributes) throw new Error(`<${name}> in a picture`);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) throw new Error(`${key} in a picture`);
      if (key === "href" && !/^data:image\/png;base64,[A-Za-z0-9+/=]+$/.test(value)) throw new Error("a picture that points outside");
      if (/^(x|y|x1|y1|x2|y2|cx|cy|r|rx|width|height|stroke-width|font-size)$/.test(key) && !/^-?\d+(\.\d{1,2})?$/.test(value))
        throw new Error(`${key}="${value}"`);
      if (/^(width|height|r)$/.test(key) && value.startsWith("-")) throw new Error(`${key}="${value}" in <${name}>`);
      if (/^(d|transform|viewBox)$/.test(key) && /NaN|Infinity|undefined|e[+-]?\d/.test(value)) throw new Error(`${key}="${value.slice(0, 60)}"`);
    }
  }
  return root;
}
