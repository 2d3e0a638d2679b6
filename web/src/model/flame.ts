//! A trace as a flame graph: what lies where, in the order of time or merged by call path with the
//! largest to the left. Typed arrays, no object per span; it draws nothing.

import { selfNs } from "./statistics";
import { NO_ROW, type TraceModel } from "./TraceModel";

/** Frames lane by lane from the top, in each from the left to the right. */
export interface Flame {
  /** ns of each frame; of a merged one, of all its spans one after the other. */
  from: Float64Array;
  to: Float64Array;
  /** The span, or the longest of those that are merged. */
  row: Uint32Array;
  /** Spans that are merged; null where each stands alone. */
  count: Uint32Array | null;
  /** The frames of lane `i` are from `lanes[i]` to `lanes[i + 1]`. */
  lanes: Uint32Array;
  endNs: number;
}

/** What was placed, in no order. */
interface Placed {
  from: Float64Array;
  to: Float64Array;
  lane: Uint32Array;
  row: (frame: number) => number;
  count: readonly number[] | null;
  endNs: number;
}

function inLanes({ from, to, lane, row, count, endNs }: Placed): Flame {
  const highest = lane.reduce((most, at) => Math.max(most, at + 1), 0);
  const lanes = new Uint32Array(highest + 1);
  for (const at of lane) lanes[at + 1]!++;
  for (let at = 0; at < highest; at++) lanes[at + 1]! += lanes[at]!;
  const next = lanes.slice();
  const order = new Uint32Array(lane.length);
  for (let frame = 0; frame < lane.length; frame++) order[next[lane[frame]!]!++] = frame;
  for (let at = 0; at < highest; at++) order.subarray(lanes[at], lanes[at + 1]).sort((a, b) => from[a]! - from[b]! || to[a]! - to[b]!);
  return {
    from: Float64Array.from(order, (frame) => from[frame]!),
    to: Float64Array.from(order, (frame) => to[frame]!),
    row: order.map(row),
    count: count && order.map((frame) => count[frame]!),
    lanes,
    endNs,
  };
}

/**
 * Each span below its parent. Siblings that run side by side stand below one another, each with all
 * that it called.
 */
export function timeOrder(model: TraceModel): Flame {
  const { n, columns } = model;
  const { start, duration, subtree } = columns;
  const from = Float64Array.from(start);
  const to = Float64Array.from(start, (at, row) => at + duration[row]!);
  // Of a span and all below it: first start, last end, lanes; and how far below its parent it stands.
  const first = from.slice();
  const last = to.slice();
  const height = new Uint32Array(n).fill(1);
  const below = new Uint32Array(n);
  const arrange = (begin: number, end: number): number => {
    let [clusterEnd, bottom, most] = [-Infinity, 0, 0];
    for (let child = begin; child < end; child += subtree[child]!) {
      if (first[child]! >= clusterEnd) bottom = 0;
      below[child] = bottom;
      bottom += height[child]!;
      clusterEnd = Math.max(clusterEnd, last[child]!);
      most = Math.max(most, bottom);
    }
    return most;
  };
  for (let row = n - 1; row >= 0; row--) {
    const end = row + subtree[row]!;
    height[row] = 1 + arrange(row + 1, end);
    for (let child = row + 1; child < end; child += subtree[child]!) {
      first[row] = Math.min(first[row]!, first[child]!);
      last[row] = Math.max(last[row]!, last[child]!);
    }
  }
  arrange(0, n);
  const lane = new Uint32Array(n);
  for (let row = 0; row < n; row++) {
    const parent = model.parent[row]!;
    lane[row] = below[row]! + (parent === NO_ROW ? 0 : lane[parent]! + 1);
  }
  return inLanes({ from, to, lane, row: (frame) => frame, count: null, endNs: model.durationNs });
}

/**
 * Spans of one operation below the same path are one frame; its width is their own time and that of
 * all below. The widest stands at the left.
 */
export function leftHeavy(model: TraceModel): Flame {
  const { n, columns, header } = model;
  const operations = header.services.length * header.names.length;
  const nodes = new Map<number, number>();
  const nodeOf = new Uint32Array(n);
  const above: number[] = [];
  const total: number[] = [];
  const count: number[] = [];
  const longest: number[] = [];
  for (let row = 0; row < n; row++) {
    const parent = model.parent[row]!;
    const parentNode = parent === NO_ROW ? 0 : nodeOf[parent]! + 1;
    const key = parentNode * operations + columns.service[row]! * header.names.length + columns.name[row]!;
    let node = nodes.get(key);
    if (node === undefined) {
      node = above.length;
      nodes.set(key, node);
      above.push(parentNode - 1);
      total.push(0);
      count.push(0);
      longest.push(row);
    }
    nodeOf[row] = node;
    total[node]! += selfNs(model, row);
    count[node]!++;
    if (columns.duration[row]! > columns.duration[longest[node]!]!) longest[node] = row;
  }
  // A node comes after the one above it.
  for (let node = above.length - 1; node >= 0; node--) if (above[node]! >= 0) total[above[node]!]! += total[node]!;
  const order = Uint32Array.from(above, (_, node) => node).sort((a, b) => total[b]! - total[a]! || a - b);
  const from = new Float64Array(above.length);
  const lane = new Uint32Array(above.length);
  const next = new Float64Array(above.length + 1);
  // The widest first also means: never before the one above, but for those of no width.
  const place = (node: number): void => {
    const parent = above[node]!;
    from[node] = (parent < 0 ? 0 : from[parent]!) + next[parent + 1]!;
    next[parent + 1]! += total[node]!;
    lane[node] = parent < 0 ? 0 : lane[parent]! + 1;
  };
  const placed = new Uint8Array(above.length);
  for (const node of order) {
    // Those above that have the same width may stand later in the order.
    const waiting = [node];
    while (above[waiting[waiting.length - 1]!]! >= 0 && placed[above[waiting[waiting.length - 1]!]!] === 0) waiting.push(above[waiting[waiting.length - 1]!]!);
    for (const one of waiting.reverse()) {
      if (placed[one] === 1) continue;
      placed[one] = 1;
      place(one);
    }
  }
  const to = Float64Array.from(from, (at, node) => at + total[node]!);
  return inLanes({ from, to, lane, row: (node) => longest[node]!, count, endNs: next[0]! });
}

/** The first frame of a lane that ends after a time; where none does, that of the next lane. */
export function frameAfter({ to, lanes }: Flame, lane: number, atNs: number): number {
  let [low, high] = [lanes[lane]!, lanes[lane + 1]!];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (to[middle]! > atNs) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The frame at a place, or -1. */
export function frameAt(flame: Flame, lane: number, atNs: number): number {
  if (lane < 0 || lane + 1 >= flame.lanes.length) return -1;
  const frame = frameAfter(flame, lane, atNs);
  return frame < flame.lanes[lane + 1]! && flame.from[frame]! <= atNs ? frame : -1;
}
