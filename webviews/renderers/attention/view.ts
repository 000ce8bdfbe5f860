/** @file An attention view: all heads, one head and its tokens, linked to each other. */
import type { AttentionPayload } from "../../../kernel/display/schema";
import { CONTROL_RULES, perFrame, watchWidth } from "../../shared/chart/controls";
import type { Host } from "../../shared/renderer";
import { addStyles } from "../../shared/styles";
import { type Atlas, atlas } from "./atlas";
import { drawCaptions, drawReadout } from "./captions";
import { colourTable } from "./colours";
import { otherOf, type Shown, shownOf } from "./compare";
import { column as columnOf, largestSize, reader, row as rowOf, sums, usualHighest } from "./grids";
import { type Focus, headMap } from "./headMap";
import { type AttentionModel, attentionModel, tokenName } from "./model";
import { describeHead, type Highlight, orderOf, patternOf, patternThreshold, strength } from "./order";
import { overview } from "./overview";
import { arrange, parts, type Parts, type Sizes } from "./parts";
import { allPins, onPins, pin, unpin } from "./pins";
import { type Chosen, chosenOf, focusOfToken, moved, NOTHING, sourceOf, targetOf } from "./state";
import { ATTENTION_RULES } from "./style";
import { drawRanked, tokens } from "./tokens";
import { isWhole, reveal, wholeOf, zoom } from "./window";
import { sayFocus } from "./words";

/** Weights of the payload as they are looked at: what changes with the head or the comparison, not with the pointer. */
interface Look {
  readonly shown: Shown;
  readonly sums: ReturnType<typeof sums> | undefined;
  readonly colours: Uint32Array;
  readonly low: number;
  readonly high: number;
}

export class AttentionView {
  readonly model: AttentionModel;
  chosen: Chosen;
  private focus: Focus = NOTHING;
  private look: Look | undefined;
  private atlas: Atlas | undefined;
  private atlasAbort = new AbortController();
  private overviewDirty = true;
  /** Something but the place of the pointer has changed: controls, titles and legends are written again. */
  private dirty = true;
  private sizes: Sizes | undefined;
  private order: readonly number[] = [];
  private pinId: string | undefined;
  private width = 0;
  private read: ReturnType<typeof reader>;
  private readonly parts: Parts;
  private readonly overview: ReturnType<typeof overview>;
  private readonly map: ReturnType<typeof headMap>;
  private readonly tokens: ReturnType<typeof tokens>;
  private readonly redraw: () => void;

  constructor(
    private readonly host: Host,
    readonly payload: AttentionPayload,
    stored: unknown,
    private readonly signal: AbortSignal,
  ) {
    addStyles("controls", CONTROL_RULES);
    addStyles("attention", ATTENTION_RULES);
    this.model = attentionModel(payload);
    this.chosen = chosenOf(this.model, stored);
    this.read = reader(this.model);
    this.redraw = perFrame(() => this.draw(), signal);
    this.overview = overview(
      {
        select: (head) => this.change({ head }),
        compare: (index) => this.change({ compare: this.chosen.compare === `head:${index}` ? "" : `head:${index}` }),
        open: () => this.map.focus(),
      },
      signal,
    );
    this.map = headMap(
      {
        hover: (focus) => this.hover(focus),
        press: (focus) => this.press(focus),
        key: (event) => this.key(event),
        look: (window) => this.change({ window }),
      },
      signal,
    );
    this.tokens = tokens(
      { hover: (column) => this.hoverToken(column), press: (column) => this.lock(column), key: (event) => this.tokenKey(event) },
      signal,
    );
    this.parts = parts({ overview: this.overview.element, map: this.map.element, tokens: this.tokens.element }, this.chosen, {
      change: (change) => this.change(change),
      pin: () => this.togglePin(),
      zoom: (factor) =>
        this.change({ window: factor === 0 ? wholeOf(this.model) : zoom(this.chosen.window, this.model, { factor, x: 0.5, y: 0.5 }) }),
    });
    host.element.replaceChildren(this.parts.toolbar, this.parts.body, this.parts.readout);
    watchWidth(host.element, { signal, act: (width) => this.resize(width) });
    onPins(() => this.pinsChanged(), signal);
    signal.addEventListener("abort", () => this.atlasAbort.abort());
    this.resize(Math.floor(host.element.clientWidth) || 700);
    this.draw();
  }

  /** All three panels as canvases, for export. */
  get pictures(): { readonly overview: HTMLCanvasElement; readonly map: HTMLCanvasElement; readonly single: boolean; readonly name: string } {
    return { overview: this.overview.canvas, map: this.map.canvas, single: this.single, name: this.parts.mapTitle.textContent ?? "" };
  }

