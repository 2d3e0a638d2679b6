// The trace model alone: columns, assembling, visible rows, folds, find.
import { describe, expect, it } from "vitest";
import { assembleTraces } from "./assemble";
import { COLUMN_LAYOUT, decodeSkeleton, emptyColumns, encodeSkeleton, FLAG } from "./columns";
import { fileSpan, type Wanted } from "./fixtures";
import { LocalSource } from "./LocalSource";
import { NO_ROW, OPEN_ALL_LIMIT, TraceModel } from "./TraceModel";

const assembled = (spans: Wanted[]) => assembleTraces(spans.map(fileSpan))[0]!;
const model = (spans: Wanted[]): TraceModel => new TraceModel(assembled(spans));
const names = (m: TraceModel): string => [...m.visible.subarray(0, m.visibleCount)].map((row) => m.spanName(row)).join(" ");

/**
 * a ┬ b ── c
 *   └ d ┬ e
 *       └ f
 */
const TREE: Wanted[] = [
  { id: "a", length: 100, service: "web" },
  { id: "b", parent: "a", start: 1, service: "web" },
  { id: "c", parent: "b", start: 2, service: "db", error: true },
  { id: "d", parent: "a", start: 10, service: "api" },
  { id: "e", parent: "d", start: 11, service: "db", attributes: { "db.statement": "SELECT 1" } },
  { id: "f", parent: "d", start: 12, service: "db" },
];

describe("skeleton", () => {
  it("decodes what was encoded, whatever the length of the header", () => {
    for (const extra of ["", "x", "xy", "xyz", "wxyz", "ünïcode"]) {
      const before = assembled(TREE);
      before.header.warnings = [extra];
      const after = decodeSkeleton(encodeSkeleton(before));
      expect(after.header).toEqual(before.header);
      for (const [column] of COLUMN_LAYOUT) expect([...after.columns[column]]).toEqual([...before.columns[column]]);
    }
  });
  it("says where an answer is cut off", () => {
    const whole = encodeSkeleton(assembled(TREE));
    expect(() => decodeSkeleton(new ArrayBuffer(2))).toThrow("empty");
    expect(() => decodeSkeleton(whole.slice(0, 40))).toThrow("header");
    expect(() => decodeSkeleton(whole.slice(0, whole.byteLength - 8))).toThrow("column events");
  });
  it("holds a trace without spans", () => {
    const header = { ...assembled(TREE).header, n: 0 };
    const columns = decodeSkeleton(encodeSkeleton({ header, columns: emptyColumns(0) })).columns;
    expect(columns.start).toHaveLength(0);
  });
});

describe("assembling", () => {
  it("orders depth first, siblings by start then id", () => {
    const { header, columns } = assembled([...TREE].reverse());
    expect(header.names).toEqual(["a", "b", "c", "d", "e", "f"]);
    expect([...columns.depth]).toEqual([0, 1, 2, 1, 2, 2]);
    expect([...columns.subtree]).toEqual([6, 2, 1, 3, 1, 1]);
    expect([header.rootService, header.rootName, header.depth, header.errorCount]).toEqual(["web", "a", 3, 1]);
  });
  it("places spans without their parent as roots and says so", () => {
    const { header, columns } = assembled([{ id: "x", parent: "gone" }, { id: "y", parent: "x", start: 1 }]);
    expect([...columns.flags]).toEqual([FLAG.orphan, 0]);
    expect(header).toMatchObject({ rootName: null, orphanCount: 1, cycleCount: 0, warnings: ["1 span refers to parents that are not in the file"] });
  });
  it("loses no span to circles, own parents or repeated ids", () => {
    const { header, columns } = assembled([
      { id: "p", parent: "q" }, { id: "q", parent: "p", start: 1 }, { id: "s", parent: "s", start: 2 },
      { id: "r", start: 3 }, { id: "r", start: 4 }, { id: "u", parent: "r", start: 5 },
    ]);
    expect(header.n).toBe(6);
    expect([...columns.subtree].length).toBe(6);
    expect(header.warnings).toContain("1 span repeats the id of another span");
  });
  it("shows a span that ends before it starts with no duration", () => {
    const { columns, header } = assembled([{ id: "a", length: -5 }]);
    expect([columns.duration[0], columns.flags[0]]).toEqual([0, FLAG.negativeDuration]);
    expect(header.durationNs).toBe("0");
  });
  it("finds errors without a status: exceptions and HTTP 5xx", () => {
    const { columns } = assembled([
      { id: "a", exception: true }, { id: "b", start: 1, attributes: { "http.status_code": "503" } }, { id: "c", start: 2, attributes: { "http.status_code": "404" } },
    ]);
    expect([...columns.flags].map((flags) => flags & FLAG.error)).toEqual([1, 1, 0]);
  });
});

