// What one is looking at in a trace: selection, zoom, find, panes, and the details that were
// fetched. Signals, so that a hover or a drag re-renders only what depends on it.

import { computed, signal } from "@preact/signals";
import { recall, remember } from "../components/theme";
import type { DetailSource, SpanDetail } from "../model/details";
import { NO_ROW, type TraceModel } from "../model/TraceModel";
import { assignColours } from "../model/palette";
import type { TraceParams } from "../location/params";

export type PaneSide = "right" | "bottom";

/** The smallest zoom: a microsecond, or the whole trace when that is shorter. */
const MIN_ZOOM_NS = 1000;
/** A request for details carries at most this many rows. */
const DETAIL_BATCH = 500;
/** Details that are kept; the oldest go first. */
const MAX_DETAILS = 5000;
const FIND_DELAY_MS = 160;

export class TraceView {
  readonly selected = signal(NO_ROW);
  readonly zoom = signal<[number, number]>([0, 1]);
  readonly findText = signal("");
  readonly findBusy = signal(false);
  readonly only = signal(false);
  readonly paneOpen = signal(recall("tracewell.pane") !== "closed");
  readonly paneSide = signal<PaneSide>(recall("tracewell.side") === "bottom" || innerWidth < 1000 ? "bottom" : "right");
  /** Side that the URL asks for; only a choice of the person is remembered. */
  readonly treeShare = signal(Math.min(0.7, Math.max(0.15, Number(recall("tracewell.tree")) || 0.4)));
  /** Rows that are on screen, for the minimap. */
  readonly shown = signal<[number, number]>([0, 0]);
  /** Asks the waterfall to bring a row into view; `seq` makes every request a change. */
  readonly scrollRequest = signal<{ row: number; seq: number } | null>(null);
  readonly detailVersion = signal(0);
  /** Why details could not be fetched. */
  readonly problem = signal<Error | null>(null);
  readonly colours: number[];
  readonly zoomed = computed(() => this.zoom.value[0] > 0 || this.zoom.value[1] < this.model.durationNs);

  private readonly details = new Map<number, SpanDetail>();
  private readonly asked = new Set<number>();
  private findAbort: AbortController | null = null;
  private findTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly model: TraceModel,
    readonly source: DetailSource,
  ) {
    // A trace of one service is coloured by operation, or everything would look the same.
    const byName = model.header.services.length === 1;
    this.colours = assignColours(byName ? model.header.names : model.header.services);
    this.zoom.value = [0, model.durationNs];
  }

  colourOf(row: number): number {
    const { columns, header } = this.model;
    return this.colours[header.services.length === 1 ? columns.name[row]! : columns.service[row]!]!;
  }

  // --- selection ---

  select(row: number, options: { scroll?: boolean } = {}): void {
    if (row < 0 || row >= this.model.n) return;
    this.model.reveal(row);
    this.selected.value = row;
    if (options.scroll !== false) this.scrollTo(row);
    void this.fetch([row]);
  }

  clearSelection(): void {
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

  fit(row: number): void {
    if (row === NO_ROW) return;
    const { start, duration } = this.model.columns;
    const margin = Math.max(duration[row]! * 0.08, MIN_ZOOM_NS / 2);
    this.setZoom(start[row]! - margin, start[row]! + duration[row]! + margin);
  }

  // --- find ---

  find(text: string, options: { select?: boolean } = {}): void {
    this.findText.value = text;
    this.findAbort?.abort();
    clearTimeout(this.findTimer);
    if (text.trim() === "") {
      this.findBusy.value = false;
      this.only.value = false;
      this.model.setMatchesOnly(false);
      this.model.setMatches(new Uint32Array(0));
      return;
    }
    // Names are here already; attributes are the server's to search.
    this.model.setMatches(this.model.findNames(text.trim()));
    const abort = new AbortController();
    this.findAbort = abort;
    this.findBusy.value = true;
    this.findTimer = setTimeout(() => {
      this.source
        .find(text.trim(), abort.signal)
        .then((rows) => {
          if (abort.signal.aborted) return;
          this.model.setMatches(rows);
          if (this.only.peek()) this.model.setMatchesOnly(true);
          if (options.select && rows.length > 0 && this.selected.peek() === NO_ROW) this.select(rows[0]!);
        })
        .catch((error: unknown) => {
          if (!abort.signal.aborted) this.problem.value = error as Error;
        })
        .finally(() => {
          if (!abort.signal.aborted) this.findBusy.value = false;
        });
    }, FIND_DELAY_MS);
  }

  nextMatch(direction: 1 | -1): void {
    const row = this.model.nextMatch(this.selected.peek(), direction);
    if (row !== NO_ROW) this.select(row);
  }

  setOnly(only: boolean): void {
    if (only && this.model.matches.length === 0) return;
    this.only.value = only;
    this.model.setMatchesOnly(only);
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

  // --- details ---

  detail(row: number): SpanDetail | undefined {
    return this.details.get(row);
  }

  /** Fetches what is neither here nor on its way. */
  async fetch(rows: readonly number[]): Promise<void> {
    const missing = rows.filter((row) => !this.details.has(row) && !this.asked.has(row)).slice(0, DETAIL_BATCH);
    if (missing.length === 0) return;
    for (const row of missing) this.asked.add(row);
    try {
      for (const detail of await this.source.spans(missing)) this.details.set(detail.row, detail);
      for (const oldest of this.details.keys()) {
        if (this.details.size <= MAX_DETAILS) break;
        if (oldest !== this.selected.peek()) this.details.delete(oldest);
      }
      this.problem.value = null;
      this.detailVersion.value++;
    } catch (error) {
      this.problem.value = error as Error;
    } finally {
      for (const row of missing) this.asked.delete(row);
    }
  }

  /** The row of a span id, which only details know: the server finds it. */
  async rowOf(spanId: string): Promise<number> {
    const rows = [...(await this.source.find(spanId))].slice(0, DETAIL_BATCH);
    await this.fetch(rows);
    return rows.find((row) => this.details.get(row)?.spanId === spanId) ?? NO_ROW;
  }

  // --- URL ---

  async restore(params: TraceParams): Promise<void> {
    if (params.depth !== "" || params.fold !== "") this.model.restoreFold(params.depth, params.fold);
    if (params.zoom !== null) this.setZoom(...params.zoom);
    if (params.pane !== "") {
      this.paneSide.value = params.pane;
      this.paneOpen.value = true;
    }
    if (params.find !== "") {
      this.only.value = params.only;
      this.find(params.find, { select: params.span === "" });
    }
    if (params.span !== "") {
      const row = await this.rowOf(params.span);
      if (row !== NO_ROW) {
        this.openPane(true);
        this.select(row);
      }
    }
  }

  /** Reading it inside an effect makes the effect run when the view changes. */
  toParams(previous: TraceParams): TraceParams {
    void this.model.version.value;
    void this.detailVersion.value;
    const selected = this.selected.value;
    const fold = this.model.matchesOnly ? { depth: previous.depth, fold: previous.fold } : this.model.foldState();
    return {
      // Until its details are here the id is not known; the previous one is then still right at the start.
      span: selected === NO_ROW ? "" : (this.details.get(selected)?.spanId ?? previous.span),
      zoom: this.zoomed.value ? this.zoom.value : null,
      find: this.findText.value,
      only: this.only.value && this.findText.value !== "",
      depth: fold?.depth ?? "",
      fold: fold?.fold ?? "",
      pane: previous.pane,
    };
  }
}
