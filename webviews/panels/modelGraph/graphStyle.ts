/** @file Style sheet of the model graph. */
export const GRAPH_CSS = `
html, body, main { height: 100%; margin: 0; padding: 0; }
main { box-sizing: border-box; padding: 0 12px; }
main > .iso:first-child { height: 100vh; display: flex; flex-direction: column; padding: 8px 0; }
.graph-bar { flex: none; }
.graph-search { position: relative; }
.graph-search input { background: transparent; border: 1px solid var(--iso-edge); border-radius: 3px; padding: 2px 8px; width: 220px; line-height: 18px; }
.graph-found { position: absolute; z-index: 5; top: 100%; left: 0; min-width: 300px; max-height: 300px; overflow: auto; background: var(--iso-bg); border: 1px solid var(--iso-edge); border-radius: 4px; padding: 4px; box-shadow: 0 2px 10px rgba(0,0,0,.25); }
.graph-found button { display: block; width: 100%; text-align: left; border: 0; background: transparent; border-radius: 3px; padding: 3px 8px; cursor: pointer; overflow-wrap: anywhere; }
.graph-found button:hover, .graph-found button:focus { background: var(--iso-pressed); }
.graph-found p { margin: 3px 8px; color: var(--iso-muted); }
.graph-notes { flex: none; color: var(--iso-muted); font-size: 12px; margin: 0 0 6px; max-height: 36px; overflow: auto; overflow-wrap: anywhere; }
.graph-columns { flex: 1 1 auto; min-height: 0; display: flex; gap: 10px; }
.graph-pane { flex: 1 1 0; min-width: 0; display: flex; flex-direction: column; }
.graph-pane h2 { font-size: 13px; font-weight: 600; margin: 0 0 4px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.graph-pane h2 span { font-weight: 400; color: var(--iso-muted); }
.graph-canvas { flex: 1 1 auto; min-height: 0; border: 1px solid var(--iso-edge); border-radius: 4px; width: 100%; cursor: grab; display: block; touch-action: none; }
.graph-canvas:active { cursor: grabbing; }
.graph-canvas text { fill: var(--iso-fg); font-size: 12px; pointer-events: none; }
.graph-arrow { fill: var(--iso-fg); }
.graph-canvas .graph-sub { fill: var(--iso-muted); font-size: 10.5px; font-variant-numeric: tabular-nums; }
.graph-canvas .graph-shape { fill: var(--iso-muted); font-size: 9.5px; paint-order: stroke; stroke: var(--iso-bg); stroke-width: 3px; }
.graph-item { cursor: pointer; outline: none; }
.graph-item rect { fill: var(--iso-bg); stroke: var(--iso-edge); stroke-width: 1; }
.graph-item[data-kind=module] rect { stroke: var(--iso-accent); stroke-width: 1.5; }
.graph-item[data-kind=module] .graph-fill { fill: var(--iso-accent); fill-opacity: .12; stroke: none; }
.graph-item[data-kind=group] rect { fill: var(--iso-accent); fill-opacity: .045; stroke: var(--iso-accent); stroke-opacity: .55; stroke-dasharray: 4 3; }
.graph-item[data-kind=input] rect, .graph-item[data-kind=output] rect { rx: 12; stroke: var(--iso-muted); }
.graph-item:hover rect:first-child { stroke: var(--iso-fg); }
.graph-item[data-selected=true] rect:first-child { stroke: var(--iso-focus); stroke-width: 2.5; }
.graph-item:focus-visible rect:first-child { stroke: var(--iso-focus); stroke-width: 3; }
.graph-item[data-like=changed] rect:first-child { stroke: var(--graph-changed); stroke-width: 2.5; }
.graph-item[data-like="only here"] rect:first-child { stroke: var(--graph-only); stroke-width: 2.5; stroke-dasharray: 7 3; }
.graph-item[data-like=same] { opacity: .72; }
.graph-item[data-like] .graph-mark { font-weight: 700; font-size: 13px; }
.graph-item[data-like=changed] .graph-mark { fill: var(--graph-changed); }
.graph-item[data-like="only here"] .graph-mark { fill: var(--graph-only); }
.graph-edge { fill: none; stroke: var(--iso-muted); stroke-opacity: .65; }
.graph-edge[data-near=true] { stroke: var(--iso-focus); stroke-opacity: 1; stroke-width: 2; }
.graph-details { flex: none; width: 290px; overflow: auto; border-left: 1px solid var(--iso-edge); padding: 0 2px 0 12px; overflow-wrap: anywhere; }
.graph-details h2 { font-size: 14px; font-weight: 600; margin: 0; }
.graph-details h3 { font-size: 12px; font-weight: 600; margin: 10px 0 2px; }
.graph-details p { margin: 0 0 4px; color: var(--iso-muted); }
.graph-details table { border-collapse: collapse; width: 100%; font-size: 12px; }
.graph-details th { text-align: left; font-weight: 400; color: var(--iso-muted); vertical-align: top; padding: 1px 8px 1px 0; max-width: 130px; }
.graph-details td { padding: 1px 0; font-variant-numeric: tabular-nums; vertical-align: top; }
.graph-details code { font-family: var(--iso-mono); font-size: 11.5px; }
.graph-state { padding: 24px; max-width: 80ch; white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 700px) { .graph-columns { flex-direction: column; } .graph-details { width: auto; max-height: 35%; border-left: 0; border-top: 1px solid var(--iso-edge); padding: 6px 0 0; } }
`;
