//! Why a trace took as long as it did, as the server says it; and its critical path by row, for
//! drawing. It must never work the path out by itself: there is one definition, the server's.

export interface PathOperation {
  service: string;
  name: string;
  kind: string;
  criticalNs: string;
  /** Those with most of it; `spanCount` says how many there are. */
  rows: number[];
  spanCount: number;
}

export interface Finding {
  kind: string;
  title: string;
  says: string;
  lookAt: string;
  costNs: string;
  rows: number[];
  spanCount: number;
}

export interface Explanation {
  pathNs: string;
  /** Row, start and end in ns after the start of the trace; in the order of time, without gaps. */
  path: [number, number, number][];
  /** By row. */
  selfNs: number[];
  operations: PathOperation[];
  operationCount: number;
  findings: Finding[];
  /** Findings that are not listed. */
  leftOut: number;
}

/** The parts of the path that each row has, without an object per span. */
export class PathByRow {
  /** The parts of row `i` are from `first[i]` to `first[i + 1]`. */
  private readonly first: Uint32Array;
  private readonly from: Float64Array;
  private readonly to: Float64Array;

  constructor(path: Explanation["path"], rows: number) {
    this.first = new Uint32Array(rows + 1);
    for (const [row] of path) this.first[row + 1]!++;
    for (let row = 0; row < rows; row++) this.first[row + 1]! += this.first[row]!;
    const next = this.first.slice();
    this.from = new Float64Array(path.length);
    this.to = new Float64Array(path.length);
    for (const [row, from, to] of path) {
      const at = next[row]!++;
      this.from[at] = from;
      this.to[at] = to;
    }
  }

  has(row: number): boolean {
    return this.first[row + 1]! > this.first[row]!;
  }

  /** Start and end of each part, those that `gapNs` cannot tell apart as one. */
  parts(row: number, gapNs: number): [number, number][] {
    const parts: [number, number][] = [];
    for (let at = this.first[row]!; at < this.first[row + 1]!; at++) {
      const last = parts[parts.length - 1];
      if (last !== undefined && this.from[at]! - last[1] <= gapNs) last[1] = this.to[at]!;
      else parts.push([this.from[at]!, this.to[at]!]);
    }
    return parts;
  }

  criticalNs(row: number): number {
    let sum = 0;
    for (let at = this.first[row]!; at < this.first[row + 1]!; at++) sum += this.to[at]! - this.from[at]!;
    return sum;
  }
}