describe("visible rows", () => {
  it("hides the subtree of a collapsed row", () => {
    const m = model(TREE);
    expect(names(m)).toBe("a b c d e f");
    m.toggle(3);
    expect(names(m)).toBe("a b c d");
    m.toggle(0);
    expect(names(m)).toBe("a");
    m.toggle(0);
    expect(names(m)).toBe("a b c d");
    m.toggle(2);
    expect(names(m)).toBe("a b c d");
  });
  it("folds all, levels and subtrees", () => {
    const m = model(TREE);
    m.collapseAll();
    expect(names(m)).toBe("a");
    m.expandLevel();
    expect(names(m)).toBe("a b d");
    m.expandLevel();
    expect(names(m)).toBe("a b c d e f");
    m.collapseLevel();
    expect(names(m)).toBe("a b d");
    m.expandAll();
    m.setSubtreeCollapsed(3, true);
    expect(names(m)).toBe("a b c d");
    m.setSubtreeCollapsed(0, true);
    m.setSubtreeCollapsed(0, false);
    expect(names(m)).toBe("a b c d e f");
  });
  it("knows positions, ancestors and children", () => {
    const m = model(TREE);
    m.toggle(1);
    expect([m.positionOf(2), m.positionOf(3), m.nearestPosition(2)]).toEqual([-1, 2, 1]);
    expect(m.ancestors(5)).toEqual([3, 0]);
    expect([m.childCount(0), m.childCount(3), m.childCount(5)]).toEqual([2, 2, 0]);
    m.reveal(2);
    expect(m.positionOf(2)).toBe(2);
  });
  it("opens a large trace to a depth and along the paths to errors", () => {
    const spans: Wanted[] = [{ id: "root", length: 1e4 }];
    for (let i = 0; i < OPEN_ALL_LIMIT / 5; i++) {
      for (let depth = 1; depth <= 6; depth++) {
        spans.push({ id: `${i.toString(16)}d${depth}`, parent: depth === 1 ? "root" : `${i.toString(16)}d${depth - 1}`, start: i * 10 + depth, error: i === 7 && depth === 6 });
      }
    }
    const m = model(spans);
    expect(m.opensPartly).toBe(true);
    const shown = names(m).split(" ");
    expect(shown).toContain("8d3");
    expect(shown).not.toContain("8d4");
    expect(shown).toContain("7d6");
  });
});

describe("folds in a URL", () => {
  it.each<[string, (m: TraceModel) => void]>([
    ["as opened", () => undefined],
    ["one closed", (m) => m.toggle(3)],
    ["all closed", (m) => m.collapseAll()],
    ["all but one closed", (m) => (m.collapseAll(), m.toggle(0))],
    ["closed below 1", (m) => m.collapseBelow(1)],
  ])("come back: %s", (_, change) => {
    const m = model(TREE);
    change(m);
    const state = m.foldState()!;
    const other = model(TREE);
    other.restoreFold(state.depth, state.fold);
    expect(names(other)).toBe(names(m));
  });
  it("are short, and survive nonsense", () => {
    const m = model(TREE);
    expect(m.foldState()).toEqual({ depth: "", fold: "" });
    m.toggle(3);
    expect(m.foldState()).toEqual({ depth: "", fold: "6_3" });
    for (const fold of ["zzzz", "6_zzzz", "6_..", "6_1.1.1.1", "6_-5", "_", "5_3"]) {
      m.restoreFold("all", fold);
      expect(m.visibleCount, fold).toBeGreaterThan(0);
    }
    expect(names(m)).toBe("a b c d e f");
  });
});

describe("find", () => {
  it("finds names and services at once", () => {
    const m = model(TREE);
    expect([...m.findNames("DB")]).toEqual([2, 4, 5]);
    expect([...m.findNames("d")]).toEqual([2, 3, 4, 5]);
    expect([...m.findNames("")]).toEqual([]);
  });
  it("steps through matches, around the ends", () => {
    const m = model(TREE);
    m.setMatches(Uint32Array.of(2, 4));
    expect([m.nextMatch(NO_ROW, 1), m.nextMatch(2, 1), m.nextMatch(4, 1), m.nextMatch(2, -1)]).toEqual([2, 4, 2, 4]);
    m.setMatches(new Uint32Array(0));
    expect(m.nextMatch(0, 1)).toBe(NO_ROW);
  });
  it("shows matches with their ancestors only, opening them", () => {
    const m = model(TREE);
    m.collapseAll();
    m.setMatches(Uint32Array.of(4));
    m.setMatchesOnly(true);
    expect(names(m)).toBe("a d e");
    m.setMatches(Uint32Array.of(2));
    expect(names(m)).toBe("a b c");
    m.setMatchesOnly(false);
    expect(names(m)).toBe("a b c d e f");
  });
  it("goes to errors, around the ends", () => {
    const m = model(TREE);
    expect([m.nextError(NO_ROW, 1), m.nextError(2, 1), m.nextError(3, -1)]).toEqual([2, 2, 2]);
    expect(model([{ id: "a" }]).nextError(0, 1)).toBe(NO_ROW);
  });
  it.each([
    ["select 1", [4]],
    ["db.statement=SELECT 1", [4]],
    ["db.statement=SELECT", []],
    ["service.name=web", [0, 1]],
    ["000000000000000f", [5]],
    ["nothing like this", []],
  ])("in a file: %s", async (query, rows) => {
    const trace = assembled(TREE);
    const source = new LocalSource(trace.details, (row) => trace.header.services[trace.columns.service[row]!]!);
    expect([...(await source.find(query))]).toEqual(rows);
  });
});
