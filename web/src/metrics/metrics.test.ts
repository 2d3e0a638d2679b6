// What charts of figures are made of: names, figures, ticks, grids, comparisons.
import { describe, expect, it } from "vitest";
import type { MetricsAnswer, Series, Unit } from "../api/types";
import { comparisonOf } from "./comparison";
import { gridOf, groupsOf } from "./histogram";
import { chosen } from "./Legend";
import { figures, nameOf } from "./names";
import { figureTicks, formatFigure } from "./units";

const label = (name: string, value: unknown): Series["labels"][number] => ({ name, value });
const series = (labels: Series["labels"], ...values: (number | null)[]): Series => ({ labels, values, exemplars: [] });

describe("a series", () => {
  it.each<[string, Series["labels"]]>([
    ["cart", [label("resource.service.name", "cart")]],
    ["span.size = 5", [label("span.size", 5)]],
    ["p99.9", [label("p", 0.999)]],
    ["GET /, p50", [label("name", "GET /"), label("p", 0.5)]],
    ['name = "GET /", kind = "server"', [label("name", "GET /"), label("kind", "server")]],
    ["all spans", []],
  ])("is called %s", (name, labels) => expect(nameOf(labels)).toBe(name));

  it("is summed up over the samples there are", () => {
    const { last, max, mean } = figures(series([], 1, null, 5, 3, null));
    expect([last, max, mean]).toEqual([3, 5, 3]);
    expect(figures(series([], null)).max).toBeNaN();
    expect(figures(series([], -5, -2)).max).toBe(-2);
  });

  it("is shown alone by a click, beside others by one with a key, and with all again", () => {
    expect(chosen([], "a", false)).toEqual(["a"]);
    expect(chosen(["a"], "b", true)).toEqual(["a", "b"]);
    expect(chosen(["a", "b"], "a", true)).toEqual(["b"]);
    expect(chosen(["a", "b"], "b", false)).toEqual(["b"]);
    expect(chosen(["b"], "b", false)).toEqual([]);
  });
});

describe("figures", () => {
  it.each<[number, Unit, string]>([
    [0.25, "s", "250 ms"],
    [150, "s", "2m 30s"],
    [12.3456, "/s", "12.35/s"],
    [123_456, "", "123.5k"],
    [9_999, "", "9999"],
    [0, "/s", "0/s"],
    [Number.NaN, "", "–"],
    [0.00001, "", "1.00e-5"],
  ])("%d of %j reads %s", (value, unit, text) => expect(formatFigure(value, unit)).toBe(text));

  it.each<[number, number, Unit, number[]]>([
    [0, 10, "", [0, 2, 4, 6, 8, 10]],
    [0, 0.7, "/s", [0, 0.2, 0.4, 0.6, 0.8]],
    [-3, 4, "", [-4, -2, 0, 2, 4]],
    [0, 300, "s", [0, 60, 120, 180, 240, 300]],
    [0, 0, "", [0, 1]],
  ])("from %d to %d of %j have round ticks", (low, high, unit, ticks) => expect(figureTicks(low, high, unit, 5)).toEqual(ticks));
});

describe("a histogram", () => {
  const answer = {
    count: 2,
    series: [
      series([label("name", "a"), label("__bucket", 0.5)], 1, 2),
      series([label("name", "a"), label("__bucket", 4)], 0, 3),
      series([label("name", "b"), label("__bucket", 0.5)], 10, null),
    ],
  } as MetricsAnswer;

  it("is a grid with the buckets between that nothing is in", () => {
    const { bounds, rows, max } = gridOf(answer, []);
    expect(bounds).toEqual([0.5, 1, 2, 4]);
    expect(rows.map((row) => [...row])).toEqual([[11, 2], [0, 0], [0, 0], [0, 3]]);
    expect(max).toBe(11);
  });

  it("can be of some of its groups", () => {
    expect(groupsOf(answer)).toEqual(["a", "b"]);
    expect([...gridOf(answer, ["b"]).rows[0]!]).toEqual([10, 0]);
    expect(gridOf({ ...answer, series: [] }, []).bounds).toEqual([]);
  });
});

it("a comparison ranks values by how far their shares are from each other", () => {
  const of = (type: string, attribute: string, value: unknown, ...counts: number[]): Series => series([label("__meta_type", type), label(attribute, value)], ...counts);
  const { selected, others, rows } = comparisonOf([
    of("selection_total", "name", "nil", 8, 2),
    of("baseline_total", "name", "nil", 100),
    of("selection_total", "span.code", "nil", 4),
    of("selection", "name", "GET /", 5),
    of("baseline", "name", "GET /", 50),
    of("selection", "span.code", 500, 2, 2),
    of("baseline", "span.code", 200, 10),
    series([label("__meta_type", "baseline"), label("__meta_error", "__too_many_values__"), label("span.code", "nil")], 99),
  ]);
  expect([selected, others]).toEqual([10, 100]);
  expect(rows.map(({ attribute, value, selectedShare, othersShare }) => [attribute, value, selectedShare, othersShare])).toEqual([
    ["span.code", "500", 0.4, 0],
    ["span.code", "200", 0, 0.1],
    ["name", "GET /", 0.5, 0.5],
  ]);
});
