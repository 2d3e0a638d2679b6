//! The search page: query, filters and time above; what was found below, or help when there is
//! nothing to find yet.

import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useShortcuts } from "../components/keyboard";
import { ApiError } from "../api/client";
import { isPassing } from "../api/retry";
import { Empty } from "../components/Empty";
import { Countdown, Failure } from "../components/Loaded";
import { Notice } from "../components/Notice";
import { useWhileSeen } from "../components/whileSeen";
import { formatBytes, formatCount, formatTime, nsToMs, plural } from "../model/format";
import { readSearchParams, type SearchParams, SORTS, type Sort, writeSearchParams } from "../location/params";
import { href, navigate, replaceParams } from "../location/place";
import { catalogueKey } from "../query/completion";
import { parseConditions, slotOf } from "../query/conditions";
import { unquote } from "../query/tokens";
import { toUrlTime } from "../model/timeRange";
import { ColumnPicker } from "./columns";
import { FilterBar } from "./FilterBar";
import { FirstRun, useFirstRun } from "./FirstRun";
import type { HistogramSession } from "./histogram";
import { NoResults } from "./NoResults";
import { QueryBar } from "./QueryBar";
import { ResultList } from "./ResultList";
import { Overview } from "./Overview";
import type { SearchSession } from "./session";
import { TimePicker } from "./TimePicker";
import "./SearchPage.css";

const SORT_LABELS: Record<Sort, string> = { newest: "Newest first", longest: "Longest first", shortest: "Shortest first", spans: "Most spans", errors: "Most errors" };

export interface SearchPageProps {
  session: SearchSession;
  histogram: HistogramSession;
  params: URLSearchParams;
}

export function SearchPage({ session, histogram, params }: SearchPageProps): VNode {
  const value = readSearchParams(params);
  const input = useRef<HTMLInputElement>(null);
  const timeButton = useRef<HTMLButtonElement>(null);
  const found = useRef<HTMLDivElement>(null);
  const selected = useSignal(-1);
  const firstRun = useFirstRun(session);

  useEffect(() => {
    document.title = value.q === "{}" ? "Search · Tracewell" : `${value.q} · Tracewell`;
    if (!session.holds(value)) {
      selected.value = -1;
      void session.run(value, { quietly: session.wasLeft });
    }
  }, [value.q, value.from, value.to, value.limit, value.sort]);

  const settled = session.phase.value === "done" || session.phase.value === "failed";
  useWhileSeen(value.refresh === 0 || !settled ? null : value.refresh * 1000, () => void session.run(value, { quietly: true }));
  // Nobody looks any more.
  useEffect(() => () => session.leave(), [session]);
  const stop = (): void => {
    session.cancel();
    histogram.stop();
  };

  /** A new search is a new entry in the history; the same again only refreshes. */
  const go = (change: Partial<SearchParams>): void => {
    const next = { ...value, ...change };
    const url = href("search", writeSearchParams(next, params));
    // Another look at the same search is no other place.
    if (change.chart !== undefined || change.refresh !== undefined) return replaceParams(writeSearchParams(next, params));
    if (url === location.pathname + location.search) void session.run(next);
    else navigate(url);
  };
  const sortBy = (sort: Sort): void => replaceParams(writeSearchParams({ ...value, sort }, params));

  const traces = session.traces.value;
  const open = (index: number): void => {
    const trace = traces[index];
    if (trace) navigate(href(`trace/${trace.traceId}`));
  };
  const move = (step: number): void => {
    selected.value = Math.max(0, Math.min(traces.length - 1, selected.value + step));
  };
  useShortcuts(
    () => [
      { keys: ["/"], label: "Edit the query", group: "Search", run: () => input.current?.focus() },
      { keys: ["t"], label: "Choose the time range", group: "Search", run: () => timeButton.current?.click() },
      { keys: ["r"], label: "Search again", group: "Search", run: () => void session.run(value) },
      { keys: ["j", "ArrowDown"], label: "Next result", group: "Search", run: () => move(1) },
      { keys: ["k", "ArrowUp"], label: "Previous result", group: "Search", run: () => move(-1) },
      { keys: ["Enter"], label: "Open the result", group: "Search", run: () => open(selected.value) },
      { keys: ["Escape"], label: "Stop searching", group: "Search", run: stop },
    ],
    [value.q, value.from, value.to, value.limit, value.sort, traces.length],
    found,
  );

  const empty = session.phase.value === "done" && traces.length === 0;
  const unread = session.error.value instanceof ApiError && session.error.value.status === 400;
  return (
    <div class="search-page">
      <h1 class="visually-hidden">Search traces</h1>
      <section class="search-form" aria-label="Search">
        <div class="query-row">
          <QueryBar query={value.q} inputRef={input} onSearch={(q) => go({ q })} onTraceId={(id) => navigate(href(`trace/${id}`))} range={value} />
          <TimePicker range={value} refresh={value.refresh} buttonRef={timeButton} onChange={go} />
        </div>
        <FilterBar query={value.q} limit={value.limit} range={value} onChange={go} />
      </section>
      <Progress session={session} />
      <Newer session={session} onShow={(to) => go({ to })} />
      {firstRun !== null ? (
        <FirstRun status={firstRun} onFirstSpan={() => void session.run(value)} />
      ) : unread ? (
        <Empty level={2} title="Nothing was searched">
          The query above cannot be read as it is.
        </Empty>
      ) : session.error.value !== null && traces.length === 0 ? (
        // Not "0 traces": how many there are is not known.
        <Failure what="The search" error={session.error.value} retryAtMs={session.retryAtMs.value} onRetry={() => session.again()} />
      ) : empty ? (
        <NoResults params={value} onChange={go} />
      ) : (
        <>
          <Problem session={session} />
          <div class={`found ${session.stale.value ? "stale" : ""}`} ref={found}>
            {params.get("graph") !== "0" && (
              <Overview session={session} histogram={histogram} params={value} onOpen={(id) => navigate(href(`trace/${id}`))} onChange={go} />
            )}
            <div class="result-bar">
              <Summary session={session} />
              <span class="spacer" />
              <ColumnPicker />
              <label class="sort">
                <span class="visually-hidden">Sort by</span>
                <select class="input" value={value.sort} onChange={(event) => sortBy(event.currentTarget.value as Sort)}>
                  {SORTS.map((sort) => (
                    <option key={sort} value={sort}>
                      {SORT_LABELS[sort]}
                    </option>
                  ))}
                </select>
              </label>
            </div>
            <ResultList session={session} traces={traces} sort={value.sort} onSort={sortBy} selected={selected} longest={session.longestNs.value} filtered={value.q !== "{}"} find={findOf(value.q)} />
          </div>
        </>
      )}
    </div>
  );
}

