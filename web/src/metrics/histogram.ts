//! The series of `histogram_over_time` as one grid: a row for each bucket, a column for each step.
//! Pure; it must never know how it is drawn.

import type { MetricsAnswer, Series } from "../api/types";
import { nameOf } from "./names";

const BUCKET = "__bucket";

/** Buckets are powers of two: each holds what is above half of its bound, up to it. */
export interface Grid {
  /** Upper bounds, from the least; none is left out between two that have spans. */
  bounds: number[];
  /** `rows[bucket][step]`. */
  rows: Float64Array[];
  max: number;
}

const boundOf = ({ labels }: Series): number => Number(labels.find(({ name }) => name === BUCKET)?.value);
const groupOf = ({ labels }: Series): string => nameOf(labels.filter(({ name }) => name !== BUCKET));

/** What the buckets are of, where there is a `by`. */
export const groupsOf = (answer: MetricsAnswer): string[] => [...new Set(answer.series.map(groupOf))];

/** Of these groups together; of all where none is named. */
export function gridOf(answer: MetricsAnswer, groups: readonly string[]): Grid {
  const counted = answer.series.filter((series) => boundOf(series) > 0 && (groups.length === 0 || groups.includes(groupOf(series))));
  if (counted.length === 0) return { bounds: [], rows: [], max: 0 };
  const exponents = counted.map((series) => Math.log2(boundOf(series)));
  const least = Math.min(...exponents);
  const count = Math.round(Math.max(...exponents) - least) + 1;
  const rows = Array.from({ length: count }, () => new Float64Array(answer.count));
  for (const [index, { values }] of counted.entries()) {
    const row = rows[Math.round(exponents[index]! - least)]!;
    for (const [step, value] of values.entries()) row[step]! += value ?? 0;
  }
  const max = rows.reduce((most, row) => row.reduce((a, b) => Math.max(a, b), most), 0);
  return { bounds: rows.map((_, row) => 2 ** (least + row)), rows, max };
}
