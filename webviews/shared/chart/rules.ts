/** @file Style rules of a view, added once to the page it stands in. */

const SHEETS = new WeakMap<Document | ShadowRoot, Set<string>>();

/** Adds rules to the page or shadow root that holds `element`, once. Adopted sheets work under any style-src policy. */
export function adoptRules(element: Element, rules: string): void {
  const root = element.getRootNode();
  const target = root instanceof ShadowRoot ? root : document;
  const known = SHEETS.get(target) ?? new Set();
  SHEETS.set(target, known);
  if (known.has(rules)) return;
  known.add(rules);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules);
  target.adoptedStyleSheets = [...target.adoptedStyleSheets, sheet];
}
