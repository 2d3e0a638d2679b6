//! What one is looking at in a trace: selection, zoom, find, panes, tab. Signals, so that a hover or a
//! drag re-renders only what depends on it. A span is addressed by its row, which is quick, and by
//! its id, which lasts; the view must never let the URL name another span than the selected one.

import { computed, signal } from "@preact/signals";
import type { DetailSource, SpanDetail } from "../model/details";
import { carryFolds } from "../model/carryFolds";
import type { Finding } from "../model/explanation";
import { recall, remember } from "../model/preferences";
import { NO_ROW, type TraceModel } from "../model/TraceModel";
import { assignColours } from "../model/palette";
import type { TraceParams, TraceViewName } from "../location/params";
import { keepForBack, settle } from "../location/place";
import { DetailCache } from "./detailCache";
import { Explained } from "./explained";
import { Finder } from "./finder";

export type PaneSide = "right" | "bottom";

/** Spans of a finding that are unfolded; to see a thousand nobody wants to scroll. */
const REVEALED = 50;

/** The smallest zoom: a microsecond, or the whole trace when that is shorter. */
const MIN_ZOOM_NS = 1000;

export class TraceView {
  readonly tab = signal<TraceViewName>("timeline");
  /** Clocks that disagree are adjusted. */
  readonly adjusted = signal(false);
  /** The flame graph is merged, the largest to the left. */
  readonly heavy = signal(false);
  /** Spans are compared with others of their operation. */
  readonly compares = signal(false);
  readonly selected = signal(NO_ROW);
  readonly zoom = signal<[number, number]>([0, 1]);
  readonly paneOpen = signal(recall("tracewell.pane") !== "closed");
  readonly paneSide = signal<PaneSide>(recall("tracewell.side") === "bottom" || innerWidth < 1000 ? "bottom" : "right");
  readonly treeShare = signal(Math.min(0.7, Math.max(0.15, Number(recall("tracewell.tree")) || 0.4)));
  /** Rows that are on screen, for the minimap. */
  readonly shown = signal<[number, number]>([0, 0]);
  /** Asks the waterfall to bring a row into view; `seq` makes every request a change. */
  readonly scrollRequest = signal<{ row: number; seq: number } | null>(null);
  /** A span that the URL names and that is being looked for, or was not found. */
  readonly wanted = signal<{ spanId: string; found: boolean | null; error: Error | null } | null>(null);
  readonly colours: number[];
  readonly zoomed = computed(() => this.zoom.value[0] > 0 || this.zoom.value[1] < this.model.durationNs);
  readonly details: DetailCache;
  readonly finder: Finder;
  readonly explained: Explained;
  /** Select the first match once it is known: a link with a search but without a span. */
  private selectsMatch = false;
  private pane: TraceParams["pane"] = "";
  /** The folds are those of before; the URL has them for the trace as it was. */
  private carried = false;
  private lastFold = { depth: "", fold: "" };
  /** Its cost grows with the trace: only when a fold changes. */
  private readonly fold = computed(() => {
    void this.model.version.value;
    // While only matches are shown the folds are theirs, not the person's.
    if (!this.model.matchesOnly) this.lastFold = this.model.foldState() ?? { depth: "", fold: "" };
    return this.lastFold;
  });

  /** `before`: what was looked at when the trace was smaller. */
  constructor(
    readonly model: TraceModel,
    readonly source: DetailSource,
    before?: TraceView,
  ) {
    if (before !== undefined) {
      this.paneOpen.value = before.paneOpen.peek();
      this.paneSide.value = before.paneSide.peek();
      this.treeShare.value = before.treeShare.peek();
      this.compares.value = before.compares.peek();
      this.carried = carryFolds(before.model, model);
    }
    // A trace of one service is coloured by operation, or everything would look the same.
    const byName = model.header.services.length === 1;
    this.colours = assignColours(byName ? model.header.names : model.header.services);
    this.zoom.value = [0, model.durationNs];
    this.details = new DetailCache(source, () => this.selected.peek());
    this.explained = new Explained(source, model.n);
    this.finder = new Finder(model, source, (rows) => {
      if (this.selectsMatch && rows.length > 0 && this.selected.peek() === NO_ROW) this.select(rows[0]!);
      this.selectsMatch = false;
    });
  }

  /** Nobody looks at it any more. */
  end(): void {
    this.details.end();
    this.finder.stop();
  }

