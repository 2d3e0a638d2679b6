//! The answer to a search: traces, or help when there are none, and how it came about.

import type { Signal } from "@preact/signals";
import type { RefObject, VNode } from "preact";
import { ApiError } from "../api/client";
import { isPassing } from "../api/retry";
import { Empty } from "../components/Empty";
import { Countdown, Failure } from "../components/Loaded";
import { Notice } from "../components/Notice";
import { formatBytes, formatCount, formatTime, nsToMs, plural } from "../model/format";
import { type SearchParams, SORTS, type Sort } from "../location/params";
import { href, navigate } from "../location/place";
import { catalogueKey } from "../query/completion";
import { parseConditions, slotOf } from "../query/conditions";
import { unquote } from "../query/tokens";
import { toUrlTime } from "../model/timeRange";
import { ColumnPicker } from "./columns";
import { FirstRun, useFirstRun } from "./FirstRun";
import type { HistogramSession } from "./histogram";
import { NoResults } from "./NoResults";
import { ResultList } from "./ResultList";
import { Overview } from "./Overview";
import type { SearchSession } from "./session";
import "./FoundTraces.css";

const SORT_LABELS: Record<Sort, string> = { newest: "Newest first", longest: "Longest first", shortest: "Shortest first", spans: "Most spans", errors: "Most errors" };

export interface FoundTracesProps {
  session: SearchSession;
  histogram: HistogramSession;
  params: SearchParams;
  withGraph: boolean;
  selected: Signal<number>;
  foundRef: RefObject<HTMLDivElement | null>;
  onChange: (change: Partial<SearchParams>) => void;
  onSort: (sort: Sort) => void;
}

export function FoundTraces({ session, histogram, params, withGraph, selected, foundRef, onChange, onSort }: FoundTracesProps): VNode {
  const firstRun = useFirstRun(session);
  const traces = session.traces.value;
  const stop = (): void => {
    session.cancel();
    histogram.stop();
  };
  const empty = session.phase.value === "done" && traces.length === 0;
  const unread = session.error.value instanceof ApiError && session.error.value.status === 400;
  return (
    <>
      <Progress session={session} />
      <Newer session={session} onShow={(to) => onChange({ to })} />
      {firstRun !== null ? (
        <FirstRun status={firstRun} onFirstSpan={() => void session.run(params)} />
      ) : unread ? (
        <Empty level={2} title="Nothing was searched">
          The query above cannot be read as it is.
        </Empty>
      ) : session.error.value !== null && traces.length === 0 ? (
        // Not "0 traces": how many there are is not known.
        <Failure what="The search" error={session.error.value} retryAtMs={session.retryAtMs.value} onRetry={() => session.again()} />
      ) : empty ? (
        <NoResults params={params} onChange={onChange} />
      ) : (
        <>
          <Problem session={session} />
          <div class={`found ${session.stale.value ? "stale" : ""}`} ref={foundRef}>
            {withGraph && <Overview session={session} histogram={histogram} params={params} onOpen={(id) => navigate(href(`trace/${id}`))} onChange={onChange} />}
            <div class="result-bar">
              <Summary session={session} onStop={stop} />
              <span class="spacer" />
              <ColumnPicker />
              <label class="sort">
                <span class="visually-hidden">Sort by</span>
                <select class="input" value={params.sort} onChange={(event) => onSort(event.currentTarget.value as Sort)}>
                  {SORTS.map((sort) => (
                    <option key={sort} value={sort}>
                      {SORT_LABELS[sort]}
                    </option>
                  ))}
                </select>
              </label>
            </div>
            <ResultList session={session} traces={traces} sort={params.sort} onSort={onSort} selected={selected} longest={session.longestNs.value} filtered={params.q !== "{}"} find={findOf(params.q)} />
          </div>
        </>
      )}
    </>
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

function Summary({ session, onStop }: { session: SearchSession; onStop: () => void }): VNode {
  const { phase, progress, done, traces } = session;
  const count = traces.value.length;
  if (phase.value === "loading") {
    const at = progress.value;
    return (
      <p class="summary" role="status">
        Searching{at && at.totalBlocks > 0 ? `: ${Math.round((at.searchedBlocks / at.totalBlocks) * 100)} % of ${plural(at.totalBlocks, "block")}` : "…"}
        {at?.matchedTraces !== undefined ? ` · ${plural(at.matchedTraces, "trace")} compared` : !session.stale.value && count > 0 && ` · ${plural(count, "trace")} so far`}
        <button type="button" class="button quiet small" onClick={onStop}>
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
