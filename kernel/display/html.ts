/** @file Tagged templates for HTML, Markdown and SVG outputs: what is interpolated is escaped. */
import { DISPLAY, type Displayable, type MimeBundle } from "./displayable";
import { escapeXml } from "./svg";

/** Text for HTML content and quoted attributes. */
export const escapeHtml = (text: string): string => escapeXml(text);

/** Markup of one MIME type with plain text beside it. */
export class Markup implements Displayable {
  constructor(
    readonly mime: "text/html" | "text/markdown" | "image/svg+xml",
    readonly source: string,
  ) {}

  [DISPLAY](): MimeBundle {
    return { [this.mime]: this.source, "text/plain": this.mime === "text/markdown" ? this.source : textOf(this.source) };
  }

  toString(): string {
    return this.source;
  }
}

/** Words of markup, for viewers that show text only. */
const textOf = (markup: string): string =>
  markup
    .replace(/<(script|style)\b[\s\S]*?<\/\1\s*>/gi, "")
    .replace(/<\/(p|div|tr|li|h[1-6]|table)>|<br\s*\/?>/gi, "\n")
    .replace(/<[^>]*>/g, " ")
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Math.min(0x10ffff, Number(code))))
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, "&")
    .replace(/[ \t]+/g, " ")
    .replace(/ *\n */g, "\n")
    .trim();

type Part = string | number | boolean | bigint | null | undefined | Markup | readonly Part[];

function build(
  strings: TemplateStringsArray,
  parts: readonly Part[],
  { mime, escape }: { readonly mime: Markup["mime"]; readonly escape: (text: string) => string },
): Markup {
  const show = (part: Part): string => {
    if (part === null || part === undefined || part === false) return "";
    if (part instanceof Markup)
      return part.mime === mime || (mime === "text/html" && part.mime === "image/svg+xml") ? part.source : escape(part.source);
    if (typeof part === "object") return part.map(show).join("");
    return escape(String(part));
  };
  return new Markup(
    mime,
    strings.reduce((text, string, i) => text + show(parts[i - 1]) + string),
  );
}

/** HTML: interpolated text is escaped, `html` and `svg` values go in as they are, lists are joined, null, undefined and false show nothing. */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Markup =>
  build(strings, parts, { mime: "text/html", escape: escapeHtml });

/** Markdown: interpolated text is escaped so that it shows as it is, `md` values go in as they are. */
export const md = (strings: TemplateStringsArray, ...parts: readonly Part[]): Markup =>
  build(strings, parts, { mime: "text/markdown", escape: (text) => text.replace(/[\\`*_{}[\]()#+!|<>~$-]/g, "\\$&") });

/** SVG: interpolated text is escaped, `svg` values go in as they are. */
export const svg = (strings: TemplateStringsArray, ...parts: readonly Part[]): Markup =>
  build(strings, parts, { mime: "image/svg+xml", escape: escapeXml });
