//! The state of one opened trace that does not depend on any page: what is collapsed, which rows
//! are visible, who is whose ancestor, which rows match a search. Linear passes over typed arrays;
//! signals tell the page that something changed. It knows no framework and no DOM.

import { signal } from "@preact/signals-core";
import { type Columns, FLAG, type Skeleton, type SkeletonHeader } from "./columns";
import { findRuns } from "./siblings";
import { findSkew, type Skew } from "./skew";

/** Traces up to this size open with every span shown. */
export const OPEN_ALL_LIMIT = 2000;
/** Larger traces open down to this depth, and along the paths to errors. */
export const OPEN_DEPTH = 3;
/** More deviations from a regular fold than this are not worth a URL. */
const MAX_FOLD_TOGGLES = 200;

export const NO_ROW = -1;

export class TraceModel {
  readonly header: SkeletonHeader;
  readonly columns: Columns;
  readonly n: number;
  readonly durationNs: number;
  readonly startNs: bigint;
  /** Row of the parent, or -1. */
  readonly parent: Int32Array;
  readonly rootCount: number;
  /** Clocks that disagree; null where none do. */
  readonly skew: Skew | null;
  /** As they were sent. */
  private readonly sentStart: Float64Array;

  /** Rows of the run that begins at a row and is shown as one row; 0 elsewhere. */
  private readonly runs: Uint32Array;
  /** 1 where the row's children are hidden. */
  readonly collapsed: Uint8Array;
  /** Rows on screen order; only the first `visibleCount` are valid. */
  readonly visible: Uint32Array;
  visibleCount = 0;
  /** Grows whenever the set of visible rows or a fold changes. */
  readonly version = signal(0);
  /** Grows whenever the set of matches changes. */
  readonly matchVersion = signal(0);

  matches: Uint32Array = new Uint32Array(0);
  private isMatch: Uint8Array | null = null;
  /** Matches and their ancestors, when only these are to be shown. */
  private kept: Uint8Array | null = null;

  constructor({ header, columns }: Skeleton) {
    this.header = header;
    this.columns = { ...columns };
    this.n = header.n;
    this.startNs = BigInt(header.startNs);
    this.durationNs = Math.max(1, Number(header.durationNs));
    this.collapsed = new Uint8Array(this.n);
    this.visible = new Uint32Array(this.n);
    this.parent = new Int32Array(this.n);
    const lastAtDepth: number[] = [];
    let roots = 0;
    for (let i = 0; i < this.n; i++) {
      const depth = columns.depth[i]!;
      lastAtDepth[depth] = i;
      if (depth === 0) roots++;
      this.parent[i] = depth === 0 ? NO_ROW : (lastAtDepth[depth - 1] ?? NO_ROW);
    }
    this.rootCount = roots;
    this.sentStart = columns.start;
    this.runs = findRuns(this.columns);
    this.skew = findSkew(columns, this.parent);
    this.collapsed.set(this.initialFold());
    this.rebuild();
  }

  get opensPartly(): boolean {
    return this.n > OPEN_ALL_LIMIT;
  }

  /** Shows spans where they would lie if the clocks agreed, or where they were sent to lie. */
  adjustClocks(adjusted: boolean): void {
    if (this.skew === null) return;
    this.columns.start = adjusted ? this.skew.start : this.sentStart;
    this.version.value++;
  }

  /** The first start and the last end, ns after the start of the trace. */
  extent(): [number, number] {
    let [from, to] = [Infinity, 0];
    const { start, duration } = this.columns;
    for (let row = 0; row < this.n; row++) {
      from = Math.min(from, start[row]!);
      to = Math.max(to, start[row]! + duration[row]!);
    }
    return [from, to];
  }

  hasChildren(row: number): boolean {
    return this.columns.subtree[row]! > 1;
  }

  isError(row: number): boolean {
    return (this.columns.flags[row]! & FLAG.error) !== 0;
  }

