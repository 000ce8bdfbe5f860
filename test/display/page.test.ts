/** @file Notebook pages: everything shown, nothing run, nothing fetched. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DISPLAY } from "../../kernel/display/displayable";
import { notebookToHtml } from "../../kernel/display/page";
import { highlight } from "../../kernel/display/page/highlight";
import { renderMarkdown } from "../../kernel/display/page/markdown";
import { sanitizeHtml } from "../../kernel/display/page/sanitizeHtml";
import { FormatError } from "../../kernel/errors";
import { EXAMPLES } from "./pictures";

const code = (source: string, outputs: readonly object[] = []) => ({ cell_type: "code", execution_count: 1, source, outputs });
const data = (content: object, metadata: object = {}) => ({ output_type: "display_data", data: content, metadata });
const page = (...cells: readonly object[]): string => notebookToHtml({ nbformat: 4, cells });

/** Tags and attributes of a page's body, as a browser would see them. */
const tagsOf = (source: string): string[] => [...source.matchAll(/<\/?([a-zA-Z!][^\s>]*)/g)].map(([, name]) => name.toLowerCase());

/** Throws when markup could run or fetch something. */
function checkHarmless(markup: string): void {
  for (const name of tagsOf(markup))
    if (/^(script|style|iframe|object|embed|svg|math|link|meta|base|form|input|button|video|audio|template)/.test(name)) throw new Error(`<${name}>`);
  for (const [tag] of markup.matchAll(/<[a-zA-Z](?:"[^"]*"|[^">])*>/g)) {
    if (/\son\w+\s*=/i.test(tag.replace(/"[^"]*"/g, '""'))) throw new Error(tag);
    for (const [, name, value] of tag.matchAll(/\s(href|src|style)="([^"]*)"/g)) {
      if (name === "href" && !/^(https?:|mailto:|#)/i.test(value)) throw new Error(tag);
      if (name === "src" && !value.startsWith("data:image/")) throw new Error(tag);
      if (name === "style" && !/^\s*text-align:\s*(left|right|center)\s*;?\s*$/.test(value)) throw new Error(tag);
    }
  }
}

const bodyOf = (html: string): string => html.slice(html.indexOf("<main>") + 6, html.lastIndexOf("</main>"));

const hostile = [
  "<script>alert(1)</script>",
  "<scr<script>ipt>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  '<img src="https://evil.example/x.png">',
  "<a href='java&#115;cript:alert(1)'>a</a>",
  '<a href="&#1;javascript:alert(1)">a</a>',
  '<a href="java\nscript:alert(1)">a</a>',
  "<svg onload=alert(1)><script>alert(1)</script></svg>",
  '<p style="background:url(https://evil.example)">x</p>',
  "<iframe src=javascript:alert(1)></iframe>",
  "</main></body><script src=//evil.example></script>",
  "<!-- <script>alert(1)</script> --><b>x",
  "<style>@import url(//evil.example)</style>",
  "<math><mtext></p><script>alert(1)</script>",
  '<p title="a>b" onclick="alert(1)">x</p>',
  "[a](javascript:alert(1)) ![x](https://evil.example/x.png) <b onclick=alert(1)>",
  "`</code><script>alert(1)</script>`",
  "```\n</code></pre><script>alert(1)</script>\n```",
  '| <script> | b |\n|---|---|\n| [x](data:text/html,<script>) | " onload=" |',
  "\uE0000\uE001 \uE0005\uE001",
];

describe("HTML from files", () => {
  it.each(hostile)("%s does no harm", (markup) => {
    checkHarmless(sanitizeHtml(markup));
    checkHarmless(renderMarkdown(markup));
    checkHarmless(highlight(markup));
    const html = page(
      code(markup, [
        data({ "text/html": markup }),
        data({ "text/markdown": markup }),
        data({ "text/plain": markup }),
        { output_type: "error", ename: markup, evalue: markup, traceback: [markup] },
      ]),
      { cell_type: "markdown", source: markup },
    );
    checkHarmless(bodyOf(html));
    expect(html.match(/<\/main>/g)).toHaveLength(1);
  });

  it("in any mixture of tags, quotes and schemes stays harmless and balanced", () => {
    const piece = fc.constantFrom(
      "<",
      ">",
      '"',
      "'",
      "=",
      "/",
      " ",
      "\n",
      "b",
      "script",
      "img",
      "a",
      "table",
      "td",
      "href",
      "src",
      "onclick",
      "style",
      "javascript:",
      "https://x",
      "&#60;",
      "&lt;",
      "<!--",
      "-->",
      "`",
      "*",
      "[",
      "](",
      ")",
      "|",
      "- ",
      "> ",
      "#",
      "```",
      ...hostile,
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        for (const html of [sanitizeHtml(pieces.join("")), renderMarkdown(pieces.join(""))]) {
          checkHarmless(html);
          const open: string[] = [];
          for (const [, closing, name] of html.matchAll(/<(\/?)([a-z0-9]+)(?:"[^"]*"|[^">])*>/g)) {
            if (["br", "hr", "img", "col"].includes(name)) continue;
            if (closing === "") open.push(name);
            else expect(open.pop()).toBe(name);
          }
          expect(open).toEqual([]);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("keeps tables, emphasis, links and pictures inside", () => {
    const kept =
      '<table><tr><td colspan="2" style="text-align:right">1</td></tr></table><p>a <b>b</b> &amp; <a href="https://example.org/a?b=c">c</a><img src="data:image/png;base64,AA==" alt="x"></p>';
    expect(sanitizeHtml(kept)).toBe(kept.replace('c">', 'c" rel="noopener noreferrer">'));
  });
});

describe("a notebook page", () => {
  it("shows Markdown, highlighted code and outputs through their static twins, with alt text", () => {
    const html = page(
      { cell_type: "markdown", source: ["# Start\n", "some *text*"] },
      code("const a = 1; // one", [
        data(EXAMPLES.attention()[DISPLAY]()),
        { output_type: "stream", name: "stdout", text: ["step 1\r", "step 2\n", "\u001b[31mred\u001b[0m"] },
      ]),
    );
    expect(html).toContain("<title>Start</title>");
    expect(html).toContain("<h1>Start</h1>");
    expect(html).toContain('<span class="hk">const</span> a = <span class="hn">1</span>; <span class="hc">// one</span>');
    expect(html).toMatch(/<img alt="Attention of GPT 4 × 128: Layer \d head \d attends mostly [^"]*" src="data:image\/svg\+xml;base64,/);
    expect(html).toContain('<pre class="text">step 2\nred</pre>');
    expect(html).not.toContain("step 1");
  });

  it("fetches nothing and runs nothing: no script, no link, and a policy that forbids both", () => {
    const html = page(
      code(
        "x",
        Object.values(EXAMPLES).map((example) => data(example()[DISPLAY]())),
      ),
    );
    expect(html).toContain("default-src 'none'; img-src data:; style-src 'unsafe-inline'");
    expect(html).not.toMatch(/<script|<link|@import|url\(/);
    for (const [, target] of html.matchAll(/\b(?:src|href)="([^"]{0,30})/g)) expect(target).toMatch(/^data:image\//);
  });

  it("of any JSON is a page or a FormatError", () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.array(
          fc.record({
            cell_type: fc.constantFrom("code", "markdown", 7),
            source: fc.jsonValue(),
            outputs: fc.oneof(
              fc.jsonValue(),
              fc.array(
                fc.record({
                  output_type: fc.constantFrom("display_data", "stream", "error"),
                  data: fc.jsonValue(),
                  text: fc.jsonValue(),
                  traceback: fc.jsonValue(),
                }),
              ),
            ),
          }),
        ),
        (anything, cells) => {
          expect(notebookToHtml({ cells })).toContain("</html>");
          try {
            notebookToHtml(anything);
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
          }
        },
      ),
    );
    expect(() => notebookToHtml([])).toThrow(/without a list of cells/);
  });
});

