/** @file Style sheet of the media view. */
export const MEDIA_CSS = `
.iso-media-grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(var(--tile), max-content)); gap: 6px; overflow: auto; padding: 3px; }
.iso-media-tile { border: 1px solid transparent; background: transparent; padding: 2px; border-radius: 3px; cursor: zoom-in; text-align: left; width: calc(var(--tile) + 6px); }
.iso-media-tile:hover { border-color: var(--iso-edge); background: var(--iso-hover); }
.iso-media-tile canvas { display: block; }
.iso-media-tile span { display: block; color: var(--iso-muted); font-size: 11px; line-height: 16px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.iso-media-stage { display: flex; align-items: center; min-width: 0; }
.iso-media-stage canvas { max-width: 100%; border-radius: 2px; }
.iso-media-caption { min-height: 20px; overflow-wrap: anywhere; max-height: 42px; overflow: auto; }
.iso-media-muted { color: var(--iso-muted); font-size: 12px; }
.iso-media-screen { cursor: pointer; margin-bottom: 8px; }
.iso-media-scrubber input[type=range] { width: clamp(120px, 30vw, 320px); }
.iso-media-scrubber .iso-number { min-width: 130px; }
.iso-media-strip { display: flex; gap: 2px; overflow-x: auto; padding: 2px; }
.iso-media-thumb { flex: none; border: 2px solid transparent; padding: 0; background: transparent; border-radius: 3px; cursor: pointer; }
.iso-media-thumb canvas { display: block; border-radius: 1px; outline: 1px solid var(--iso-line); outline-offset: -1px; }
.iso-media-thumb[aria-current=true] { border-color: var(--iso-focus); }
.iso-media-scene { height: 400px; position: relative; border: 1px solid var(--iso-edge); border-radius: 3px; overflow: hidden; }
.iso-media-scene canvas { display: block; width: 100%; height: 100%; touch-action: none; }
.iso-media-scene canvas:focus-visible { outline-offset: -2px; }
.iso-media-note { position: absolute; left: 10px; top: 8px; right: 10px; font-size: 12px; background: var(--iso-bg); color: var(--iso-fg); padding: 2px 6px; border-radius: 3px; width: fit-content; max-width: 100%; }
.iso-media-axes { display: flex; gap: 14px; flex-wrap: wrap; font-size: 12px; color: var(--iso-muted); margin-top: 4px; font-variant-numeric: tabular-nums; }
.iso-media-axes i { display: inline-block; width: 14px; height: 3px; vertical-align: middle; margin-right: 5px; }
`;