  serviceName(row: number): string {
    return this.header.services[this.columns.service[row]!] ?? "";
  }

  spanName(row: number): string {
    return this.header.names[this.columns.name[row]!] ?? "";
  }

  /** Direct children. */
  childCount(row: number): number {
    const { subtree } = this.columns;
    const end = row + subtree[row]!;
    let count = 0;
    for (let i = row + 1; i < end; i += subtree[i]!) count++;
    return count;
  }

  ancestors(row: number): number[] {
    const result: number[] = [];
    for (let i = this.parent[row]!; i !== NO_ROW; i = this.parent[i]!) result.push(i);
    return result;
  }

  // --- visible rows ---

  private rebuild(): void {
    const { subtree } = this.columns;
    const { collapsed, visible, kept, runs, n } = this;
    let count = 0;
    for (let i = 0; i < n; ) {
      if (kept !== null && kept[i] === 0) {
        i += subtree[i]!;
        continue;
      }
      visible[count++] = i;
      // Among matches each row is asked for.
      if (runs[i]! > 0 && kept === null) i += runs[i]!;
      else i += collapsed[i] === 1 ? subtree[i]! : 1;
    }
    this.visibleCount = count;
    this.version.value++;
  }

  /** Position of a row among the visible ones, or -1 when it is hidden. */
  positionOf(row: number): number {
    const position = this.lowerBound(row);
    return position < this.visibleCount && this.visible[position] === row ? position : -1;
  }

  /** Position of the row, or of its nearest visible ancestor. */
  nearestPosition(row: number): number {
    if (this.visibleCount === 0) return -1;
    const position = this.lowerBound(row);
    return position < this.visibleCount && this.visible[position] === row ? position : Math.max(0, position - 1);
  }

  private lowerBound(row: number): number {
    let low = 0;
    let high = this.visibleCount;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.visible[middle]! < row) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // --- folding ---

  toggle(row: number): void {
    if (!this.hasChildren(row)) return;
    this.collapsed[row] ^= 1;
    this.rebuild();
  }

  setCollapsed(row: number, collapsed: boolean): void {
    if (this.hasChildren(row) && (this.collapsed[row] === 1) !== collapsed) this.toggle(row);
  }

  setSubtreeCollapsed(row: number, collapsed: boolean): void {
    const end = row + this.columns.subtree[row]!;
    for (let i = row; i < end; i++) this.collapsed[i] = collapsed && this.hasChildren(i) ? 1 : 0;
    this.rebuild();
  }

  /** How many rows the row stands for, 0 when only for itself. */
  runLength(row: number): number {
    return this.kept === null ? this.runs[row]! : 0;
  }

  openRun(row: number): void {
    this.runs[row] = 0;
    this.rebuild();
  }

  expandAll(): void {
    this.collapsed.fill(0);
    this.runs.fill(0);
    this.rebuild();
  }

  collapseAll(): void {
    this.collapseBelow(0);
  }

  /** Rows of a lesser depth are open, all others closed. */
  collapseBelow(depth: number): void {
    this.collapsed.set(this.foldAt(depth));
    this.rebuild();
  }

  /** Opens the shallowest level that is still closed. */
  expandLevel(): void {
    let level = Infinity;
    for (let i = 0; i < this.n; i++) if (this.collapsed[i] === 1) level = Math.min(level, this.columns.depth[i]!);
    for (let i = 0; i < this.n; i++) if (this.columns.depth[i] === level) this.collapsed[i] = 0;
    this.rebuild();
  }

  /** Closes the deepest level that is open and visible. */
  collapseLevel(): void {
    let level = -1;
    for (let p = 0; p < this.visibleCount; p++) {
      const row = this.visible[p]!;
      if (this.collapsed[row] === 0 && this.hasChildren(row)) level = Math.max(level, this.columns.depth[row]!);
    }
    for (let i = 0; i < this.n; i++) if (this.columns.depth[i] === level && this.hasChildren(i)) this.collapsed[i] = 1;
    this.rebuild();
  }