describe("Markdown", () => {
  it.each([
    ["a **b** *c* `d*e*` ~~f~~", "<p>a <strong>b</strong> <em>c</em> <code>d*e*</code> <s>f</s></p>"],
    ["snake_case_name and 2*3*4", "<p>snake_case_name and 2*3*4</p>"],
    ["- a\n- b\n  - c", "<ul><li>a</li><li>b\n<ul><li>c</li></ul></li></ul>"],
    ["3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'],
    ["> a\nb\n\nc", "<blockquote><p>a\nb</p></blockquote>\n<p>c</p>"],
    [
      "| a | b |\n|:--|--:|\n| 1 | 2 |",
      '<table><thead><tr><th style="text-align:left">a</th><th style="text-align:right">b</th></tr></thead><tbody><tr><td style="text-align:left">1</td><td style="text-align:right">2</td></tr></tbody></table>',
    ],
    ["```ts\nlet a;\n```", '<pre><code><span class="hk">let</span> a;</code></pre>'],
    ["a  \nb", "<p>a<br>\nb</p>"],
    ["[x](https://example.org/a_(b)) \\*y\\*", '<p><a href="https://example.org/a_(b)" rel="noopener noreferrer">x</a> *y*</p>'],
    ["## h ##\n---", "<h2>h</h2>\n<hr>"],
  ])("%j", (source, html) => expect(renderMarkdown(source)).toBe(html));
});
