/** @file The style sheet of exported pages: light and dark by the reader's preference, printable. */

export const PAGE_STYLE = `
:root { --page: #ffffff; --ink: #1d2129; --muted: #586071; --edge: #d5d8df; --code: #f5f6f9; --link: #0a5ea8; --comment: #5f6b7a; --string: #0a6b46; --number: #9a4400; --keyword: #7a2f9e; --call: #0a5ea8; --type: #8a5a00; --error: #b3261e; --error-ground: #fdf0ef; --warning-ground: #fdf7e7; }
@media (prefers-color-scheme: dark) { :root { --page: #11151c; --ink: #e4e7ed; --muted: #9aa3b5; --edge: #333a47; --code: #1a202b; --link: #74b6f2; --comment: #93a0b3; --string: #7fd1a8; --number: #f0a872; --keyword: #cfa3ee; --call: #8cc4f7; --type: #e3c078; --error: #ff9a92; --error-ground: #331a1a; --warning-ground: #2e2817; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 860px; margin: 0 auto; padding: 32px 20px 80px; }
h1, h2, h3, h4 { line-height: 1.25; margin: 1.6em 0 0.5em; } h1 { font-size: 1.9em; margin-top: 0.4em; } h2 { font-size: 1.4em; }
a { color: var(--link); }
section { margin: 14px 0; position: relative; }
pre { margin: 0; font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-x: auto; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 0.9em; background: var(--code); border-radius: 4px; padding: 1px 4px; }
pre code { font-size: inherit; background: none; padding: 0; }
pre.code, .markdown pre { background: var(--code); border: 1px solid var(--edge); border-radius: 8px; padding: 12px 14px; }
.count { position: absolute; right: 100%; margin-right: 10px; color: var(--muted); font: 12px/3 ui-monospace, monospace; }
.outputs { margin: 8px 0 22px; } .outputs > * { margin: 8px 0; }
pre.text { padding: 4px 14px; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 34em; overflow-y: auto; }
pre.warning { background: var(--warning-ground); border-radius: 8px; padding: 8px 14px; } pre.error { background: var(--error-ground); color: var(--error); border-radius: 8px; padding: 10px 14px; }
figure { margin: 10px 0; } img { max-width: 100%; height: auto; }
.html, .markdown { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9em; } th, td { padding: 4px 12px; border-bottom: 1px solid var(--edge); } thead th { border-bottom: 2px solid var(--edge); } caption { text-align: left; color: var(--muted); padding: 4px 0; }
blockquote { margin: 1em 0; padding: 0 1em; border-left: 3px solid var(--edge); color: var(--muted); }
hr { border: 0; border-top: 1px solid var(--edge); margin: 2em 0; }
.missing { color: var(--muted); }
.hc { color: var(--comment); font-style: italic; } .hs { color: var(--string); } .hn { color: var(--number); } .hk { color: var(--keyword); } .hf { color: var(--call); } .ht { color: var(--type); }
@media print { .count { display: none; } pre.text { max-height: none; } }
`.trim();
