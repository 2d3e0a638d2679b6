//! The words of TraceQL that may be offered where a person types: operators, fields, stages and
//! functions over time, each with what it puts into the text. The server remains the only parser of
//! record; a word that is missing here is only not offered.

/** Something that may stand at the caret. */
export interface Offer {
  label: string;
  note?: string;
  insert: string;
  /** How far before its end the caret goes. */
  caretBack?: number;
}

const word = (label: string, insert: string, note?: string, caretBack?: number): Offer => ({ label, insert, note, caretBack });

export const OPERATORS = ["=", "!=", "=~", "!~", ">", ">=", "<", "<="].map((op) => word(op, `${op} `));
export const AND_OR = [word("&&", "&& ", "and"), word("||", "|| ", "or")];
export const CLOSE_FILTER = word("}", "} ", "end of the filter");
export const CLOSE = word(")", ") ");
export const NEXT = word(",", ", ");
export const PIPE = word("|", "| ", "go on with what was found");
export const SPANSET = [word("{ … }", "{  } ", undefined, 3)];

/** Between two filters. */
export const RELATIONS = [
  word(">>", ">> ", "somewhere below"),
  word(">", "> ", "children"),
  word("<<", "<< ", "somewhere above"),
  word("<", "< ", "parents"),
  word("~", "~ ", "siblings"),
  word("&&", "&& ", "both in the trace"),
  word("||", "|| ", "any of both"),
  word("!>>", "!>> ", "not below"),
  word("!>", "!> ", "no children of"),
  word("&>>", "&>> ", "both sides, below"),
  word("&>", "&> ", "both sides, children"),
];

/** Functions that turn spans into series, and what they want in parentheses. */
export const METRICS: Record<string, "nothing" | "field" | "quantiles" | "filter"> = {
  rate: "nothing",
  count_over_time: "nothing",
  quantile_over_time: "quantiles",
  histogram_over_time: "field",
  avg_over_time: "field",
  max_over_time: "field",
  min_over_time: "field",
  sum_over_time: "field",
  compare: "filter",
};

const AGGREGATES = ["avg", "max", "min", "sum"];
export const isAggregate = (name: string): boolean => name === "count" || AGGREGATES.includes(name);

const METRICS_NOTES: Record<string, string> = {
  rate: "spans a second, over time",
  count_over_time: "spans, over time",
  quantile_over_time: "percentiles, over time",
  histogram_over_time: "heatmap",
  avg_over_time: "mean, over time",
  max_over_time: "greatest, over time",
  min_over_time: "least, over time",
  sum_over_time: "sum, over time",
  compare: "what sets a selection apart",
};

function metricsStage(name: string): Offer {
  const wants = METRICS[name]!;
  if (wants === "nothing") return word(name, `${name}() `, METRICS_NOTES[name]);
  return wants === "filter" ? word(name, `${name}({  })`, METRICS_NOTES[name], 3) : word(name, `${name}()`, METRICS_NOTES[name], 1);
}

/** Behind a `|` after spans. */
export const STAGES = [
  word("count", "count() > ", "spans of the trace"),
  ...AGGREGATES.map((name) => word(name, `${name}()`, "of a field, in the trace", 1)),
  word("by", "by()", "one spanset for each value", 1),
  word("select", "select()", "show fields", 1),
  word("coalesce", "coalesce() ", "one spanset again"),
  word("{ … }", "{  } ", "only these of them", 3),
  ...Object.keys(METRICS).map(metricsStage),
];

/** Behind a `|` after series. */
export const SECOND_STAGES = [word("topk", "topk(5) ", "the greatest series"), word("bottomk", "bottomk(5) ", "the least series")];
export const SERIES = [word("({ … } | rate())", "({  } | rate())", undefined, 12)];
export const GROUP_BY = word("by", "by ()", "one series for each value", 1);
export const LIMITS = [">", ">=", "<", "<="].map((op) => word(op, `${op} `));
export const ARITHMETIC = ["/", "*", "+", "-"].map((op) => word(op, `${op} `, "between series"));
export const COUNTS = ["5", "10", "20"].map((count) => word(count, count));
export const QUANTILES = ["0.5", "0.9", "0.95", "0.99"].map((quantile) => word(quantile, quantile));

export const INTRINSICS: { name: string; hint: string }[] = [
  { name: "name", hint: "span name" },
  { name: "duration", hint: "of the span" },
  { name: "error", hint: "whatever failed" },
  { name: "traceDuration", hint: "of the trace" },
  { name: "status", hint: "ok, error, unset" },
  { name: "statusMessage", hint: "text of the status" },
  { name: "kind", hint: "server, client, …" },
  { name: "rootName", hint: "name of the root span" },
  { name: "rootServiceName", hint: "service of the root span" },
];

/** Fields that have a number in every span. */
export const NUMBERS = ["duration", "traceDuration"];

export const FIXED_VALUES: Record<string, string[]> = {
  status: ["error", "ok", "unset"],
  error: ["true", "false"],
  kind: ["server", "client", "internal", "producer", "consumer", "unspecified"],
  duration: ["10ms", "100ms", "500ms", "1s", "5s"],
  traceDuration: ["100ms", "1s", "5s", "30s", "1m"],
};
