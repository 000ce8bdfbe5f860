/** @file Counts and bytes as people read them. */

const DECIMAL = ["", "k", "M", "G", "T", "P", "E"];
const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

function scaled(value: number, { base, prefixes }: { readonly base: number; readonly prefixes: readonly string[] }): string {
  let [size, power] = [value, 0];
  // 999.95 would be shown as 1000.
  while (size >= base - base / 2000 && power < prefixes.length - 1) {
    size /= base;
    power++;
  }
  const digits = power === 0 || size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return `${size.toFixed(digits)} ${prefixes[power]}`;
}

/** 21 700 000 000 → "21.7 GFLOP". */
export const flopsText = (flops: number): string => `${scaled(flops, { base: 1000, prefixes: DECIMAL })}FLOP`;
/** 1536 → "1.50 KiB". */
export const bytesText = (bytes: number): string => `${scaled(bytes, { base: 1024, prefixes: BINARY })}B`;
/** 1 200 000 → "1.20 M". */
export const countText = (count: number): string => scaled(count, { base: 1000, prefixes: DECIMAL }).trimEnd();
/** 0.5 → "50.0%", 0.0001 → "<0.1%"; "–" of nothing. */
export function shareText(part: number, whole: number): string {
  if (whole === 0) return "–";
  const percent = (100 * part) / whole;
  return percent > 0 && percent < 0.1 ? "<0.1%" : `${percent.toFixed(1)}%`;
}
