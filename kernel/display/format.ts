/** @file Numbers as people read them: significant digits, SI prefixes, bytes, seconds, percent. */

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** 10 to a whole power, as "10⁻³". */
export const powerOfTen = (exponent: number): string =>
  `10${exponent < 0 ? "⁻" : ""}${[...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[Number(digit)]).join("")}`;

/** `value` to `digits` significant digits (default 3), no trailing zeros; very large and small ones as "1.2×10⁻⁵". Minus is U+2212. */
export function significant(value: number, digits = 3): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const [mantissa, exponentText] = size.toExponential(digits - 1).split("e");
  const exponent = Number(exponentText);
  const sign = value < 0 ? "−" : "";
  if (exponent < -4 || exponent >= Math.max(6, digits)) {
    const shown = mantissa.replace(/\.?0+$/, "");
    return `${sign}${shown === "1" ? "" : `${shown}×`}${powerOfTen(exponent)}`;
  }
  return `${sign}${Number(size.toPrecision(digits))}`;
}

const SI = ["", "k", "M", "G", "T", "P", "E", "Z", "Y"];

function scaled(
  value: number,
  { base, prefixes, digits }: { readonly base: number; readonly prefixes: readonly string[]; readonly digits: number },
): readonly [string, string] {
  if (!Number.isFinite(value)) return [significant(value), ""];
  const size = Math.abs(value);
  let power = 0;
  while (power < prefixes.length - 1 && Math.max(size / base ** power, Number((size / base ** power).toPrecision(digits))) >= base) power++;
  return [significant(value / base ** power, digits), prefixes[power]];
}

/** With an SI prefix: 12300000 → "12.3M"; with a unit "12.3 MFLOP". Below 1 no prefix is used. */
export function withPrefix(value: number, unit = "", digits = 3): string {
  const [number, prefix] = scaled(value, { base: 1000, prefixes: SI, digits });
  return unit === "" ? `${number}${prefix}` : `${number} ${prefix}${unit}`;
}

/** Bytes with binary prefixes: 1536 → "1.5 KiB". */
export function bytesText(bytes: number): string {
  const [number, prefix] = scaled(bytes, { base: 1024, prefixes: ["", "Ki", "Mi", "Gi", "Ti", "Pi"], digits: 3 });
  return `${number} ${prefix}B`;
}

export const flopsText = (flops: number): string => withPrefix(flops, "FLOP");

/** 0.123 → "12.3 %"; below 0.1 % "< 0.1 %". */
export function percent(share: number): string {
  if (!Number.isFinite(share)) return significant(share);
  if (share > 0 && share < 0.001) return "< 0.1 %";
  return `${significant(share * 100, share >= 0.995 ? 4 : Math.abs(share) < 0.1 ? 2 : 3)} %`;
}

/** 0.0042 → "4.2 ms", 75 → "1 min 15 s", 7260 → "2 h 1 min". */
export function secondsText(seconds: number): string {
  if (!Number.isFinite(seconds)) return significant(seconds);
  const size = Math.abs(seconds);
  if (size === 0) return "0 s";
  if (size < 1e-3) return `${significant(seconds * 1e6, 2)} µs`;
  if (size < 1) return `${significant(seconds * 1e3, 2)} ms`;
  if (size < 59.5) return `${significant(seconds, 2)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 === 0 ? "" : ` ${whole % 60} s`}`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? "" : ` ${minutes % 60} min`}`;
}

/** "1 head", "3 heads". */
export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** `text` in at most `most` characters, the last of them "…" where it was longer. */
export const cutTo = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** "layer 2 …" as the beginning of a sentence. */
export const capitalized = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** Words in a sentence: "a", "a and b", "a, b and c". */
export const listText = (words: readonly string[]): string =>
  words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