/** The attribute that a query asks for, as find in a trace takes it; null when it asks for none, or several. */
function findOf(query: string): string | null {
  const asked = (parseConditions(query) ?? []).filter((condition) => slotOf(condition) === null);
  const [only] = asked.length === 1 ? asked : [];
  if (only?.comparison?.op !== "=") return null;
  const { key } = catalogueKey(only.comparison.field);
  return `${key}=${unquote(only.comparison.literal)}`;
}

function Progress({ session }: { session: SearchSession }): VNode {
  const busy = session.phase.value === "loading";
  const progress = session.progress.value;
  const share = progress && progress.totalBlocks > 0 ? progress.searchedBlocks / progress.totalBlocks : 0;
  return <div class={`progress-line ${busy ? "busy" : ""}`}>{busy && <div style={{ width: `${share * 100}%` }} />}</div>;
}

function Summary({ session }: { session: SearchSession }): VNode {
  const { phase, progress, done, traces } = session;
  const count = traces.value.length;
  if (phase.value === "loading") {
    const at = progress.value;
    return (
      <p class="summary" role="status">
        Searching{at && at.totalBlocks > 0 ? `: ${Math.round((at.searchedBlocks / at.totalBlocks) * 100)} % of ${plural(at.totalBlocks, "block")}` : "…"}
        {at?.matchedTraces !== undefined ? ` · ${plural(at.matchedTraces, "trace")} compared` : !session.stale.value && count > 0 && ` · ${plural(count, "trace")} so far`}
        <button type="button" class="button quiet small" onClick={stop}>
          Cancel
        </button>
      </p>
    );
  }
  const end = done.value;
  return (
    <p class="summary" role="status">
      <strong>{plural(count, "trace")}</strong>
      {end?.matchedTraces ? <span class="muted">of {formatCount(end.matchedTraces)} that match</span> : end?.cursor && <span class="muted">· more available</span>}
      {phase.value === "cancelled" && <span class="muted">· cancelled</span>}
      {end && (
        <span class="muted num searched">
          · searched {plural(end.searchedSpans, "span")}
          {end.searchedBytes > 0 && `, ${formatBytes(end.searchedBytes)}`} in {formatCount(end.elapsedMs)} ms
        </span>
      )}
    </p>
  );
}

function Problem({ session }: { session: SearchSession }): VNode | null {
  const error = session.error.value;
  const partial = session.done.value?.partial;
  if (error !== null) {
    return (
      <div class="page-notice">
        <Notice
          kind="error"
          alert
          action={
            <button type="button" class="button small" onClick={() => session.again()}>
              {isPassing(error) ? "Try again" : "Search again"}
            </button>
          }
        >
          {error.message} {error instanceof ApiError && error.body.hint} <Countdown toMs={session.retryAtMs.value} />
        </Notice>
      </div>
    );
  }
  if (!partial) return null;
  return (
    <div class="page-notice">
      <Notice kind="warn">The answer is incomplete: {partial}</Notice>
    </div>
  );
}

/** Spans dated in the future: a clock that is wrong, which nobody looks for. */
function Newer({ session, onShow }: { session: SearchSession; onShow: (to: string) => void }): VNode | null {
  const newerNs = session.done.value?.newerNs;
  if (!newerNs) return null;
  const newest = nsToMs(newerNs);
  return (
    <div class="page-notice">
      <Notice
        kind="warn"
        action={
          <button type="button" class="button small" onClick={() => onShow(toUrlTime(newest + 1000))}>
            Show them
          </button>
        }
      >
        Matching spans are dated after the searched time, up to {formatTime(newest, false)}. The clock that dated them may be wrong.
      </Notice>
    </div>
  );
}
