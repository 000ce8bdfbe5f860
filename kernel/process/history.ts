/** @file The code that was run, for `history_request`. */

type Line = readonly [session: number, line: number, code: string];

const MAX_LINES = 1000;
const MAX_CHARACTERS = 1e6;
/** There is one session: that of this process. */
const SESSION = 0;

export class History {
  private lines: Line[] = [];
  private characters = 0;

  add(line: number, code: string): void {
    this.lines.push([SESSION, line, code]);
    this.characters += code.length;
    while (this.lines.length > MAX_LINES || (this.characters > MAX_CHARACTERS && this.lines.length > 1)) this.characters -= this.lines.shift()?.[2].length ?? 0;
  }

  /** The lines that a request asks for, oldest first; with `output: true` each with a null for its output, which is not kept. */
  select(request: Readonly<Record<string, unknown>>): readonly unknown[] {
    const { hist_access_type: access, n, start, stop, pattern, unique, output } = request;
    const last = (lines: readonly Line[]): readonly Line[] => (typeof n === "number" && n >= 0 ? lines.slice(Math.max(0, lines.length - n)) : lines);
    const chosen = access === "range" ? this.range(Number(start ?? 0), stop) : access === "search" ? last(this.search(String(pattern ?? "*"), unique === true)) : last(this.lines);
    return output === true ? chosen.map(([session, line, code]) => [session, line, [code, null]]) : chosen;
  }

  private range(start: number, stop: unknown): readonly Line[] {
    return this.lines.filter(([, line]) => line >= start && (typeof stop !== "number" || line < stop));
  }

  private search(pattern: string, unique: boolean): readonly Line[] {
    const matches = globMatcher(pattern);
    const found = this.lines.filter(([, , code]) => matches(code));
    return unique ? found.filter(([, , code], i) => found.findLastIndex(([, , other]) => other === code) === i) : found;
  }
}

/** `*` any text, `?` any character, as Jupyter has it. Works in the product of the lengths at most, whatever the pattern. */
export function globMatcher(pattern: string): (text: string) => boolean {
  return (text) => {
    let [at, from, star, mark] = [0, 0, -1, 0];
    while (at < text.length) {
      if (from < pattern.length && pattern[from] !== "*" && (pattern[from] === "?" || pattern[from] === text[at])) {
        at++;
        from++;
      } else if (pattern[from] === "*") {
        star = from++;
        mark = at;
      } else if (star >= 0) {
        from = star + 1;
        at = ++mark;
      } else return false;
    }
    return [...pattern.slice(from)].every((character) => character === "*");
  };
}
