// Flame graphs: nothing overlaps, nothing is lost, the widest is at the left.
import { describe, expect, it } from "vitest";
import { emptyColumns, KINDS, type Skeleton } from "./columns";
import { type Flame, frameAt, leftHeavy, timeOrder } from "./flame";
import { TraceModel } from "./TraceModel";

/** Rows are [depth, name, start, duration]. */
function traceOf(rows: [number, string, number, number][]): TraceModel {
  const columns = emptyColumns(rows.length);
  const names = [...new Set(rows.map(([, name]) => name))];
  rows.forEach(([depth, name, start, duration], row) => {
    columns.depth[row] = depth;
    columns.name[row] = names.indexOf(name);
    columns.start[row] = start;
    columns.duration[row] = duration;
    let end = row + 1;
    while (end < rows.length && rows[end]![0] > depth) end++;
    columns.subtree[row] = end - row;
  });
  const header: Skeleton["header"] = { traceId: "", n: rows.length, startNs: "0", durationNs: "100", services: ["s"], names, scopes: [""], kinds: [...KINDS], rootService: "s", rootName: "root", errorCount: 0, orphanCount: 0, cycleCount: 0, depth: 1, revision: "", warnings: [] };
  return new TraceModel({ header, columns });
}

/** Lane by lane: row, start and end of each frame. */
const drawn = ({ from, to, row, lanes }: Flame): [number, number, number][][] =>
  Array.from(lanes.subarray(1), (end, lane) => Array.from(row.subarray(lanes[lane], end), (of, index) => [of, from[lanes[lane]! + index]!, to[lanes[lane]! + index]!]));

/** In no lane does a frame begin before the one to the left of it ends. */
const isClear = (flame: Flame): boolean => drawn(flame).every((lane) => lane.every(([, from], index) => index === 0 || lane[index - 1]![2] <= from));

describe("in the order of time", () => {
  it("stands below its parent; what runs side by side below one another, with all that it called", () => {
    const flame = timeOrder(traceOf([[0, "root", 0, 100], [1, "a", 0, 50], [2, "b", 10, 20], [1, "c", 40, 30], [1, "d", 80, 10]]));
    expect(drawn(flame)).toEqual([[[0, 0, 100]], [[1, 0, 50], [4, 80, 90]], [[2, 10, 30]], [[3, 40, 70]]]);
    expect(isClear(flame)).toBe(true);
  });

  it("never overlaps, whatever outlives its parent or starts before it", () => {
    const flame = timeOrder(traceOf([[0, "root", 10, 20], [1, "late", 25, 60], [1, "early", 5, 10], [1, "after", 90, 5], [0, "other", 50, 10]]));
    expect(isClear(flame)).toBe(true);
    expect(drawn(flame).flat()).toHaveLength(5);
  });
});

describe("left heavy", () => {
  const flame = leftHeavy(traceOf([[0, "root", 0, 100], [1, "small", 0, 10], [1, "large", 10, 30], [2, "deep", 10, 20], [1, "small", 40, 10], [1, "large", 60, 30]]));

  it("merges spans of one path, the widest first", () => {
    // root has 20 of its own, large 60 in all, small 20.
    expect(drawn(flame)).toEqual([[[0, 0, 100]], [[2, 0, 60], [1, 60, 80]], [[3, 0, 20]]]);
    expect([...flame.count!]).toEqual([1, 2, 2, 1]);
    expect(flame.endNs).toBe(100);
  });

  it("is found by place", () => {
    expect(flame.row[frameAt(flame, 1, 70)]).toBe(1);
    expect(flame.row[frameAt(flame, 1, 59)]).toBe(2);
    expect([frameAt(flame, 1, 90), frameAt(flame, 9, 0), frameAt(flame, 2, 20)]).toEqual([-1, -1, -1]);
  });

  it("takes spans without any time", () => {
    expect(leftHeavy(traceOf([[0, "root", 0, 0], [1, "a", 0, 0], [2, "b", 0, 0]])).lanes).toHaveLength(4);
  });
});
