/** @file Keyboard for groups of things of which one is active: one stop for Tab, arrows inside. */

export interface RovingOptions {
  /** The items in order, as they are now. */
  readonly items: () => readonly HTMLElement[];
  /** Items in one row; Up and Down move by it. Default 1: Up and Down move by one, and so do Left and Right. */
  readonly columns?: () => number;
  readonly signal: AbortSignal;
  /** Called after the focus has moved to this item. */
  readonly onMove?: (item: HTMLElement, index: number) => void;
}

/** Makes `group` one stop for Tab: only the last used item can be reached by it, arrows, Home and End move. Call `refresh` when items change. */
export function rovingFocus(group: HTMLElement, { items, columns = () => 1, signal, onMove }: RovingOptions): { readonly refresh: () => void } {
  let active = 0;
  const refresh = (): void => {
    const all = items();
    active = Math.min(active, Math.max(0, all.length - 1));
    all.forEach((item, index) => (item.tabIndex = index === active ? 0 : -1));
  };
  group.addEventListener(
    "focusin",
    (event) => {
      const index = items().findIndex((item) => item === event.target);
      if (index < 0 || index === active) return;
      active = index;
      refresh();
    },
    { signal },
  );
  group.addEventListener(
    "keydown",
    (event) => {
      const all = items();
      const at = all.findIndex((item) => item === event.target);
      if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
      const next = movedIndex(event.key, { at, count: all.length, columns: columns() });
      if (next === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      all[next].focus();
      onMove?.(all[next], next);
    },
    { signal },
  );
  refresh();
  return { refresh };
}

interface Grid {
  readonly at: number;
  readonly count: number;
  /** Items in one row. */
  readonly columns: number;
}

/** Where a key leads in a grid of items, kept inside of it; undefined for keys that do not move. */
export function movedIndex(key: string, { at, count, columns }: Grid): number | undefined {
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key];
  if (by !== undefined) return at + by < 0 || at + by >= count ? at : at + by;
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : undefined;
}