  themeChanged(): void {
    this.look = undefined;
    const shownOther = otherOf(this.model, this.chosen.compare);
    this.atlas?.recolour(colourTable(this.host.theme, shownOther !== undefined));
    this.overviewDirty = true;
    this.dirty = true;
    this.redraw();
  }

  private get single(): boolean {
    return this.model.heads.length <= 1;
  }

  private change(change: Partial<Chosen>): void {
    const before = this.chosen;
    this.chosen = { ...before, ...change };
    if (this.chosen.head !== before.head || this.chosen.compare !== before.compare) this.look = undefined;
    if (this.chosen.compare !== before.compare) this.dropAtlas();
    if ((["head", "highlight", "sorted", "compare"] as const).some((key) => this.chosen[key] !== before[key])) this.overviewDirty = true;
    if (this.chosen.head !== before.head) this.host.announce(describeHead(this.model.heads[this.chosen.head]));
    this.host.saveState({ ...this.chosen });
    this.dirty = true;
    this.redraw();
  }

  private dropAtlas(): void {
    this.atlasAbort.abort();
    this.atlasAbort = new AbortController();
    this.atlas = undefined;
  }

  private resize(width: number): void {
    this.width = width;
    this.overviewDirty = true;
    this.dirty = true;
    this.redraw();
  }

  // ---- pointer and keys

  private hover(focus: Focus): void {
    const { locked, direction } = this.chosen;
    this.focus = focus.row === undefined && focus.column === undefined && locked !== undefined ? focusOfToken(this.model, locked, direction) : focus;
    this.redraw();
  }

  private hoverToken(column: number | undefined): void {
    const { locked, direction } = this.chosen;
    if (column === undefined) return this.hover(NOTHING);
    if (locked === undefined) this.focus = focusOfToken(this.model, column, direction);
    else {
      const [own, other] = [focusOfToken(this.model, locked, direction), focusOfToken(this.model, column, direction === "from" ? "to" : "from")];
      this.focus = { row: own.row ?? other.row, column: own.column ?? other.column };
    }
    this.redraw();
  }

  private press(focus: Focus): void {
    const source =
      sourceOf(this.model, { locked: undefined, direction: this.chosen.direction }, focus) ?? targetOf(this.model, this.chosen.direction, focus);
    if (source !== undefined) this.lock(source);
  }

  private lock(column: number | undefined): void {
    const locked = this.chosen.locked === column ? undefined : column;
    this.change({ locked });
    this.focus = locked === undefined ? this.focus : focusOfToken(this.model, locked, this.chosen.direction);
    this.host.announce(locked === undefined ? "unlocked" : `locked: ${this.spoken()}`);
  }

