// Groups of a trace: counts, errors, and time that is counted once.
import { expect, it } from "vitest";
import { emptyColumns, KINDS, type Skeleton } from "./columns";
import { statistics } from "./statistics";
import { TraceModel } from "./TraceModel";

/** Rows are [depth, name, start, duration, failed]. */
function traceOf(rows: [number, string, number, number, boolean?][]): TraceModel {
  const columns = emptyColumns(rows.length);
  const names = [...new Set(rows.map(([, name]) => name))];
  rows.forEach(([depth, name, start, duration, failed], row) => {
    columns.depth[row] = depth;
    columns.name[row] = names.indexOf(name);
    columns.start[row] = start;
    columns.duration[row] = duration;
    columns.flags[row] = failed ? 1 : 0;
    let end = row + 1;
    while (end < rows.length && rows[end]![0] > depth) end++;
    columns.subtree[row] = end - row;
  });
  const header: Skeleton["header"] = { traceId: "", n: rows.length, startNs: "0", durationNs: "100", services: ["s"], names, scopes: [""], kinds: [...KINDS], rootService: "s", rootName: "root", errorCount: 0, orphanCount: 0, cycleCount: 0, depth: 1, revision: "", warnings: [] };
  return new TraceModel({ header, columns });
}

it("counts overlapping children once, and what sticks out not at all", () => {
  const groups = statistics(traceOf([[0, "root", 0, 100], [1, "work", 10, 30], [1, "work", 20, 30, true], [1, "late", 90, 50]]));
  expect(groups.map(({ name, count, errors, totalNs, selfNs, longestRow }) => [name, count, errors, totalNs, selfNs, longestRow])).toEqual([
    ["work", 2, 1, 60, 60, 1],
    ["root", 1, 0, 100, 50, 0],
    ["late", 1, 0, 50, 50, 3],
  ]);
});

it("counts children once whatever order their adjusted starts have", () => {
  const model = traceOf([[0, "root", 0, 100], [1, "late", 50, 30], [1, "early", 10, 60]]);
  const root = statistics(model).find(({ name }) => name === "root");
  // 10 to 80 is covered.
  expect(root?.selfNs).toBe(30);
});
