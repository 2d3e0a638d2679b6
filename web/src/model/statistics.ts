//! The spans of a trace by service and operation: how many, how long, how many failed. One pass over
//! the columns; no object per span.

import { FLAG } from "./columns";
import type { TraceModel } from "./TraceModel";

export interface Group {
  service: string;
  name: string;
  count: number;
  errors: number;
  totalNs: number;
  /** Without what its children took. */
  selfNs: number;
  longestNs: number;
  /** Row of the longest. */
  longestRow: number;
}

export function statistics(model: TraceModel): Group[] {
  const { columns, n, header } = model;
  const groups = new Map<number, Group>();
  for (let row = 0; row < n; row++) {
    const key = columns.service[row]! * header.names.length + columns.name[row]!;
    let group = groups.get(key);
    if (group === undefined) {
      group = { service: model.serviceName(row), name: model.spanName(row), count: 0, errors: 0, totalNs: 0, selfNs: 0, longestNs: -1, longestRow: row };
      groups.set(key, group);
    }
    const duration = columns.duration[row]!;
    group.count++;
    group.errors += columns.flags[row]! & FLAG.error ? 1 : 0;
    group.totalNs += duration;
    group.selfNs += selfNs(model, row);
    if (duration > group.longestNs) [group.longestNs, group.longestRow] = [duration, row];
  }
  return [...groups.values()].sort((a, b) => b.selfNs - a.selfNs);
}

/** Children may overlap, and stick out of their parent: time is counted once. */
export function selfNs({ columns }: TraceModel, row: number): number {
  const [start, end] = [columns.start[row]!, columns.start[row]! + columns.duration[row]!];
  const last = row + columns.subtree[row]!;
  const children: number[] = [];
  let inOrder = true;
  for (let child = row + 1; child < last; child += columns.subtree[child]!) {
    const before = children[children.length - 1];
    inOrder &&= before === undefined || columns.start[before]! <= columns.start[child]!;
    children.push(child);
  }
  // Rows are in the order of the times as sent; with adjusted clocks these are others.
  if (!inOrder) children.sort((a, b) => columns.start[a]! - columns.start[b]!);
  let [covered, at] = [0, start];
  for (const child of children) {
    const from = Math.max(at, columns.start[child]!);
    const to = Math.min(end, columns.start[child]! + columns.duration[child]!);
    if (to > from) [covered, at] = [covered + to - from, to];
  }
  return end - start - covered;
}
