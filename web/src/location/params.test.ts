// The URL codecs: what a page writes, it reads back; nonsense falls back to the default.
import { expect, it } from "vitest";
import { normalizeTraceId, queryString, readSearchParams, readTraceParams, type SearchParams, type TraceParams, writeSearchParams, writeTraceParams } from "./params";
import { describeRange, resolveTime } from "../model/timeRange";

const DEFAULT: SearchParams = { q: "{}", from: "now-1h", to: "now", limit: 20, sort: "newest", chart: "spans", refresh: 0, step: "", only: [], order: "" };

it("leaves defaults out of a search URL and reads them back", () => {
  const written = writeSearchParams(DEFAULT, new URLSearchParams());
  expect(written.toString()).toBe("");
  expect(readSearchParams(written)).toEqual(DEFAULT);
});

it.each<SearchParams>([
  { q: '{ name = "a b&c" }', from: "now-15m", to: "now", limit: 100, sort: "longest", chart: "traces", refresh: 15, step: "1m", only: ["a & b", "c"], order: "-Max" },
  { q: "{ status = error }", from: "2026-11-22T10:00:00.000Z", to: "2026-11-22T11:00:00.000Z", limit: 20, sort: "errors", chart: "spans", refresh: 0, step: "", only: [], order: "" },
  { q: "{}", from: "now-1h", to: "now-5m", limit: 1, sort: "newest", chart: "spans", refresh: 0, step: "", only: [], order: "" },
])("reads back search %j", (value) => {
  const text = queryString(writeSearchParams(value, new URLSearchParams()));
  expect(readSearchParams(new URLSearchParams(text))).toEqual(value);
});

it("keeps parameters that are not its own", () => {
  expect(writeSearchParams({ ...DEFAULT, q: "{ a }" }, new URLSearchParams("theme=dark&q=old")).toString()).toBe("theme=dark&q=%7B+a+%7D".replace("theme=dark&", "theme=dark&"));
});

it("bounds what a search URL asks for", () => {
  expect(readSearchParams(new URLSearchParams("limit=99999&sort=nope&q=%20"))).toEqual({ ...DEFAULT, limit: 1000 });
  expect(readSearchParams(new URLSearchParams("limit=-3")).limit).toBe(20);
  expect(readSearchParams(new URLSearchParams("step=soon")).step).toBe("");
});

it("reads back a trace view", () => {
  const value: TraceParams = { view: "statistics", span: "00f067aa0ba902b7", zoom: [10, 2500], find: "a=b", only: true, depth: "all", fold: "9_3.1a.z", pane: "bottom", skew: true, explain: true, cp: true, heavy: true };
  const text = queryString(writeTraceParams(value, new URLSearchParams()));
  expect(readTraceParams(new URLSearchParams(text))).toEqual(value);
});

it.each(["zoom=5-5", "zoom=9-1", "zoom=x", "span=zz", "depth=-1", "fold=<script>", "pane=left", "only=yes", "view=nope"])("ignores %s", (text) => {
  expect(readTraceParams(new URLSearchParams(text))).toEqual({ view: "timeline", span: "", zoom: null, find: "", only: false, depth: "", fold: "", pane: "", skew: false, explain: false, cp: false, heavy: false });
});

it.each([
  ["ABC", "abc".padStart(32, "0")],
  [" 0af7651916cd43dd8448eb211c80319c ", "0af7651916cd43dd8448eb211c80319c"],
  ["0af76519-16cd-43dd-8448-eb211c80319c", "0af7651916cd43dd8448eb211c80319c"],
  ["", null],
  ["0000", null],
  ["0af7651916cd43dd8448eb211c80319c0", null],
  ["checkout", null],
])("trace id %j is %j", (given, id) => expect(normalizeTraceId(given)).toBe(id));

it.each([
  ["now", 1_000_000],
  ["now-15m", 1_000_000 - 900_000],
  ["1700000000000000", 1_700_000_000_000],
  ["2026-11-22T10:00:00Z", Date.UTC(2026, 10, 22, 10)],
  ["yesterday", null],
  ["now-5x", null],
])("time %s", (text, ms) => expect(resolveTime(text, 1_000_000)).toBe(ms));

it("describes ranges in words", () => {
  expect(describeRange({ from: "now-1h", to: "now" }, 0)).toBe("Last hour");
  expect(describeRange({ from: "now-45m", to: "now" }, 0)).toBe("Last 45m");
});
