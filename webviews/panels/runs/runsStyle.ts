/** @file Style of the runs panel, beside that of the frame. */

export const RUNS_STYLE = `
h1.iso-title { font-size: 18px; margin: 0 0 2px; }
.runs-heading { font-size: 14px; font-weight: 600; margin: 0; }
.runs-scroll { overflow-x: auto; max-width: 100%; margin: 10px 0; }
.runs-table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 12px; }
.runs-table caption { text-align: left; color: var(--iso-muted); padding-bottom: 4px; }
.runs-table th, .runs-table td { text-align: left; padding: 3px 14px 3px 0; border-bottom: 1px solid var(--iso-line); font-weight: 400; white-space: nowrap; max-width: 42ch; overflow: hidden; text-overflow: ellipsis; }
.runs-table th.iso-number, .runs-table td.iso-number { text-align: right; }
.runs-table td:last-child { white-space: normal; padding-right: 0; }
.runs-table thead th { color: var(--iso-muted); }
.runs-table tbody th svg { margin-right: 4px; }
.runs-differs th::before { content: "≠ "; color: var(--iso-muted); }
.runs-note { color: var(--iso-muted); font-size: 12px; margin: 6px 0; }
`;
