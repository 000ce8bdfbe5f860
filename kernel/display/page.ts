/** @file A notebook as one HTML page that needs nothing else: no network, no scripts, pictures inside, light and dark. */
import { escapeHtml } from "./html";
import { highlight } from "./page/highlight";
import { renderMarkdown } from "./page/markdown";
import { cellsOf, joined, titleOf, type PageCell, type PageOutput } from "./page/notebook";
import { sanitizeHtml } from "./page/sanitizeHtml";
import { PAGE_STYLE } from "./page/style";

export interface PageOptions {
  /** Default: the notebook's title, or its first heading. */
  readonly title?: string;
}

/**
 * The page of a notebook (the parsed JSON of an .ipynb file, nbformat 4). Outputs show through their static twins, with their alt text. HTML from the
 * file is reduced to harmless tags; SVG stands in `<img>`, where scripts in it cannot run.
 *
 * @throws {FormatError} when the value has no list of cells.
 */
export function notebookToHtml(notebook: unknown, { title }: PageOptions = {}): string {
  const cells = cellsOf(notebook);
  const name = title ?? titleOf(notebook, cells);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(name)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
${cells.map(cellHtml).join("\n")}
</main>
</body>
</html>
`;
}

function cellHtml(cell: PageCell): string {
  if (cell.type === "markdown") return `<section class="markdown">${renderMarkdown(cell.source)}</section>`;
  if (cell.type === "raw") return cell.source.trim() === "" ? "" : `<section><pre class="text">${escapeHtml(cell.source)}</pre></section>`;
  const outputs = cell.outputs.map(outputHtml).filter((html) => html !== "");
  if (cell.source.trim() === "" && outputs.length === 0) return "";
  const count = cell.executionCount === undefined ? "" : `<span class="count" aria-label="cell ${cell.executionCount}">${cell.executionCount}</span>`;
  return `<section class="cell">${count}<pre class="code" tabindex="0"><code>${highlight(cell.source)}</code></pre>${outputs.length === 0 ? "" : `<div class="outputs">${outputs.join("\n")}</div>`}</section>`;
}

/** Terminal colours and other control sequences mean nothing on a page. */
const ANSI = new RegExp(
  `${String.fromCharCode(27)}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${String.fromCharCode(7)}]*${String.fromCharCode(7)}?|[@-Z\\\\-_])`,
  "g",
);

/** A line that was overwritten with carriage returns shows its last state, as in a terminal. */
const terminal = (text: string): string =>
  text
    .replace(ANSI, "")
    .replace(/\r\n/g, "\n")
    .replace(/[^\n]*\r(?=[^\n])/g, "");

function outputHtml(output: PageOutput): string {
  switch (output.type) {
    case "stream": {
      const text = terminal(output.text);
      return text === "" ? "" : `<pre class="text${output.name === "stderr" ? " warning" : ""}">${escapeHtml(text)}</pre>`;
    }
    case "error":
      return `<pre class="text error" role="alert">${escapeHtml(terminal(output.traceback === "" ? `${output.name}: ${output.message}` : output.traceback))}</pre>`;
    case "data":
      return dataHtml(output);
  }
}

const IMAGES = ["image/png", "image/gif", "image/jpeg", "image/webp"] as const;

/** The richest static form of an output. */
function dataHtml({ data, metadata }: Extract<PageOutput, { type: "data" }>): string {
  const text = joined(data["text/plain"]);
  const named = joined(metadata.vscode_altText);
  const alt = escapeHtml((named !== "" ? named : text.split("\n").slice(0, 2).join(": ")).slice(0, 1000));
  const picture = (mime: string, base64: string): string =>
    `<figure><img alt="${alt === "" ? "picture without description" : alt}" src="data:${mime};base64,${base64}"></figure>`;
  const svg = joined(data["image/svg+xml"]);
  if (svg !== "") return picture("image/svg+xml", Buffer.from(svg).toString("base64"));
  for (const mime of IMAGES) {
    const base64 = joined(data[mime]).replace(/\s+/g, "");
    if (base64 !== "" && /^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return picture(mime, base64);
  }
  const html = joined(data["text/html"]);
  if (html !== "") return `<div class="html">${sanitizeHtml(html)}</div>`;
  const markdown = joined(data["text/markdown"]);
  if (markdown !== "") return `<div class="markdown">${renderMarkdown(markdown)}</div>`;
  if (text !== "") return `<pre class="text">${escapeHtml(terminal(text))}</pre>`;
  const mimes = Object.keys(data);
  return mimes.length === 0
    ? ""
    : `<p class="missing">An output of type ${escapeHtml(mimes.join(", ").slice(0, 300))}, which has no static form.</p>`;
}
