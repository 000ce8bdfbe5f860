/** @file The style sheet of the cost tree. */

export const CSS = `
.iso-cost-totals { display: flex; flex-wrap: wrap; gap: 6px 28px; margin: 2px 0 10px; }
.iso-cost-totals dt { color: var(--iso-muted); font-size: 11.5px; }
.iso-cost-totals dd { margin: 0; font-size: 15px; font-weight: 600; font-variant-numeric: tabular-nums; }
.iso-tree { border-collapse: separate; border-spacing: 0; width: 100%; max-width: 980px; font-size: 12.5px; font-variant-numeric: tabular-nums; table-layout: fixed; min-width: 340px; }
.iso-tree th { border-bottom: 1px solid var(--iso-edge); padding: 0; text-align: left; background: transparent; }
.iso-tree th:first-child { width: 40%; }
.iso-tree th button { border: 0; background: transparent; padding: 3px 8px; cursor: pointer; font-weight: 600; width: 100%; text-align: inherit; border-radius: 2px; }
.iso-tree th.iso-number { text-align: right; }
.iso-tree td { padding: 2px 8px; border-bottom: 1px solid var(--iso-grid); vertical-align: middle; text-align: left; background: transparent; }
.iso-tree td.iso-number { text-align: right; }
.iso-tree tr.iso-branch { cursor: pointer; }
.iso-tree tbody tr:hover td { background: var(--iso-hover); }
.iso-tree tbody tr:focus-visible { outline-offset: -2px; }
.iso-layer { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.iso-twisty { display: inline-block; width: 16px; color: var(--iso-muted); }
.iso-amount { display: flex; justify-content: flex-end; gap: 8px; white-space: nowrap; }
.iso-amount small { color: var(--iso-muted); font-size: 11px; min-width: 46px; text-align: right; }
.iso-bar { display: block; height: 3px; border-radius: 2px; background: var(--iso-pressed); margin-top: 1px; overflow: hidden; }
.iso-bar span { display: block; height: 100%; border-radius: 2px; background: var(--iso-accent); }
@media (max-width: 780px) { .iso-tree th:first-child { width: 28%; } .iso-tree td, .iso-tree th button { padding-left: 4px; padding-right: 4px; } }
@media (max-width: 640px) { .iso-amount small { display: none; } .iso-tree th:first-child { width: 34%; } }
`;