  /** Opens every ancestor, so that the row is visible. */
  reveal(row: number): void {
    let changed = false;
    for (const ancestor of this.ancestors(row)) {
      if (this.collapsed[ancestor] === 1) {
        this.collapsed[ancestor] = 0;
        changed = true;
      }
    }
    const run = this.runOf(row);
    if (run !== NO_ROW) this.runs[run] = 0;
    if (changed || run !== NO_ROW) this.rebuild();
  }

  /** The first row of the run that hides a row. */
  private runOf(row: number): number {
    const { depth } = this.columns;
    for (let first = row - 1; first >= 0 && depth[first] === depth[row]; first--) if (this.runs[first]! > 0) return first + this.runs[first]! > row ? first : NO_ROW;
    return NO_ROW;
  }

  /** Folds every parent as told; undefined leaves it as it is. */
  setFolds(folded: (row: number) => number | undefined): void {
    for (let row = 0; row < this.n; row++) if (this.hasChildren(row)) this.collapsed[row] = folded(row) ?? this.collapsed[row]!;
    this.rebuild();
  }

  private foldAt(depth: number): Uint8Array {
    const fold = new Uint8Array(this.n);
    for (let i = 0; i < this.n; i++) if (this.columns.depth[i]! >= depth && this.hasChildren(i)) fold[i] = 1;
    return fold;
  }

  private initialFold(): Uint8Array {
    if (!this.opensPartly) return new Uint8Array(this.n);
    const fold = this.foldAt(OPEN_DEPTH);
    const leadsToError = this.withAncestors((row) => this.isError(row));
    for (let i = 0; i < this.n; i++) if (leadsToError[i] === 1) fold[i] = 0;
    // An error that is itself a parent stays closed unless another error lies below it.
    for (let i = 0; i < this.n; i++) {
      if (fold[i] === 0 && this.columns.depth[i]! >= OPEN_DEPTH && this.isError(i) && !this.hasBelow(leadsToError, i)) {
        fold[i] = this.hasChildren(i) ? 1 : 0;
      }
    }
    return fold;
  }

  private hasBelow(marks: Uint8Array, row: number): boolean {
    const { subtree } = this.columns;
    const end = row + subtree[row]!;
    for (let i = row + 1; i < end; i += subtree[i]!) if (marks[i] === 1) return true;
    return false;
  }

  private withAncestors(chosen: (row: number) => boolean): Uint8Array {
    const marks = new Uint8Array(this.n);
    for (let i = this.n - 1; i >= 0; i--) {
      if (marks[i] === 0 && chosen(i)) marks[i] = 1;
      const parent = this.parent[i]!;
      if (marks[i] === 1 && parent !== NO_ROW) marks[parent] = 1;
    }
    return marks;
  }

  /**
   * The folds as short text for a URL: a base (`all` open, closed below a depth, or empty for the
   * state a trace opens in) and the rows that deviate from it, or null for too many deviations.
   */
  foldState(): { depth: string; fold: string } | null {
    let shallowest = -1;
    for (let i = 0; i < this.n; i++) {
      if (this.collapsed[i] === 1 && (shallowest < 0 || this.columns.depth[i]! < shallowest)) shallowest = this.columns.depth[i]!;
    }
    const bases: [string, Uint8Array][] = [["", this.initialFold()], ["all", new Uint8Array(this.n)]];
    if (shallowest >= 0) bases.push([String(shallowest), this.foldAt(shallowest)]);
    if (shallowest >= 0) bases.push([String(shallowest + 1), this.foldAt(shallowest + 1)]);
    let best: { depth: string; rows: number[] } | null = null;
    for (const [depth, base] of bases) {
      const rows: number[] = [];
      for (let i = 0; i < this.n && rows.length <= MAX_FOLD_TOGGLES; i++) if (base[i] !== this.collapsed[i]) rows.push(i);
      if (rows.length <= MAX_FOLD_TOGGLES && (best === null || rows.length < best.rows.length)) best = { depth, rows };
    }
    if (best === null) return null;
    let previous = 0;
    const steps = best.rows.map((row) => {
      const step = row - previous;
      previous = row;
      return step.toString(36);
    });
    // Rows have these numbers only as long as the trace does not grow.
    return { depth: best.depth, fold: steps.length === 0 ? "" : `${this.n.toString(36)}_${steps.join(".")}` };
  }

