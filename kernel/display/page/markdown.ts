/** @file Markdown as notebooks use it, to safe HTML: headings, paragraphs, lists, code, quotes, tables, emphasis, links. Raw HTML shows as text. */
import { escapeHtml } from "../html";
import { highlight } from "./highlight";
import { isSafeLink } from "./sanitizeHtml";

const MAX_DEPTH = 12;

/** Private-use characters that keep a place while text is rendered; an author's own are replaced. */
const PLACEHOLDERS = /[\uE000-\uE002]/g;

/** HTML of Markdown text. */
export const renderMarkdown = (source: string): string =>
  blocks(source.replace(PLACEHOLDERS, "\uFFFD").replace(/\r\n?/g, "\n").replace(/\t/g, "    ").split("\n"), 0);

const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+-]*)/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])( +|$)/;
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

const startsBlock = (line: string): boolean => HEADING.test(line) || FENCE.test(line) || RULE.test(line) || QUOTE.test(line) || ITEM.test(line);

function blocks(lines: readonly string[], depth: number): string {
  // Deeper nesting than any author writes is shown as it stands.
  if (depth > MAX_DEPTH) return `<p>${escapeHtml(lines.join("\n"))}</p>`;
  const out: string[] = [];
  let i = 0;
  while (i < lines.length) {
    const line = lines[i];
    const heading = HEADING.exec(line);
    const fence = FENCE.exec(line);
    if (line.trim() === "") i++;
    else if (fence !== null) {
      const end = lines.findIndex((other, at) => at > i && other.trim().startsWith(fence[1]) && /^[`~]+\s*$/.test(other.trim()));
      const code = lines.slice(i + 1, end < 0 ? lines.length : end).join("\n");
      out.push(`<pre><code>${/^(ts|tsx|js|jsx|typescript|javascript)$/.test(fence[2]) ? highlight(code) : escapeHtml(code)}</code></pre>`);
      i = end < 0 ? lines.length : end + 1;
    } else if (heading !== null) {
      out.push(`<h${heading[1].length}>${inline(heading[2])}</h${heading[1].length}>`);
      i++;
    } else if (RULE.test(line)) {
      out.push("<hr>");
      i++;
    } else if (QUOTE.test(line)) {
      const end = endOf(lines, i, (other) => QUOTE.test(other) || (other.trim() !== "" && !startsBlock(other)));
      out.push(
        `<blockquote>${blocks(
          lines.slice(i, end).map((other) => other.replace(QUOTE, "")),
          depth + 1,
        )}</blockquote>`,
      );
      i = end;
    } else if (ITEM.test(line)) {
      const list = readList(lines, i, depth);
      out.push(list.html);
      i = list.end;
    } else if (line.includes("|") && i + 1 < lines.length && TABLE_RULE.test(lines[i + 1]) && lines[i + 1].includes("-")) {
      const end = endOf(lines, i + 2, (other) => other.includes("|") && other.trim() !== "");
      out.push(table(lines.slice(i, end)));
      i = end;
    } else {
      const end = endOf(lines, i + 1, (other) => other.trim() !== "" && !startsBlock(other));
      out.push(
        `<p>${inline(
          lines
            .slice(i, end)
            .map((other) => other.replace(/ {2,}$/, "\uE002").trim())
            .join("\n"),
        ).replace(/\uE002\n?/g, "<br>\n")}</p>`,
      );
      i = end;
    }
  }
  return out.join("\n");
}

function endOf(lines: readonly string[], from: number, belongs: (line: string) => boolean): number {
  let end = from;
  while (end < lines.length && belongs(lines[end])) end++;
  return end;
}

function readList(lines: readonly string[], from: number, depth: number): { readonly html: string; readonly end: number } {
  const first = ITEM.exec(lines[from]);
  const ordered = first !== null && /\d/.test(first[2]);
  const items: string[][] = [];
  let indent = 0;
  let end = from;
  for (; end < lines.length; end++) {
    const line = lines[end];
    const marker = ITEM.exec(line);
    const inside = items.length > 0 && line.search(/\S/) >= indent;
    if (marker !== null && !inside) {
      if (/\d/.test(marker[2]) !== ordered || RULE.test(line)) break;
      indent = marker[0].length;
      items.push([line.slice(indent)]);
    } else if (line.trim() === "") {
      const next = lines[end + 1];
      if (next === undefined || !(next.search(/\S/) >= indent || ITEM.test(next))) break;
      items.at(-1)?.push("");
    } else if (inside) items.at(-1)?.push(line.slice(indent));
    else if (startsBlock(line) || lines[end - 1].trim() === "") break;
    else items.at(-1)?.push(line.trim());
  }
  const loose = items.some((item, i) => item.some((line, at) => line === "" && (at < item.length - 1 || i < items.length - 1)));
  const body = items.map((item) => {
    const html = blocks(item, depth + 1);
    return `<li>${loose ? html : html.replace(/^<p>([\s\S]*?)<\/p>/, "$1")}</li>`;
  });
  const start = ordered && first !== null && parseInt(first[2], 10) !== 1 ? ` start="${parseInt(first[2], 10)}"` : "";
  return { html: `<${ordered ? `ol${start}` : "ul"}>${body.join("")}</${ordered ? "ol" : "ul"}>`, end };
}

const cellsOf = (line: string): string[] =>
  line
    .trim()
    .replace(/^\|/, "")
    .replace(/(?<!\\)\|$/, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.replace(/\\\|/g, "|").trim());

function table([head, rule, ...rows]: readonly string[]): string {
  const align = cellsOf(rule).map((cell) => (cell.endsWith(":") ? (cell.startsWith(":") ? "center" : "right") : "left"));
  const row = (line: string, tag: "th" | "td"): string =>
    `<tr>${cellsOf(line)
      .slice(0, align.length)
      .map((cell, i) => `<${tag} style="text-align:${align[i]}">${inline(cell)}</${tag}>`)
      .join("")}</tr>`;
  return `<table><thead>${row(head, "th")}</thead><tbody>${rows.map((line) => row(line, "td")).join("")}</tbody></table>`;
}

const INLINE =
  /(`+)([\s\S]*?[^`])\1(?!`)|(!?)\[((?:[^[\]\\]|\\.|\[[^[\]]*\])*)\]\(\s*<?([^\s<>()]*(?:\([^\s<>()]*\))?[^\s<>()]*)>?(?:\s+"[^"]*")?\s*\)|<(https?:\/\/[^\s<>]+)>|\\([\\`*_{}[\]()#+\-.!|<>~$])/;

/** Emphasis, code, links. Code and links are found first: stars inside of them are no emphasis. */
function inline(text: string, depth = 0): string {
  if (depth > 4) return escapeHtml(text);
  let out = "";
  let plain = "";
  let rest = text;
  const held: string[] = [];
  for (let match = INLINE.exec(rest); match !== null; match = INLINE.exec(rest)) {
    const [whole, , code, bang, words, url, auto, escaped] = match;
    plain += rest.slice(0, match.index);
    rest = rest.slice(match.index + whole.length);
    if (escaped !== undefined) held.push(escapeHtml(escaped));
    else if (code !== undefined) held.push(`<code>${escapeHtml(code.replace(/^ (.*) $/s, "$1"))}</code>`);
    else if (auto !== undefined) held.push(`<a href="${escapeHtml(auto)}" rel="noopener noreferrer">${escapeHtml(auto)}</a>`);
    else if (bang === "!")
      held.push(
        /^data:image\/(png|gif|jpeg|webp);base64,[A-Za-z0-9+/=]*$/.test(url)
          ? `<img src="${escapeHtml(url)}" alt="${escapeHtml(words)}">`
          : `<em>[image: ${escapeHtml(words)}]</em>`,
      );
    else
      held.push(
        isSafeLink(url)
          ? `<a href="${escapeHtml(url)}" rel="noopener noreferrer">${inline(words, depth + 1)}</a>`
          : `${inline(words, depth + 1)} (${escapeHtml(url)})`,
      );
    plain += `\uE000${held.length - 1}\uE001`;
  }
  plain += rest;
  out = escapeHtml(plain)
    .replace(/(\*\*|__)(?=\S)([\s\S]*?\S)\1/g, "<strong>$2</strong>")
    .replace(/(?<![\w*])\*(?=[^\s*])([\s\S]*?[^\s*])\*(?!\*)/g, "<em>$1</em>")
    .replace(/(?<!\w)_(?=[^\s_])([\s\S]*?[^\s_])_(?!\w)/g, "<em>$1</em>")
    .replace(/~~(?=\S)([\s\S]*?\S)~~/g, "<s>$1</s>");
  return out.replace(/\uE000(\d+)\uE001/g, (_, index: string) => held[Number(index)] ?? "");
}
