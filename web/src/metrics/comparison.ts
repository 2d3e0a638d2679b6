//! What sets a selection apart, of the series of `compare`: for each value of an attribute its share of
//! the selection and of the rest, ranked by how far these are from each other. Pure.

import type { Series } from "../api/types";

const META = "__meta_type";
/** Says that an attribute has more values than are counted. */
const META_ERROR = "__meta_error";

export interface Compared {
  attribute: string;
  /** As text; several types of one spelling are one. */
  value: string;
  /** Spans of the selection that have it, and of the rest. */
  selected: number;
  others: number;
  /** The same as shares of all spans of each side, 0 to 1. */
  selectedShare: number;
  othersShare: number;
}

export interface Comparison {
  /** Spans of each side, as far as any attribute counts them. */
  selected: number;
  others: number;
  rows: Compared[];
}

const sum = ({ values }: Series): number => values.reduce<number>((total, value) => total + (value ?? 0), 0);

export function comparisonOf(series: readonly Series[]): Comparison {
  const rows = new Map<string, Compared>();
  const total = { selected: 0, others: 0 };
  for (const one of series) {
    const kind = String(one.labels.find(({ name }) => name === META)?.value);
    const attribute = one.labels.find(({ name }) => !name.startsWith("__"));
    if (attribute === undefined || one.labels.some(({ name }) => name === META_ERROR)) continue;
    const side = kind.startsWith("selection") ? "selected" : "others";
    if (kind.endsWith("_total")) {
      // The attribute that most spans have is the nearest to all of them.
      total[side] = Math.max(total[side], sum(one));
      continue;
    }
    const value = typeof attribute.value === "string" ? attribute.value : JSON.stringify(attribute.value);
    const key = JSON.stringify([attribute.name, value]);
    const row = rows.get(key) ?? { attribute: attribute.name, value, selected: 0, others: 0, selectedShare: 0, othersShare: 0 };
    row[side] += sum(one);
    rows.set(key, row);
  }
  const share = (count: number, of: number): number => (of === 0 ? 0 : count / of);
  for (const row of rows.values()) {
    row.selectedShare = share(row.selected, total.selected);
    row.othersShare = share(row.others, total.others);
  }
  return { ...total, rows: [...rows.values()].sort((a, b) => difference(b) - difference(a) || a.attribute.localeCompare(b.attribute) || a.value.localeCompare(b.value)) };
}

export const difference = ({ selectedShare, othersShare }: Compared): number => Math.abs(selectedShare - othersShare);