  /** Puts a state from {@link foldState} back; nonsense, and rows of a trace that has grown since, are ignored. */
  restoreFold(depth: string, fold: string): void {
    const base = depth === "" ? this.initialFold() : depth === "all" ? new Uint8Array(this.n) : this.foldAt(Number.parseInt(depth, 10) || 0);
    let row = 0;
    const [n, steps] = fold.split("_");
    for (const step of steps === undefined || n !== this.n.toString(36) ? [] : steps.split(".")) {
      row += Number.parseInt(step, 36);
      if (Number.isNaN(row) || row >= this.n) break;
      if (this.hasChildren(row)) base[row] ^= 1;
    }
    this.collapsed.set(base);
    this.rebuild();
  }

  // --- find ---

  /** Rows must be ascending. */
  setMatches(rows: Uint32Array): void {
    this.matches = rows;
    this.isMatch = null;
    if (rows.length > 0) {
      this.isMatch = new Uint8Array(this.n);
      for (const row of rows) if (row < this.n) this.isMatch[row] = 1;
    }
    const hadFilter = this.kept !== null;
    if (hadFilter) this.setMatchesOnly(true);
    this.matchVersion.value++;
  }

  matchesRow(row: number): boolean {
    return this.isMatch !== null && this.isMatch[row] === 1;
  }

  get matchesOnly(): boolean {
    return this.kept !== null;
  }

  /** Shows matches and their ancestors only; the ancestors are opened. */
  setMatchesOnly(only: boolean): void {
    if (only && this.isMatch !== null) {
      const marks = this.isMatch;
      this.kept = this.withAncestors((row) => marks[row] === 1);
      for (let i = 0; i < this.n; i++) {
        const parent = this.parent[i]!;
        if (this.kept[i] === 1 && parent !== NO_ROW) this.collapsed[parent] = 0;
      }
    } else {
      this.kept = null;
    }
    this.rebuild();
  }

  /** The match after (or before) a row, around the ends; -1 when there is none. */
  nextMatch(row: number, direction: 1 | -1): number {
    return nextIn(this.matches, row, direction);
  }

  /** The error row after (or before) a row, around the ends; -1 when there is none. */
  nextError(row: number, direction: 1 | -1): number {
    for (let step = 1; step <= this.n; step++) {
      const candidate = (((row + direction * step) % this.n) + this.n) % this.n;
      if (this.isError(candidate)) return candidate;
    }
    return NO_ROW;
  }

  /** Rows whose span or service name contains the text, case-insensitive: each distinct name is looked at once. */
  findNames(text: string): Uint32Array {
    const needle = text.toLowerCase();
    if (needle === "") return new Uint32Array(0);
    const names = this.header.names.map((name) => name.toLowerCase().includes(needle));
    const services = this.header.services.map((name) => name.toLowerCase().includes(needle));
    const found = new Uint32Array(this.n);
    let count = 0;
    const { name, service } = this.columns;
    for (let i = 0; i < this.n; i++) if (names[name[i]!] || services[service[i]!]) found[count++] = i;
    return found.slice(0, count);
  }
}

function nextIn(rows: Uint32Array, row: number, direction: 1 | -1): number {
  if (rows.length === 0) return NO_ROW;
  if (direction === 1) {
    for (const candidate of rows) if (candidate > row) return candidate;
    return rows[0]!;
  }
  for (let i = rows.length - 1; i >= 0; i--) if (rows[i]! < row) return rows[i]!;
  return rows[rows.length - 1]!;
}
