//! The operator's links for the trace and the span that are shown. Their values come from the span,
//! its resource, and then from its ancestors, as in Jaeger.

import { useEffect } from "preact/hooks";
import { uiConfig } from "../api/uiConfig";
import { useResource } from "../components/Loaded";
import type { Attribute, SpanDetail } from "../model/details";
import type { SkeletonHeader } from "../model/columns";
import { inLists, isBeside, type Link, type LinkPattern, type LinkPlace, linksOf, namesIn, spanFact, traceFact } from "../model/linkPatterns";
import { NO_ROW } from "../model/TraceModel";
import type { TraceView } from "./view";

/** Ancestors that are looked through for a value, the nearest first. */
const MAX_ANCESTORS = 64;

/** The links beside an attribute of a list. */
export type LinksBeside = (list: readonly Attribute[], attribute: Attribute) => Link[];

export interface SpanLinks {
  process: LinksBeside;
  tags: LinksBeside;
  logs: LinksBeside;
}

type Lists = (readonly Attribute[])[];

export function useTraceLinks(header: SkeletonHeader): Link[] {
  const patterns = useResource(uiConfig).data?.linkPatterns ?? [];
  const ofTrace = patterns.filter(({ types }) => types.includes("traces"));
  return linksOf(ofTrace, (name) => traceFact(header, name.replace(/^trace\./, "")));
}

export function useSpanLinks(view: TraceView, detail: SpanDetail): SpanLinks {
  const patterns = useResource(uiConfig).data?.linkPatterns ?? [];
  void view.details.version.value;
  const ancestors = ancestorsOf(view, detail.row);
  const above = ancestors.map((row) => listsOf(view.detail(row)));
  const known = (name: string, own: readonly Attribute[]): string | number | undefined => fact(view, detail, above, name) ?? inLists([own, ...listsOf(detail), ...above.flat()], name);
  const lists: [LinkPlace, readonly Attribute[]][] = [
    ["tags", detail.attributes],
    ["process", detail.resource.attributes],
    ...detail.events.map(({ attributes }): [LinkPlace, readonly Attribute[]] => ["logs", attributes]),
  ];
  const lacks = (pattern: LinkPattern, list: readonly Attribute[]): boolean => namesIn(pattern).some((name) => known(name, list) === undefined);
  const isLacking = lists.some(([place, list]) => patterns.some((pattern) => list.some((attribute) => isBeside(pattern, place, attribute)) && lacks(pattern, list)));
  useEffect(() => {
    if (isLacking && ancestors.length > 0) void view.details.fetch(ancestors);
  }, [isLacking, detail]);
  const beside =
    (place: LinkPlace): LinksBeside =>
    (list, attribute) =>
      linksOf(
        patterns.filter((pattern) => isBeside(pattern, place, attribute)),
        (name) => known(name, list),
      );
  return { process: beside("process"), tags: beside("tags"), logs: beside("logs") };
}

/** What a name with a scope before it stands for: Jaeger's `trace.`, `span.`, `process.`, `resource.`, `parent.` and `ancestor.`. */
function fact(view: TraceView, detail: SpanDetail, above: readonly Lists[], name: string): string | number | undefined {
  const [, scope, rest] = /^(trace|span|process|resource|parent|ancestor)\.(.+)$/.exec(name) ?? [];
  if (scope === undefined || rest === undefined) return undefined;
  const resource = [detail.resource.attributes];
  switch (scope) {
    case "trace":
      return traceFact(view.model.header, rest);
    case "span":
      if (rest === "serviceName") return view.model.serviceName(detail.row);
      return rest.startsWith("process.") ? inLists(resource, rest.slice(8)) : (spanFact(detail, rest) ?? inLists([detail.attributes], rest));
    case "parent":
      return inLists(above[0] ?? [], rest);
    case "ancestor":
      return inLists(above.flat(), rest);
    default:
      return inLists(resource, rest);
  }
}

const listsOf = (detail: SpanDetail | undefined): Lists => (detail === undefined ? [] : [detail.attributes, detail.resource.attributes]);

function ancestorsOf({ model }: TraceView, row: number): number[] {
  const found: number[] = [];
  for (let at = model.parent[row]!; at !== NO_ROW && found.length < MAX_ANCESTORS; at = model.parent[at]!) found.push(at);
  return found;
}