  private key(event: KeyboardEvent): void {
    const next = moved(this.model, this.focus, event);
    const factor = { "+": 1.6, "=": 1.6, "-": 1 / 1.6, "0": 0 }[event.key];
    if (next !== undefined) {
      this.focus = next;
      this.change({ window: reveal(this.chosen.window, this.model, next) });
      this.host.announce(this.spoken());
    } else if (event.key === "Enter" || event.key === " ") this.press(this.focus);
    else if (event.key === "Escape") this.back();
    else if (factor !== undefined && !event.ctrlKey && !event.metaKey)
      this.change({ window: factor === 0 ? wholeOf(this.model) : zoom(this.chosen.window, this.model, { factor, x: 0.5, y: 0.5 }) });
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private tokenKey(event: KeyboardEvent): void {
    const { direction, locked } = this.chosen;
    const at = targetOf(this.model, direction, this.focus) ?? sourceOf(this.model, { locked, direction }, this.focus) ?? -1;
    const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -1e9, End: 1e9 }[event.key];
    if (by !== undefined) {
      this.hoverToken(Math.max(0, Math.min(this.model.columns - 1, at + by)));
      this.host.announce(this.spoken());
    } else if (event.key === "Enter" || event.key === " ") this.lock(at < 0 ? undefined : at);
    else if (event.key === "Escape") this.back();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Escape: first what is locked, then the zoom, then back to the grid of heads. */
  private back(): void {
    if (this.chosen.locked !== undefined) {
      this.focus = NOTHING;
      this.lock(this.chosen.locked);
    } else if (!isWhole(this.chosen.window, this.model)) this.change({ window: wholeOf(this.model) });
    else if (!this.single) this.overview.focus();
  }

  // ---- pins

  private togglePin(): void {
    if (this.pinId === undefined) this.pinId = pin(this.model).id;
    else {
      const old = this.pinId;
      this.pinId = undefined;
      unpin(old);
    }
    this.pinsChanged();
  }

  private pinsChanged(): void {
    if (this.pinId !== undefined && !allPins().some(({ id }) => id === this.pinId)) this.pinId = undefined;
    if (this.chosen.compare.startsWith("pin:") && !allPins().some(({ id }) => this.chosen.compare === `pin:${id}`)) this.change({ compare: "" });
    this.dirty = true;
    this.redraw();
  }

  // ---- drawing

  private spoken(): string {
    const { shown } = this.lookOf();
    return sayFocus(this.model, { weights: shown.weights, focus: this.focus, signed: shown.signed });
  }

  private lookOf(): Look {
    if (this.look !== undefined) return this.look;
    const { model, chosen, read } = this;
    const shown = shownOf({ model, index: chosen.head, compare: chosen.compare, read, other: otherOf(model, chosen.compare) });
    const high = shown.weights === undefined ? 1 : shown.signed ? largestSize(shown.weights) : usualHighest(shown.weights);
    this.look = {
      shown,
      sums: shown.weights === undefined ? undefined : sums(shown.weights),
      colours: colourTable(this.host.theme, shown.signed),
      low: shown.signed ? -high : 0,
      high,
    };
    return this.look;
  }

  private draw(): void {
    const { model, chosen, host, parts: p, focus } = this;
    const look = this.lookOf();
    if (this.dirty || this.sizes === undefined) this.sizes = arrange(p, this.width, this.single);
    const { sizes } = this;
    if (this.overviewDirty && !this.single) this.drawOverview(sizes.overview);
    const locked = chosen.locked === undefined ? NOTHING : focusOfToken(model, chosen.locked, chosen.direction);
    const spoken = this.spoken();
    this.map.draw(
      {
        model,
        theme: host.theme,
        weights: look.shown.weights,
        sums: look.sums,
        colours: look.colours,
        low: look.low,
        high: look.high,
        window: chosen.window,
        focus,
        locked,
        spoken,
      },
      sizes.map,
    );
    // With nothing in question the text shows what the last token looks at, or what looks at the first: nothing empty to begin with.
    const source = sourceOf(model, chosen, focus) ?? (chosen.direction === "from" ? model.columns - 1 : 0);
    if (this.dirty) this.tokens.element.style.maxHeight = `${sizes.tokensHeight}px`;
    this.tokens.draw({
      model,
      theme: host.theme,
      source,
      target: targetOf(model, chosen.direction, focus),
      locked: chosen.locked !== undefined,
      weights: this.weightsOfToken(source),
    });
    p.ranked.hidden = !sizes.ranked;
    if (sizes.ranked)
      drawRanked(p.ranked, {
        model,
        theme: host.theme,
        weights: this.weightsOfToken(source),
        title: `${tokenName(model, source)} ${chosen.direction === "from" ? "looks most at" : "is looked at most by"}`,
      });
    drawReadout(p.readout, { model, chosen, theme: host.theme, problem: look.shown.problem, spoken });
    if (this.dirty) drawCaptions(p, { model, chosen, theme: host.theme, pinned: this.pinId !== undefined, ...look });
    this.dirty = false;
  }

  /** For each column its weight with the token in question. */
  private weightsOfToken(source: number): Float32Array | undefined {
    const { weights } = this.lookOf().shown;
    if (weights === undefined) return undefined;
    const at = focusOfToken(this.model, source, this.chosen.direction);
    if (at.row !== undefined) return rowOf(weights, at.row);
    if (at.column === undefined) return undefined;
    const out = new Float32Array(this.model.columns);
    columnOf(weights, at.column).forEach((value, row) => (out[targetOf(this.model, "to", { row, column: undefined }) ?? 0] = value));
    return out;
  }

  private drawOverview(size: { readonly width: number; readonly height: number }): void {
    this.overviewDirty = false;
    const { model, chosen, host } = this;
    const other = otherOf(model, chosen.compare);
    this.atlas ??= atlas({
      model,
      other,
      colours: colourTable(host.theme, other !== undefined),
      signal: AbortSignal.any([this.atlasAbort.signal, this.signal]),
      ready: () => {
        this.overviewDirty = true;
        this.redraw();
      },
    });
    const highlight: Highlight = chosen.highlight;
    const strengths = model.heads.map((head) => strength(head, highlight));
    const threshold = patternThreshold(model);
    this.order = orderOf(model.heads, chosen.sorted ? (index) => strengths[index] : undefined);
    this.overview.draw(
      {
        model,
        theme: host.theme,
        atlas: this.atlas,
        order: this.order,
        sorted: chosen.sorted,
        highlight,
        strengths,
        patterns: model.heads.map((head) => patternOf(head, threshold)?.pattern),
        selected: chosen.head,
        compared: this.lookOf().shown.head,
      },
      size,
    );
  }
}