  colourOf(row: number): number {
    const { columns, header } = this.model;
    return this.colours[header.services.length === 1 ? columns.name[row]! : columns.service[row]!]!;
  }

  // --- selection ---

  select(row: number, options: { scroll?: boolean } = {}): void {
    if (row < 0 || row >= this.model.n) return;
    this.wanted.value = null;
    this.model.reveal(row);
    this.selected.value = row;
    if (options.scroll !== false) this.scrollTo(row);
    void this.details.fetch([row]);
  }

  /** Goes to a span from another one; Back leads back. */
  jump(row: number): void {
    keepForBack();
    this.select(row);
    // At once, where its id is known: who goes back at once can come forward again.
    settle();
  }

  /** Marks the spans of a finding and goes to the first; null takes the marks away. */
  showFinding(finding: Finding | null): void {
    this.explained.finding.value = finding;
    if (finding === null) return;
    this.tab.value = "timeline";
    for (const row of finding.rows.slice(0, REVEALED)) this.model.reveal(row);
    this.jump(finding.rows[0]!);
  }

  clearSelection(): void {
    this.wanted.value = null;
    this.selected.value = NO_ROW;
  }

  scrollTo(row: number): void {
    this.scrollRequest.value = { row, seq: (this.scrollRequest.peek()?.seq ?? 0) + 1 };
  }

  move(step: number): void {
    const { model } = this;
    const current = this.selected.peek();
    const position = current === NO_ROW ? (step > 0 ? -1 : 0) : model.nearestPosition(current);
    const next = Math.max(0, Math.min(model.visibleCount - 1, position + step));
    if (model.visibleCount > 0) this.select(model.visible[next]!);
  }

  /** Treegrid keys: left closes or goes to the parent, right opens or goes to the first child. */
  left(): void {
    const row = this.selected.peek();
    if (row === NO_ROW) return;
    if (this.model.hasChildren(row) && this.model.collapsed[row] === 0) this.model.toggle(row);
    else if (this.model.parent[row] !== NO_ROW) this.select(this.model.parent[row]!);
  }

  right(): void {
    const row = this.selected.peek();
    if (row !== NO_ROW && this.model.runLength(row) > 0) return this.model.openRun(row);
    if (row === NO_ROW || !this.model.hasChildren(row)) return;
    if (this.model.collapsed[row] === 1) this.model.toggle(row);
    else this.move(1);
  }

  nextError(direction: 1 | -1): void {
    const row = this.model.nextError(this.selected.peek(), direction);
    if (row !== NO_ROW) this.select(row);
  }

  // --- zoom ---

  setZoom(from: number, to: number): void {
    const total = this.model.durationNs;
    const width = Math.min(total, Math.max(Math.min(MIN_ZOOM_NS, total), to - from));
    const start = Math.max(0, Math.min(total - width, from));
    this.zoom.value = [start, start + width];
  }

  /** `factor` below 1 zooms in; `at` is the time that stays where it is. */
  zoomBy(factor: number, at?: number): void {
    const [from, to] = this.zoom.peek();
    const centre = at ?? this.zoomCentre();
    this.setZoom(centre - (centre - from) * factor, centre + (to - centre) * factor);
  }

  /** The selected span when it is in view, or the middle. */
  private zoomCentre(): number {
    const [from, to] = this.zoom.peek();
    const row = this.selected.peek();
    if (row === NO_ROW) return (from + to) / 2;
    const { start, duration } = this.model.columns;
    const middle = start[row]! + duration[row]! / 2;
    return middle > from && middle < to ? middle : (from + to) / 2;
  }

  pan(share: number): void {
    const [from, to] = this.zoom.peek();
    this.setZoom(from + (to - from) * share, to + (to - from) * share);
  }

  resetZoom(): void {
    this.zoom.value = [0, this.model.durationNs];
  }

  adjustClocks(adjusted: boolean): void {
    this.adjusted.value = adjusted && this.model.skew !== null;
    this.model.adjustClocks(this.adjusted.peek());
    if (this.adjusted.peek()) this.setZoom(...this.model.extent());
    else this.resetZoom();
  }

  fit(row: number): void {
    if (row === NO_ROW) return;
    const { start, duration } = this.model.columns;
    const margin = Math.max(duration[row]! * 0.08, MIN_ZOOM_NS / 2);
    this.setZoom(start[row]! - margin, start[row]! + duration[row]! + margin);
  }

