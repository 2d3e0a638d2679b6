//! Clocks that disagree: a span that starts before the one that called it. What was sent is always
//! what is shown first; this says how the spans would lie if the clocks of their services agreed.

import type { Columns } from "./columns";

export interface Skew {
  /** Spans that start before their parent, of another service. */
  count: number;
  /** The largest disagreement. */
  mostNs: number;
  /** ns after the start of the trace, moved. */
  start: Float64Array;
}

/** Null when nothing disagrees. Rows are in depth-first order: a parent comes before its children. */
export function findSkew({ start, duration, service }: Columns, parent: Int32Array): Skew | null {
  const moved = Float64Array.from(start);
  let [count, mostNs] = [0, 0];
  for (let row = 0; row < start.length; row++) {
    const above = parent[row]!;
    if (above < 0) continue;
    if (service[row] === service[above]) {
      // One clock: it moves with its parent.
      moved[row] = start[row]! + moved[above]! - start[above]!;
      continue;
    }
    if (start[row]! >= moved[above]!) continue;
    count++;
    mostNs = Math.max(mostNs, moved[above]! - start[row]!);
    // As far after its parent's start as the answer took to come back: half of what remains.
    const rest = duration[above]! - duration[row]!;
    moved[row] = moved[above]! + Math.max(0, rest / 2);
  }
  return count === 0 ? null : { count, mostNs, start: moved };
}
