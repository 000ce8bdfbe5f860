/** @file Documentation comments as Markdown, and signatures without what belongs to the virtual program. */
import type ts from "typescript";
import type { CellProgram } from "./cellProgram";

/** Text and tags of a comment as Markdown. */
export function markdown(documentation: readonly ts.SymbolDisplayPart[] | undefined, tags: readonly ts.JSDocTagInfo[] | undefined): string {
  const blocks = [textOf(documentation), ...(tags ?? []).map(tagText)];
  return blocks.filter((block) => block !== "").join("\n\n");
}

function tagText({ name, text }: ts.JSDocTagInfo): string {
  const body = textOf(text).trim();
  if (name === "example") return body.includes("```") ? `*@example*\n${body}` : `*@example*\n\`\`\`ts\n${body.replace(/^<caption>.*?<\/caption>\s*/, "")}\n\`\`\``;
  if (name === "param" || name === "template") {
    const [, parameter, rest] = /^(\S+)\s*-?\s*([\s\S]*)$/.exec(body) ?? ["", body, ""];
    return `*@${name}* \`${parameter}\`${rest === "" ? "" : ` — ${rest}`}`;
  }
  return body === "" ? `*@${name}*` : `*@${name}* — ${body}`;
}

/** `{@link x}` becomes x as code: there is nothing to follow it to. */
const textOf = (parts: readonly ts.SymbolDisplayPart[] | undefined): string => (parts ?? []).map(({ text, kind }) => (kind === "link" ? (text.startsWith("{@") || text === "}" ? "`" : text) : text)).join("").replaceAll("``", "");

/** What hovers show, as written by a user: names of other cells are no imports. */
export function signatureText(cells: CellProgram, parts: readonly ts.SymbolDisplayPart[] | undefined): string {
  const text = (parts ?? []).map((part) => part.text).join("");
  return cells.readable(text.replace(/^\(alias\) /, "").replace(/\nimport [^\n]*$/, "").replaceAll(/^import .*\n?$/g, ""));
}
