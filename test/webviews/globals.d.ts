/** What test/webviews/page.js puts on the page. */
interface Editor {
  readonly posted: { readonly type: string; readonly name?: string; readonly mime?: string; readonly base64?: string }[];
  readonly violations: string[];
  start(options: { readonly trusted: boolean; readonly messaging: boolean }): Promise<void>;
  render(item: { readonly id: string; readonly mime: string; readonly text: string; readonly metadata?: unknown }): Promise<void>;
  dispose(id: string): void;
  send(message: unknown): void;
  theme(kind: string, variables: Readonly<Record<string, string>>): void;
}
interface Window {
  readonly editor: Editor;
  /** Set by countWork.ts. */
  takeWork(): { readonly decoded: number; readonly pixels: number; readonly images: number; readonly texts: number; readonly nodes: number };
  readonly axe: {
    run(root: Element, options: unknown): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>;
  };
}
