//! The search page: query, filters and time above; below, what answers the query: traces, or figures
//! over time, which are another feature's and come from the page.

import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { QueryKinds } from "../api/queryKinds";
import type { QueryKind } from "../api/types";
import { useShortcuts } from "../components/keyboard";
import { useWhileSeen } from "../components/whileSeen";
import { readSearchParams, type SearchParams, type Sort, writeSearchParams } from "../location/params";
import { href, navigate, replaceParams } from "../location/place";
import { FilterBar } from "./FilterBar";
import { FoundTraces } from "./FoundTraces";
import type { HistogramSession } from "./histogram";
import { QueryBar } from "./QueryBar";
import type { SearchSession } from "./session";
import { TimePicker } from "./TimePicker";
import "./SearchPage.css";

/** What a query is put to, one at a time. */
export interface Answering {
  /** It was under way when the page was left. */
  readonly wasLeft: boolean;
  /** Whether the answer for these is here, or coming. */
  holds(params: SearchParams): boolean;
  isSettled(): boolean;
  run(params: SearchParams, how?: { quietly?: boolean }): Promise<void>;
  cancel(): void;
  /** Nobody looks any more. */
  leave(): void;
}

export interface Metrics {
  session: Answering;
  show: (params: SearchParams, onChange: (change: Partial<SearchParams>) => void) => VNode;
}

export interface SearchPageProps {
  session: SearchSession;
  histogram: HistogramSession;
  metrics: Metrics;
  kinds: QueryKinds;
  params: URLSearchParams;
}

export function SearchPage({ session, histogram, metrics, kinds, params }: SearchPageProps): VNode {
  const value = readSearchParams(params);
  const input = useRef<HTMLInputElement>(null);
  const timeButton = useRef<HTMLButtonElement>(null);
  const found = useRef<HTMLDivElement>(null);
  const selected = useSignal(-1);
  const kind = kinds.of(value.q);
  /** Until it is known of a new query, the page stays as it is. */
  const shown = useRef<QueryKind>("search");
  shown.current = kind ?? shown.current;
  const isSearch = shown.current === "search";
  const answering = isSearch ? session : metrics.session;

  useEffect(() => {
    document.title = value.q === "{}" ? "Search · Tracewell" : `${value.q} · Tracewell`;
    void kinds.ask(value.q);
    if (kind !== null && !answering.holds(value)) {
      selected.value = -1;
      void answering.run(value, { quietly: answering.wasLeft });
    }
  }, [kind, value.q, value.from, value.to, value.limit, value.sort, value.step]);

  useWhileSeen(value.refresh === 0 || !answering.isSettled() ? null : value.refresh * 1000, () => void answering.run(value, { quietly: true }));
  useEffect(() => () => answering.leave(), [answering]);
  const stop = (): void => {
    answering.cancel();
    histogram.stop();
  };

  /** A new search is a new entry in the history; the same again only refreshes. */
  const go = (change: Partial<SearchParams>): void => {
    const next = { ...value, ...change };
    // Series of another query have other names.
    if (next.q !== value.q) next.only = [];
    const url = href("search", writeSearchParams(next, params));
    // Another look at the same search is no other place.
    if (ANOTHER_LOOK.some((name) => change[name] !== undefined)) return replaceParams(writeSearchParams(next, params));
    if (url === location.pathname + location.search) again();
    else navigate(url);
  };
  const again = (): void => {
    void kinds.ask(value.q);
    void answering.run(value);
  };
  const sortBy = (sort: Sort): void => replaceParams(writeSearchParams({ ...value, sort }, params));

  const traces = session.traces.value;
  const open = (index: number): void => {
    const trace = traces[index];
    if (isSearch && trace) navigate(href(`trace/${trace.traceId}`));
  };
  const move = (step: number): void => {
    selected.value = Math.max(0, Math.min(traces.length - 1, selected.value + step));
  };
  useShortcuts(
    () => [
      { keys: ["/"], label: "Edit the query", group: "Search", run: () => input.current?.focus() },
      { keys: ["t"], label: "Choose the time range", group: "Search", run: () => timeButton.current?.click() },
      { keys: ["r"], label: "Search again", group: "Search", run: again },
      { keys: ["j", "ArrowDown"], label: "Next result", group: "Search", run: () => move(1) },
      { keys: ["k", "ArrowUp"], label: "Previous result", group: "Search", run: () => move(-1) },
      { keys: ["Enter"], label: "Open the result", group: "Search", run: () => open(selected.value) },
      { keys: ["Escape"], label: "Stop searching", group: "Search", run: stop },
    ],
    [value.q, value.from, value.to, value.limit, value.sort, value.step, traces.length],
    found,
  );

  return (
    <div class="search-page">
      <h1 class="visually-hidden">Search traces</h1>
      <section class="search-form" aria-label="Search">
        <div class="query-row">
          <QueryBar query={value.q} inputRef={input} onSearch={(q) => go({ q })} onTraceId={(id) => navigate(href(`trace/${id}`))} range={value} />
          <TimePicker range={value} refresh={value.refresh} buttonRef={timeButton} onChange={go} />
        </div>
        <FilterBar query={value.q} limit={isSearch ? value.limit : null} range={value} onChange={go} />
      </section>
      {isSearch ? (
        <FoundTraces session={session} histogram={histogram} params={value} withGraph={params.get("graph") !== "0"} selected={selected} foundRef={found} onChange={go} onSort={sortBy} />
      ) : (
        metrics.show(value, go)
      )}
    </div>
  );
}

const ANOTHER_LOOK = ["chart", "refresh", "only", "order"] as const;
