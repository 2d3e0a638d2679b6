// A text with its caret (^), and what is offered there.
import { describe, expect, it } from "vitest";
import { completionAt, withOffer } from "./completion";

const RELATIONS = [">>", ">", "<<", "<", "~", "&&", "||", "!>>", "!>", "&>>", "&>"];
const OPERATORS = ["=", "!=", "=~", "!~", ">", ">=", "<", "<="];
const LIMITS = [">", ">=", "<", "<="];
const STAGES = ["count", "avg", "max", "min", "sum", "by", "select", "coalesce", "{ … }", "rate", "count_over_time", "quantile_over_time", "histogram_over_time", "avg_over_time", "max_over_time", "min_over_time", "sum_over_time", "compare"];

/** Words by their labels; what the server is asked for by what it is. */
function offered(marked: string): string[] | string {
  const caret = marked.indexOf("^");
  const { expects, words, field } = completionAt(marked.replace("^", ""), caret);
  return expects === "words" ? words.map(({ label }) => label) : field === undefined ? expects : `${expects} of ${field}`;
}

describe("what is offered at the caret", () => {
  it.each<[string, string[] | string]>([
    ["^", "start"],
    ["check^", "start"],
    // In a filter.
    ["{ ^", "field"],
    ["{ .ht^", "field"],
    ["{ !^", "field"],
    ["{ span.http.route ^", OPERATORS],
    ["{ error ^", ["&&", "||", "}", ...OPERATORS]],
    ["{ span.http.route = ^", "value of span.http.route"],
    ['{ span.http.route = "/ap^', "value of span.http.route"],
    ["{ (status = er^", "value of status"],
    ["{ duration > 100^", "value of duration"],
    ['{ name = "x" ^', ["&&", "||", "}"]],
    ['{ (name = "x" ^', ["&&", "||", ")"]],
    ['{ name = "x" && ^', "field"],
    ["{ duration + ^", "field"],
    ["{ error } >> { ^", "field"],
    // Between filters.
    ["{ error }^", []],
    ["{ error } ^", ["|", ...RELATIONS]],
    ["{ error } >> ^", ["{ … }"]],
    ["{ error } && ^", ["{ … }"]],
    ["({ error } ^", [")", "|", ...RELATIONS]],
    ["(^", ["{ … }"]],
    ["({ error } >> { kind = server }) ^", ["|", ...RELATIONS]],
    // Stages.
    ["{ error } | ^", STAGES],
    ["{ error } | sel^", STAGES],
    ["{ } | by(^", "field"],
    ["{ } | by(name ^", [",", ")"]],
    ["{ } | select(name, ^", "field"],
    ["{ } | by(name) ^", ["|"]],
    ["{ } | by(name) | ^", STAGES],
    ["{ } | count() ^", [...LIMITS, "="]],
    ["{ } | count() > ^", []],
    ["{ } | avg(^", "number"],
    ["{ } | avg(duration ^", [")"]],
    ["{ } | count() > 2 ^", ["|"]],
    // Functions over time.
    ["{ } | rate() ^", ["by", "|", ...LIMITS]],
    ["{ } | rate() by (^", "field"],
    ["{ } | rate() by (name) ^", ["|", ...LIMITS]],
    ["{ } | rate() by (name) | ^", ["topk", "bottomk"]],
    ["{ } | rate() by (name) | topk(^", ["5", "10", "20"]],
    ["{ } | rate() > ^", []],
    ["{ } | histogram_over_time(^", "number"],
    ["{ } | histogram_over_time(duration ^", [")"]],
    ["{ } | quantile_over_time(^", "number"],
    ["{ } | quantile_over_time(duration ^", [","]],
    ["{ } | quantile_over_time(duration, ^", ["0.5", "0.9", "0.95", "0.99"]],
    ["{ } | quantile_over_time(duration, 0.5 ^", [",", ")"]],
    ["{ } | compare(^", ["{ … }"]],
    ["{ } | compare({ ^", "field"],
    ["{ } | compare({ error } ^", [")"]],
    ["{ } | compare({ error }) ^", []],
    // Between series.
    ["({ error } | rate() ^", [")", "by", "|", ...LIMITS]],
    ["({ error } | rate()) ^", ["|", "/", "*", "+", "-", ...LIMITS]],
    ["({ error } | rate()) / ^", ["({ … } | rate())"]],
    ["({ error } | rate()) / ({ ^", "field"],
    // What is no query is not answered with nonsense, and does not break it.
    ["} ^", "start"],
    [")) ^", "start"],
  ])("%s", (marked, expected) => expect(offered(marked)).toEqual(expected));
});

describe("a choice in the text", () => {
  it.each([
    ["{ } | ra^", "rate", "{ } | rate() ^"],
    ["{ } | max_ov^", "max_over_time", "{ } | max_over_time(^)"],
    ["{ } | by(name ^)", ")", "{ } | by(name) ^"],
    ["{ } | by(name ^) | count() > 2", ")", "{ } | by(name) ^| count() > 2"],
    ["{ } | select(name ^)", ",", "{ } | select(name, ^)"],
    ["{ name = \"x\" ^", "}", "{ name = \"x\" } ^"],
    ["{ name = \"x\" ^ }", "}", "{ name = \"x\" } ^"],
    ["{ } | compare(^)", "{ … }", "{ } | compare({ ^ } )"],
  ])("%s with %s", (marked, label, expected) => {
    const caret = marked.indexOf("^");
    const text = marked.replace("^", "");
    const context = completionAt(text, caret);
    const placed = withOffer(text, context, context.words.find((offer) => offer.label === label)!);
    expect(`${placed.text.slice(0, placed.caret)}^${placed.text.slice(placed.caret)}`).toBe(expected);
  });
});
