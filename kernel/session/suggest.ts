/** @file Finds what was probably meant by a name that does not exist. */

/** The nearest of `names` by edits, or undefined when none is near. */
export function suggest(given: string, names: Iterable<string>): string | undefined {
  const limit = Math.max(1, Math.floor(given.length / 3));
  let best: string | undefined;
  let least = limit + 1;
  for (const name of names) {
    const distance = name.toLowerCase() === given.toLowerCase() ? 0 : edits(given, name);
    if (distance < least) [best, least] = [name, distance];
  }
  return best;
}

/** Edit distance; two neighbours swapped count as one edit, being the commonest slip. */
function edits(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before[j - 2] + 1 : Infinity;
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1), swapped));
    }
    [before, row] = [row, next];
  }
  return row[b.length];
}
