/** @file A button that opens a menu: arrows, Home, End, Escape, and it closes when the focus leaves. */
import { html, uniqueId } from "./dom";
import { movedIndex } from "./keyboard";

export interface MenuEntry {
  readonly label: string;
  readonly act: () => void;
}

export interface MenuOptions {
  /** Text of the button. */
  readonly label: string;
  /** For screen readers, when the text alone says too little. */
  readonly description?: string;
  /** Asked for each time the menu opens. */
  readonly entries: () => readonly MenuEntry[];
  readonly signal: AbortSignal;
}

/** The button with its menu. */
export function menuButton({ label, description, entries, signal }: MenuOptions): HTMLElement {
  const id = uniqueId("menu");
  const button = html("button", { type: "button", class: "iso-button", "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": description }, `${label} ▾`);
  const anchor = html("div", { class: "iso-menu-anchor" }, button);
  let menu: HTMLElement | undefined;

  const close = (): void => {
    // First forgotten, then removed: removing takes the focus away, which closes again.
    const open = menu;
    menu = undefined;
    open?.remove();
    button.setAttribute("aria-expanded", "false");
    button.removeAttribute("aria-controls");
  };
  const items = (): HTMLElement[] => (menu === undefined ? [] : [...menu.querySelectorAll<HTMLElement>("[role=menuitem]")]);
  const open = (): void => {
    menu = html(
      "div",
      { class: "iso-menu", role: "menu", id, "aria-label": description ?? label },
      entries().map(({ label: text, act }) => {
        const item = html("button", { type: "button", role: "menuitem", tabindex: -1 }, text);
        item.addEventListener("click", () => {
          close();
          button.focus();
          act();
        });
        return item;
      }),
    );
    anchor.append(menu);
    button.setAttribute("aria-expanded", "true");
    button.setAttribute("aria-controls", id);
    items()[0]?.focus();
  };

  button.addEventListener("click", () => (menu === undefined ? open() : close()), { signal });
  button.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "ArrowDown" || menu !== undefined) return;
      event.preventDefault();
      open();
    },
    { signal },
  );
  anchor.addEventListener(
    "keydown",
    (event) => {
      if (menu === undefined) return;
      if (event.key === "Escape") {
        close();
        button.focus();
      } else {
        const all = items();
        const next = movedIndex(event.key, { at: all.findIndex((item) => item === event.target), count: all.length, columns: 1 });
        if (next === undefined) return;
        all[next].focus();
      }
      event.preventDefault();
      event.stopPropagation();
    },
    { signal },
  );
  anchor.addEventListener(
    "focusout",
    (event) => {
      if (!(event.relatedTarget instanceof Node && anchor.contains(event.relatedTarget))) close();
    },
    { signal },
  );
  return anchor;
}
