/** @file Style sheet of the tensor view. */
export const TENSOR_CSS = `
.iso-tensor-grid { display: grid; grid-template-columns: minmax(0, 1fr) 270px; gap: 4px 18px; align-items: start; }
.iso-tensor-left { min-width: 0; }
.iso-tensor-stage { position: relative; display: flex; gap: 10px; align-items: flex-start; }
.iso-tensor-room { flex: 1 1 auto; min-width: 0; height: 330px; }
.iso-tensor-map { display: block; touch-action: pan-y; cursor: crosshair; border-radius: 2px; }
.iso-tensor-readout { font-family: var(--iso-mono); font-size: 12.5px; min-height: 20px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.iso-tensor-key { flex: none; display: grid; grid-template-columns: 12px auto; gap: 0 5px; font-size: 11px; color: var(--iso-muted); font-variant-numeric: tabular-nums; margin-top: 22px; }
.iso-tensor-key canvas { grid-row: 1 / 4; width: 12px; height: 180px; border: 1px solid var(--iso-edge); }
.iso-tensor-key span:nth-of-type(2) { align-self: center; }
.iso-tensor-key span:nth-of-type(3) { align-self: end; }
.iso-tensor-facts { font-family: var(--iso-mono); font-size: 12px; color: var(--iso-muted); margin: 0 0 4px; overflow-wrap: anywhere; }
.iso-tensor-stats { border-collapse: collapse; font-size: 12px; font-variant-numeric: tabular-nums; width: 100%; }
.iso-tensor-stats th { font-weight: 400; text-align: left; color: var(--iso-muted); padding: 1px 0; white-space: nowrap; }
.iso-tensor-stats thead th { text-align: right; }
.iso-tensor-stats td { text-align: right; padding: 1px 0 1px 10px; white-space: nowrap; }
.iso-tensor-bad th, .iso-tensor-bad td { color: var(--iso-error); font-weight: 600; }
.iso-tensor-histogram { margin-top: 4px; }
.iso-tensor-histogram svg { display: block; width: 100%; max-width: 270px; }
.iso-tensor-histogram text { fill: var(--iso-muted); font-size: 10px; font-variant-numeric: tabular-nums; }
.iso-tensor-bar { fill: var(--iso-accent); }
.iso-tensor-axis { stroke: var(--iso-muted); }
.iso-tensor-marker { stroke: var(--iso-focus); stroke-width: 2; }
.iso-tensor-muted { color: var(--iso-muted); margin: 4px 0; font-size: 12px; min-height: 17px; }
.iso-tensor-axes:empty { display: none; }
.iso-tensor-low .iso-tensor-room { height: 150px; }
.iso-tensor-low .iso-tensor-key canvas { height: 110px; }
.iso-tensor-one .iso-tensor-key { display: none; }
@container (max-width: 720px) {
  .iso-tensor-grid { grid-template-columns: minmax(0, 1fr); }
  .iso-tensor-right { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 270px); gap: 0 18px; align-items: start; }
  .iso-tensor-right .iso-toolbar { grid-column: 2; }
}
@container (max-width: 460px) { .iso-tensor-right { grid-template-columns: minmax(0, 1fr); } .iso-tensor-right .iso-toolbar { grid-column: 1; } }
.iso-tensor-view { container-type: inline-size; }
`;
