//! Runs of siblings that are alike: the same operation of the same service, one after the other, with
//! nothing below them and nothing wrong. A page shows one row for all of them until it is asked for
//! more. What failed is never in a run: it must not be hidden.

import { type Columns, FLAG } from "./columns";

/** Fewer are shown as they are. */
export const MIN_RUN = 10;

/** For the first row of every run how many rows it has, else 0. */
export function findRuns({ depth, subtree, name, service, kind, flags }: Columns): Uint32Array {
  const n = depth.length;
  const runs = new Uint32Array(n);
  const isPlain = (row: number): boolean => subtree[row] === 1 && (flags[row]! & (FLAG.error | FLAG.orphan | FLAG.cycle)) === 0 && depth[row]! > 0;
  for (let row = 0; row < n; ) {
    let end = row + 1;
    // Rows are in depth-first order: leaves of one depth that follow one another have one parent.
    if (isPlain(row)) {
      while (end < n && isPlain(end) && depth[end] === depth[row] && name[end] === name[row] && service[end] === service[row] && kind[end] === kind[row]) end++;
      if (end - row >= MIN_RUN) runs[row] = end - row;
    }
    row = end;
  }
  return runs;
}
