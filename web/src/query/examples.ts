//! Queries that show what can be asked, for a menu; a test of the server runs every one of them, so
//! they must never name what only some servers have.

export interface Example {
  title: string;
  query: string;
}

export const EXAMPLES: readonly { group: string; examples: readonly Example[] }[] = [
  {
    group: "Search",
    examples: [
      { title: "What failed", query: "{ error }" },
      { title: "Slow requests to a server", query: "{ kind = server && duration > 500ms }" },
      { title: "A name with a word in it", query: '{ name =~ ".*checkout.*" }' },
      { title: "Exceptions", query: "{ event.exception.type != nil }" },
    ],
  },
  {
    group: "Structure",
    examples: [
      { title: "Failures below a request", query: "{ kind = server } >> { error }" },
      { title: "Where an error began", query: "{ error } !< { error }" },
      { title: "Calls that took long, with the span that made them", query: "{ } &> { kind = client && duration > 100ms }" },
      { title: "Spans without a parent", query: "{ span:parentID = nil }" },
    ],
  },
  {
    group: "Stages",
    examples: [
      { title: "More than two failures in a trace", query: "{ error } | count() > 2" },
      { title: "Services with many spans in a trace", query: "{ } | by(resource.service.name) | count() > 20" },
      { title: "Slow on average", query: "{ kind = client } | avg(duration) > 100ms" },
      { title: "Failures with their messages", query: "{ error } | select(resource.service.name, statusMessage)" },
    ],
  },
  {
    group: "Figures over time",
    examples: [
      { title: "Spans a second, by service", query: "{ } | rate() by (resource.service.name)" },
      { title: "Share of requests that fail", query: "({ kind = server && error } | rate()) / ({ kind = server } | rate())" },
      { title: "How long requests take", query: "{ kind = server } | quantile_over_time(duration, 0.5, 0.9, 0.99)" },
      { title: "The five slowest operations", query: "{ } | quantile_over_time(duration, 0.9) by (name) | topk(5)" },
      { title: "Durations as a heatmap", query: "{ kind = server } | histogram_over_time(duration)" },
      { title: "What sets failures apart", query: "{ } | compare({ error })" },
    ],
  },
];
