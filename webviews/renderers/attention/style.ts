/** @file Style rules of the attention view. */

export const ATTENTION_RULES = `
.attention { display: grid; gap: 8px 20px; }
.attention h4 { font-size: 12px; font-weight: 600; margin: 0; line-height: 24px; display: flex; align-items: center; gap: 8px; min-width: 0; }
.attention h4 > span:first-child { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.attention h4 button { font-weight: 400; }
.attention h4 .iso-group, .attention-below .iso-group { margin-left: auto; flex: none; }
.attention-below { display: flex; gap: 8px; align-items: flex-start; margin-top: 4px; }
.attention-overview { position: relative; }
.attention-overview canvas, .attention-map canvas { display: block; }
.attention-cells { position: absolute; inset: 0 auto auto 0; }
.attention-cells [role=row] { display: flex; }
.attention-cells [role=gridcell] { flex: none; cursor: pointer; border-radius: 1px; }
.attention-cells [role=gridcell]:hover { box-shadow: 0 0 0 2px var(--iso-fg); }
.attention-map { position: relative; touch-action: pan-y; }
.attention-map canvas { cursor: crosshair; }
.attention-over { position: absolute; inset: 0 auto auto 0; }
.attention [hidden] { display: none; }
.attention-tokens { overflow: auto; border: 1px solid var(--iso-line); border-radius: 4px; margin-top: 4px; }
.attention-word { white-space: nowrap; }
.attention-text { position: relative; padding: 24px 10px 10px; line-height: 32px; font-family: var(--iso-mono); font-size: 13px; }
.attention-ranked { display: grid; grid-template-columns: minmax(40px, max-content) 1fr max-content; gap: 3px 8px; align-items: center; align-content: start; font-size: 12px; overflow: hidden; margin-top: 10px; height: 180px; font-variant-numeric: tabular-nums; }
.attention-ranked span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 130px; font-family: var(--iso-mono); }
.attention-ranked em { grid-column: 1 / -1; font-style: normal; color: var(--iso-muted); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.attention-ranked i { font-style: normal; }
.attention-ranked b { height: 9px; border-radius: 1px; min-width: 1px; }
.attention-text [role=option] { display: inline-block; line-height: 19px; padding: 0 2px; border-radius: 3px; border-bottom: 3px solid transparent; cursor: pointer; white-space: pre; }
.attention-arcs { position: absolute; left: 0; top: 0; pointer-events: none; overflow: visible; }
.attention-legend { display: flex; flex-wrap: wrap; gap: 2px 14px; align-items: center; color: var(--iso-muted); font-size: 11.5px; min-height: 20px; }
.attention-legend i { display: inline-block; width: 10px; height: 10px; border: 2.5px solid; border-radius: 1px; margin-right: 5px; vertical-align: -1px; box-sizing: border-box; }
.attention-ramp { display: inline-flex; align-items: center; gap: 6px; font-variant-numeric: tabular-nums; }
.attention-ramp b { display: inline-block; width: 90px; height: 9px; border: 1px solid var(--iso-line); }
`;
