/** @file Formulas such as "E + A*x^-alpha" as functions: sums, products, powers, log, exp, sqrt. Read, never run as code. */

export interface Equation {
  /** The one name that is not a parameter. */
  readonly variable: string;
  evaluate(parameters: Readonly<Record<string, number>>, x: number): number;
}

type Term = (names: ReadonlyMap<string, number>) => number;

const TOKEN = /\s*(?:(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+)|([\p{L}_][\p{L}\p{N}_]*)|(\*\*|[-+*/^()]))/uy;
const FUNCTIONS: ReadonlyMap<string, (value: number) => number> = new Map([
  ["log", Math.log],
  ["ln", Math.log],
  ["exp", Math.exp],
  ["sqrt", Math.sqrt],
]);
/** Parentheses in each other: a hostile formula must not exhaust the stack. */
const MAX_DEPTH = 40;
const MAX_CHARACTERS = 400;

function tokensOf(text: string): readonly string[] | undefined {
  const plain = text.replace(/[·×⋅]/g, "*").replace(/[−–]/g, "-").replace(/\*\*/g, "^").trim();
  if (plain.length > MAX_CHARACTERS) return undefined;
  const out: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < plain.length) {
    const found = TOKEN.exec(plain);
    if (found === null) return undefined;
    out.push(found[0].trim());
  }
  return out;
}

/** The formula as a function; undefined where it is none, or does not name exactly one variable beside the parameters. What stands before "=" is left out. */
export function equationOf(text: string, parameters: readonly string[]): Equation | undefined {
  const tokens = tokensOf(text.slice(text.lastIndexOf("=") + 1));
  if (tokens === undefined || tokens.length === 0) return undefined;
  const names = new Set<string>();
  let at = 0;
  let depth = 0;

  const sum = (): Term | undefined => {
    if (++depth > MAX_DEPTH) return undefined;
    let left = product();
    while (left !== undefined && (tokens[at] === "+" || tokens[at] === "-"))
      left = join(left, tokens[at++] === "+" ? (a, b) => a + b : (a, b) => a - b, product());
    depth--;
    return left;
  };
  const product = (): Term | undefined => {
    let left = unary();
    while (left !== undefined && (tokens[at] === "*" || tokens[at] === "/"))
      left = join(left, tokens[at++] === "*" ? (a, b) => a * b : (a, b) => a / b, unary());
    return left;
  };
  const unary = (): Term | undefined => {
    if (tokens[at] !== "-") return power();
    if (++depth > MAX_DEPTH) return undefined;
    at++;
    const term = unary();
    depth--;
    return term === undefined ? undefined : (values) => -term(values);
  };
  const power = (): Term | undefined => {
    const base = atom();
    if (base === undefined || tokens[at] !== "^") return base;
    at++;
    return join(base, (a, b) => a ** b, unary());
  };
  const atom = (): Term | undefined => {
    const token = tokens[at++];
    if (token === undefined) return undefined;
    if (token === "(") {
      const inner = sum();
      return tokens[at++] === ")" ? inner : undefined;
    }
    const number = Number(token);
    if (/^[\d.]/.test(token)) return Number.isFinite(number) ? () => number : undefined;
    if (/^[-+*/^)]/.test(token)) return undefined;
    const call = FUNCTIONS.get(token);
    if (call !== undefined && tokens[at] === "(") {
      at++;
      const inner = sum();
      return inner === undefined || tokens[at++] !== ")" ? undefined : (values) => call(inner(values));
    }
    names.add(token);
    return (values) => values.get(token) ?? NaN;
  };

  const term = sum();
  const variables = [...names].filter((name) => !parameters.includes(name));
  if (term === undefined || at < tokens.length || variables.length !== 1) return undefined;
  const [variable] = variables;
  return { variable, evaluate: (values, x) => term(new Map([...Object.entries(values), [variable, x]])) };
}

const join = (left: Term, combine: (a: number, b: number) => number, right: Term | undefined): Term | undefined =>
  right === undefined ? undefined : (values) => combine(left(values), right(values));
