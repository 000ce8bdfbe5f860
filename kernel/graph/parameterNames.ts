/** @file Names of the parameters of a function, which name its tensors in errors, reports and exported models. */

/** Names of a function's parameters, as written; destructured ones are called "argument i". */
export function parameterNames(fn: (...args: never[]) => unknown): string[] {
  const text = fn.toString();
  const open = text.indexOf("(");
  const arrow = text.indexOf("=>");
  if (arrow >= 0 && (open < 0 || arrow < open)) return [text.slice(0, arrow).replace(/^async\s+/, "").trim()];
  const names: string[] = [];
  let depth = 0;
  let start = open + 1;
  for (let i = open; i < text.length; i++) {
    const c = text[i];
    if ("([{".includes(c)) depth++;
    else if (")]}".includes(c)) depth--;
    if ((c === "," && depth === 1) || depth === 0) {
      const part = text.slice(start, i).trim();
      if (part !== "") names.push(/^[\w$]+/.exec(part)?.[0] ?? `argument ${names.length}`);
      start = i + 1;
    }
    if (depth === 0) break;
  }
  return names;
}