  // --- find ---

  find(text: string): void {
    this.selectsMatch = false;
    this.finder.find(text);
  }

  nextMatch(direction: 1 | -1): void {
    const row = this.model.nextMatch(this.selected.peek(), direction);
    if (row !== NO_ROW) this.select(row);
  }

  // --- panes ---

  openPane(open: boolean): void {
    this.paneOpen.value = open;
    remember("tracewell.pane", open ? "open" : "closed");
  }

  dock(side: PaneSide): void {
    this.paneSide.value = side;
    remember("tracewell.side", side);
  }

  setTreeShare(share: number): void {
    this.treeShare.value = Math.min(0.75, Math.max(0.15, share));
    remember("tracewell.tree", this.treeShare.peek().toFixed(3));
  }

  // --- URL ---

  detail(row: number): SpanDetail | undefined {
    return this.details.get(row);
  }

  /** Shows what a URL says, all of it: what it does not name is as it is at first. */
  show(params: TraceParams): void {
    const { model } = this;
    this.tab.value = params.view;
    this.heavy.value = params.heavy;
    this.showFold(params);
    if (this.explained.possible) {
      this.explained.open.value = params.explain;
      this.explained.drawn.value = params.cp;
    }
    if (params.skew !== this.adjusted.peek()) this.adjustClocks(params.skew);
    if (params.zoom === null) {
      if (!params.skew) this.resetZoom();
    } else if (params.zoom.join() !== this.zoom.peek().map(Math.round).join()) this.setZoom(...params.zoom);
    if (params.pane !== "") {
      this.paneSide.value = params.pane;
      this.paneOpen.value = true;
    }
    this.pane = params.pane;
    if (params.find !== this.finder.text.peek()) {
      this.finder.find(params.find);
      this.selectsMatch = params.find !== "" && params.span === "";
    }
    if (params.only !== this.finder.only.peek()) {
      this.finder.only.value = params.only;
      model.setMatchesOnly(params.only && model.matches.length > 0);
    }
    if (params.span === "") {
      if (this.selected.peek() !== NO_ROW) this.clearSelection();
      this.wanted.value = null;
    } else void this.showSpan(params.span);
  }

  private showFold({ depth, fold }: TraceParams): void {
    const carried = this.carried;
    this.carried = false;
    if (carried && fold !== "") return;
    const now = this.fold.peek();
    if (now.depth !== depth || now.fold !== fold) this.model.restoreFold(depth, fold);
  }

  /** Selects the span of an id; which row that is may have to be asked. */
  async showSpan(spanId: string): Promise<void> {
    const selected = this.selected.peek();
    if (selected !== NO_ROW && this.details.spanId(selected) === spanId) return;
    const wanted = { spanId, found: null, error: null };
    this.wanted.value = wanted;
    try {
      const row = await this.details.rowOf(spanId);
      // Somebody has gone elsewhere since.
      if (this.wanted.peek() !== wanted) return;
      if (row === NO_ROW) {
        this.wanted.value = { ...wanted, found: false };
        return;
      }
      this.paneOpen.value = true;
      this.select(row);
    } catch (error) {
      if (this.wanted.peek() === wanted) this.wanted.value = { ...wanted, error: error as Error };
    }
  }

  /** What the URL must say, read from signals; null as long as the selected span's id is not known. */
  params(): TraceParams | null {
    void this.details.version.value;
    const { depth, fold } = this.fold.value;
    const selected = this.selected.value;
    const wanted = this.wanted.value;
    const span = wanted !== null ? wanted.spanId : selected === NO_ROW ? "" : this.details.spanId(selected);
    const view = this.tab.value;
    const [zoom, find, only] = [this.zoomed.value ? this.zoom.value : null, this.finder.text.value, this.finder.only.value];
    if (span === undefined) return null;
    return { view, span, zoom, find, only: only && find !== "", depth, fold, pane: this.pane, skew: this.adjusted.value, explain: this.explained.open.value, cp: this.explained.drawn.value, heavy: this.heavy.value };
  }

  /** For whoever copies a link: what is selected has an id by then. */
  async settled(): Promise<void> {
    const selected = this.selected.peek();
    if (selected !== NO_ROW && this.details.spanId(selected) === undefined) await this.details.fetch([selected]);
  }
}
