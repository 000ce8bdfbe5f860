/** @file Messages between the extension and a panel that shows one output. Types only. */

export type ToViewPanel =
  /** The output, and what it is called; a newer one takes the place of the older. */
  | { readonly type: "bundle"; readonly title: string; readonly data: { readonly [mime: string]: unknown } }
  /** Setting `isoflop.views.theme`. */
  | { readonly type: "theme"; readonly theme: "editor" | "light" };

export type FromViewPanel =
  | { readonly type: "ready" }
  | { readonly type: "save"; readonly name: string; readonly mime: string; readonly base64: string };
