/** @file HTML from notebook files made harmless: known tags and attributes only, no scripts, no network, always balanced. */
import { escapeHtml } from "../html";

const TAGS = new Set(
  "a b blockquote br caption code col colgroup dd details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var".split(
    " ",
  ),
);
const VOID_TAGS = new Set(["br", "col", "hr", "img"]);
/** Their content is code, not words. */
const SILENT = /^(script|style|template|noscript|iframe|object|svg|math|title|textarea|xmp)$/;

const ATTRIBUTES: Readonly<Record<string, RegExp>> = {
  align: /^(left|right|center)$/,
  alt: /^[\s\S]{0,1000}$/,
  colspan: /^\d{1,4}$/,
  height: /^\d{1,4}$/,
  open: /^(open)?$/,
  rowspan: /^\d{1,4}$/,
  scope: /^(col|row|colgroup|rowgroup)$/,
  start: /^\d{1,6}$/,
  style: /^\s*text-align:\s*(left|right|center)\s*;?\s*$/,
  title: /^[\s\S]{0,1000}$/,
  width: /^\d{1,4}%?$/,
};
const LINK = /^(https?:\/\/|mailto:|#)[^\s"'<>]*$/i;
const IMAGE = /^data:image\/(png|gif|jpeg|webp);base64,[A-Za-z0-9+/=\s]*$/;

export const isSafeLink = (url: string): boolean => LINK.test(url.trim());

const TAG = /<(\/?)([a-zA-Z][a-zA-Z0-9-]*)((?:[^>"']|"[^"]*"|'[^']*')*)>|<!--[\s\S]*?(?:-->|$)|<![^>]*>|<\?[^>]*>/g;
const ATTRIBUTE = /([a-zA-Z-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?/g;

/** Entities stay; all else that could begin markup is escaped. */
const textOf = (text: string): string =>
  text
    .replace(/&(?!#?\w{1,31};)/g, "&#38;")
    .replace(/</g, "&#60;")
    .replace(/>/g, "&#62;");

/** The few entities that could hide a scheme or a quote. */
const decoded = (value: string): string =>
  value
    .replace(/&#(x?)([0-9a-f]{1,7});?/gi, (_, hex: string, digits: string) => {
      const code = parseInt(digits, hex === "" ? 10 : 16);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "\uFFFD";
    })
    .replace(
      /&(lt|gt|quot|apos|amp|colon|tab|newline);?/gi,
      (_, name: string) => ({ lt: "<", gt: ">", quot: '"', apos: "'", amp: "&", colon: ":", tab: "\t", newline: "\n" })[name.toLowerCase()] ?? "",
    );

function attributesOf(tag: string, source: string): string {
  let out = "";
  const seen = new Set<string>();
  for (const [, rawName, double, single, bare] of source.matchAll(ATTRIBUTE)) {
    const name = rawName.toLowerCase();
    const value = decoded(double ?? single ?? bare ?? "");
    const allowed =
      tag === "a" && name === "href"
        ? LINK.test(value)
        : tag === "img" && name === "src"
          ? IMAGE.test(value)
          : (ATTRIBUTES[name]?.test(value) ?? false);
    if (!allowed || seen.has(name)) continue;
    seen.add(name);
    out += ` ${name}="${escapeHtml(value)}"`;
  }
  return tag === "a" ? `${out} rel="noopener noreferrer"` : out;
}

/** Balanced HTML of known tags. Unknown tags vanish, their words stay; scripts, styles and frames vanish with their content. */
export function sanitizeHtml(source: string): string {
  const open: string[] = [];
  let out = "";
  let last = 0;
  let silent: string | undefined;
  for (const match of source.matchAll(TAG)) {
    if (silent === undefined) out += textOf(source.slice(last, match.index));
    last = match.index + match[0].length;
    const name = match[2]?.toLowerCase();
    if (name === undefined) continue;
    const closing = match[1] === "/";
    if (silent !== undefined) {
      if (closing && name === silent) silent = undefined;
    } else if (SILENT.test(name)) silent = closing || match[0].endsWith("/>") ? undefined : name;
    else if (TAGS.has(name)) {
      if (!closing) {
        out += `<${name}${attributesOf(name, match[3])}>`;
        if (!VOID_TAGS.has(name)) open.push(name);
      } else if (open.includes(name))
        for (let closed = open.pop(); closed !== undefined; closed = closed === name ? undefined : open.pop()) out += `</${closed}>`;
    }
  }
  if (silent === undefined) out += textOf(source.slice(last));
  return (
    out +
    open
      .reverse()
      .map((name) => `</${name}>`)
      .join("")
  );
}
