//! A trace that grows while it is looked at gets other rows; what was folded by hand stays folded.
//! Rows are known again by when they began, how long they took and what they are, because the
//! skeleton has no ids.

import type { TraceModel } from "./TraceModel";

/** Beyond this a trace opens as if it were new: knowing rows again would be felt. */
const MAX_ROWS = 50_000;

/** Whether the folds of a smaller trace were put on the grown one. */
export function carryFolds(before: TraceModel, after: TraceModel): boolean {
  if (after.n > MAX_ROWS || before.version.peek() <= 1) return false;
  const shift = Number(before.startNs - after.startNs);
  const known = new Map<string, number>();
  for (let row = 0; row < before.n; row++) if (before.hasChildren(row)) known.set(keyOf(before, row, shift), before.collapsed[row]!);
  after.setFolds((row) => known.get(keyOf(after, row, 0)));
  return true;
}

const keyOf = (model: TraceModel, row: number, shift: number): string =>
  [model.columns.start[row]! + shift, model.columns.duration[row], model.serviceName(row), model.spanName(row)].join("\n");
