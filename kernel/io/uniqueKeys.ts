/** @file Finds keys that occur twice in an object of a JSON text, which JSON.parse hides. */

/** The first key that an object of `json` holds twice, or undefined. The text must already have been parsed without error. */
export function duplicateKey(json: string): string | undefined {
  /** One entry per open bracket: the keys so far of an object, undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  let keyNext = false;
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === '"') {
      const start = at;
      for (at++; json[at] !== '"'; at++) if (json[at] === "\\") at++;
      const keys = open.at(-1);
      if (keyNext && keys !== undefined) {
        const key: unknown = JSON.parse(json.slice(start, at + 1));
        if (typeof key !== "string" || keys.has(key)) return String(key);
        keys.add(key);
        keyNext = false;
      }
    } else if (char === "{") {
      open.push(new Set());
      keyNext = true;
    } else if (char === "[") {
      open.push(undefined);
      keyNext = false;
    } else if (char === "}" || char === "]") {
      open.pop();
      keyNext = false;
    } else if (char === ",") {
      keyNext = open.at(-1) !== undefined;
    }
  }
  return undefined;
}
