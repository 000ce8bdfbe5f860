/** @file TypeScript code as HTML with classes for comments, strings, numbers and keywords: a reader's aid, not a parser. */
import { escapeHtml } from "../html";

const KEYWORDS =
  "abstract any as asserts async await bigint boolean break case catch class const continue debugger declare default delete do else enum export extends false finally for from function get if implements import in infer instanceof interface is keyof let namespace never new null number object of out override private protected public readonly return satisfies set static string super switch symbol this throw true try type typeof undefined unique unknown using var void while with yield";
const KEYWORD = new Set(KEYWORDS.split(" "));

// In order: comments, template strings, strings, numbers, words. Anything else is text.
const TOKEN =
  /(\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(`(?:[^`\\]|\\[\s\S])*`?|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?)|(\b(?:0[xob][\da-fA-F_]+|\d[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?\d+)?)n?\b)|([A-Za-z_$][\w$]*)(?=(\s*\()?)/g;

const span = (name: string, text: string): string => `<span class="${name}">${escapeHtml(text)}</span>`;

/** Escaped code with `<span class="hc|hs|hn|hk|hf|ht">` around comments, strings, numbers, keywords, calls and type names. */
export function highlight(code: string): string {
  let out = "";
  let last = 0;
  for (const match of code.matchAll(TOKEN)) {
    const [text, comment, string, number, word, call] = match;
    out += escapeHtml(code.slice(last, match.index));
    last = match.index + text.length;
    if (comment !== undefined) out += span("hc", text);
    else if (string !== undefined) out += span("hs", text);
    else if (number !== undefined) out += span("hn", text);
    // A keyword after a dot is a property.
    else if (KEYWORD.has(word) && code[match.index - 1] !== ".") out += span("hk", text);
    else if (call !== undefined) out += span("hf", text);
    else if (/^[A-Z]/.test(word)) out += span("ht", text);
    else out += escapeHtml(text);
  }
  return out + escapeHtml(code.slice(last));
}
