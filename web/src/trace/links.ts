//! The operator's links for the trace and the span that are shown. Their values come from the span,
//! its resource, and then from its ancestors, as in Jaeger.

import { useEffect } from "preact/hooks";
import { uiConfig } from "../api/uiConfig";
import { useResource } from "../components/Loaded";
import type { Attribute, SpanDetail } from "../model/details";
import type { SkeletonHeader } from "../model/columns";
import { inLists, type Link, type LinkPattern, linksOf, namesIn, spanFact, traceFact } from "../model/linkPatterns";
import { NO_ROW } from "../model/TraceModel";
import type { TraceView } from "./view";

/** Ancestors that are looked through for a value, the nearest first. */
const MAX_ANCESTORS = 64;

/** The links beside an attribute of a list. */
export type LinksBeside = (list: readonly Attribute[], key: string) => Link[];

export interface SpanLinks {
  process: LinksBeside;
  tags: LinksBeside;
  logs: LinksBeside;
}

export function useTraceLinks(header: SkeletonHeader): Link[] {
  const patterns = useResource(uiConfig).data?.linkPatterns ?? [];
  const ofTrace = patterns.filter(({ type }) => type === "traces");
  return linksOf(ofTrace, (name) => traceFact(header, name.replace(/^trace\./, "")));
}

export function useSpanLinks(view: TraceView, detail: SpanDetail): SpanLinks {
  const patterns = useResource(uiConfig).data?.linkPatterns ?? [];
  void view.details.version.value;
  const ancestors = ancestorsOf(view, detail.row);
  const above = ancestors.flatMap((row) => listsOf(view.detail(row)));
  const known = (name: string, own: readonly Attribute[]): string | number | undefined => {
    if (name.startsWith("trace.")) return traceFact(view.model.header, name.slice(6)) ?? inLists([own, ...listsOf(detail), ...above], name);
    if (name.startsWith("span.")) return spanFact(detail, name.slice(5)) ?? inLists([own, ...listsOf(detail), ...above], name);
    return inLists([own, ...listsOf(detail), ...above], name);
  };
  const lists: [LinkPattern["type"], readonly Attribute[]][] = [
    ["tags", detail.attributes],
    ["process", detail.resource.attributes],
    ...detail.events.map(({ attributes }): [LinkPattern["type"], readonly Attribute[]] => ["logs", attributes]),
  ];
  const isLacking = lists.some(([type, list]) => patterns.some((pattern) => pattern.type === type && list.some(({ key }) => pattern.keys.includes(key)) && namesIn(pattern).some((name) => known(name, list) === undefined)));
  useEffect(() => {
    if (isLacking && ancestors.length > 0) void view.details.fetch(ancestors);
  }, [isLacking, detail]);
  const beside =
    (type: LinkPattern["type"]): LinksBeside =>
    (list, key) =>
      linksOf(
        patterns.filter((pattern) => pattern.type === type && pattern.keys.includes(key)),
        (name) => known(name, list),
      );
  return { process: beside("process"), tags: beside("tags"), logs: beside("logs") };
}

const listsOf = (detail: SpanDetail | undefined): (readonly Attribute[])[] => (detail === undefined ? [] : [detail.attributes, detail.resource.attributes]);

function ancestorsOf({ model }: TraceView, row: number): number[] {
  const found: number[] = [];
  for (let at = model.parent[row]!; at !== NO_ROW && found.length < MAX_ANCESTORS; at = model.parent[at]!) found.push(at);
  return found;
}
