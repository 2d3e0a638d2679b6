//! The found traces: rows of one height, of which only those on screen exist.

import type { Signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { skeletons } from "../api/skeletons";
import type { TraceSummary } from "../api/types";
import { CopyButton } from "../components/CopyButton";
import { Icon } from "../components/Icon";
import { isArriving } from "../model/arrival";
import { assignColours } from "../model/palette";
import { formatAgo, formatCount, formatDuration, formatTime, formatWhen, nsToMs, plural } from "../model/format";
import { serviceLabel } from "../model/service";
import type { Sort } from "../location/params";
import { href } from "../location/place";
import { gridStyle, RESULT_COLUMNS, shownColumns } from "./columns";
import { MiniTimeline } from "./MiniTimeline";
import type { SearchSession } from "./session";
import "./ResultList.css";

const ROW_PX = 58;
const OVERSCAN = 4;

export interface ResultListProps {
  session: SearchSession;
  traces: TraceSummary[];
  sort: Sort;
  onSort: (sort: Sort) => void;
  selected: Signal<number>;
  longest: number;
  /** The query leaves something out, so that matches are worth showing. */
  filtered: boolean;
  /** What to find in an opened trace, so that it shows what was searched for. */
  find: string | null;
}

export function ResultList({ session, traces, sort, onSort, selected, longest, filtered, find }: ResultListProps): VNode {
  const scroller = useRef<HTMLDivElement>(null);
  const drawn = useRef(0);
  const [view, setView] = useState({ top: session.scrollTop, height: 800 });
  useEffect(() => {
    const element = scroller.current!;
    element.scrollTop = session.scrollTop;
    const update = (): void => {
      // An element that was taken off the page reports a place of 0.
      if (!element.isConnected) return;
      // While the list is still too short for its place, the place is kept: also when all has come
      // and is not drawn yet.
      const isDrawn = drawn.current === session.traces.peek().length;
      if (session.phase.peek() !== "loading" && isDrawn) session.scrollTop = element.scrollTop;
      setView({ top: element.scrollTop, height: element.clientHeight });
    };
    const observer = new ResizeObserver(update);
    observer.observe(element);
    element.addEventListener("scroll", update, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", update);
    };
  }, []);
  useLayoutEffect(() => {
    const element = scroller.current!;
    const index = selected.value;
    if (index < 0) return;
    const top = index * ROW_PX;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + ROW_PX > element.scrollTop + element.clientHeight - 40) element.scrollTop = top + ROW_PX - element.clientHeight + 40;
    // The focus goes with the selection: Enter opens it, and a screen reader says it.
    element.querySelector<HTMLElement>(`[aria-posinset="${index + 1}"] .result-link`)?.focus({ preventScroll: true });
  }, [selected.value]);
  const first = Math.max(0, Math.floor(view.top / ROW_PX) - OVERSCAN);
  const last = Math.min(traces.length, Math.ceil((view.top + view.height) / ROW_PX) + OVERSCAN);
  // After a reload the list is long enough for its old place only when it is here.
  useLayoutEffect(() => {
    drawn.current = traces.length;
    if (scroller.current!.scrollTop < session.scrollTop) scroller.current!.scrollTop = session.scrollTop;
  }, [traces.length]);
  const cursor = session.done.value?.cursor;
  const waiting = session.phase.value === "loading" && traces.length === 0;
  return (
    <div class="results" style={gridStyle()}>
      <div class="result-scroll" ref={scroller} tabIndex={-1}>
        <Head sort={sort} onSort={onSort} />
        {waiting ? (
          <Placeholders />
        ) : (
          <ol aria-label="Traces" style={{ height: `${traces.length * ROW_PX}px` }}>
            {traces.slice(first, last).map((trace, offset) => (
              <ResultRow key={trace.traceId} trace={trace} index={first + offset} count={traces.length} selected={selected.value === first + offset} longest={longest} filtered={filtered} find={find} />
            ))}
          </ol>
        )}
        {cursor && session.phase.value !== "loading" && (
          <div class="load-more">
            <button type="button" class="button" onClick={() => void session.more()}>
              {sort === "newest" ? "Load older traces" : "Load more traces"}
            </button>
          </div>
        )}
      </div>
    </div>
  );
}

function Head({ sort, onSort }: Pick<ResultListProps, "sort" | "onSort">): VNode {
  const turned = sort === "longest" || sort === "shortest";
  return (
    <div class="result-head">
      <span class="c-name">Trace</span>
      {RESULT_COLUMNS.filter(({ name }) => shownColumns.value.has(name)).map(({ name, label, sort: by }) =>
        by === undefined ? (
          <span key={name} class={`c-${name}`}>
            {label}
          </span>
        ) : (
          <button type="button" key={name} class={`c-${name} ${sort === by ? "sorted" : ""}`} onClick={() => onSort(by === "longest" && sort === "longest" ? "shortest" : by)}>
            {label}
            {sort === by && <Icon name="down" size={12} />}
            {by === "longest" && turned && sort === "shortest" && <Icon name="up" size={12} />}
          </button>
        ),
      )}
    </div>
  );
}

function Placeholders(): VNode {
  return (
    <div class="placeholders" aria-hidden="true">
      {Array.from({ length: 8 }, (_, i) => (
        <div key={i} class="placeholder-row">
          <span style={{ width: `${28 - ((i * 7) % 12)}%` }} />
          <span style={{ width: "30%" }} />
          <span style={{ width: "6%" }} />
        </div>
      ))}
    </div>
  );
}

function MissingParents({ trace }: { trace: TraceSummary }): VNode {
  const refers = plural(trace.orphanCount, "span refers", "spans refer");
  return isArriving(trace) ? (
    <span class="pill" title={`${refers} to parents that have not arrived yet`}>
      arriving
    </span>
  ) : (
    <span class="pill warn" title={`${refers} to parents that never arrived`}>
      <Icon name="warning" size={11} />
      incomplete
    </span>
  );
}

const MAX_SERVICES = 5;

function ResultRow({ trace, index, count, selected, longest, filtered, find }: { trace: TraceSummary; index: number; count: number; selected: boolean; longest: number } & Pick<ResultListProps, "filtered" | "find">): VNode {
  const shown = shownColumns.value;
  const colours = assignColours(trace.services.map(({ name }) => name));
  const started = nsToMs(trace.startNs);
  const duration = Number(trace.durationNs);
  const rootColour = colours[trace.services.findIndex(({ name }) => name === trace.rootService)];
  const partly = filtered && trace.matchedCount < trace.spanCount;
  const more = trace.services.length - MAX_SERVICES;
  return (
    <li class={`result ${selected ? "selected" : ""}`} style={{ transform: `translateY(${index * ROW_PX}px)` }} aria-setsize={count} aria-posinset={index + 1}>
      <div class="c-name">
        <p class="title">
          <span class="dot" style={{ "--c": rootColour === undefined ? "var(--faint)" : `var(--svc-${rootColour})` }} />
          <a class="result-link" title={trace.rootName === null ? undefined : `${serviceLabel(trace.rootService)} ${trace.rootName}`} href={href(`trace/${trace.traceId}`, partly ? new URLSearchParams({ span: trace.matched[0] ?? "", ...(find === null ? {} : { find }) }) : undefined)} onPointerEnter={() => skeletons.get(trace.traceId).ahead()}>
            {trace.rootName === null ? (
              <em>{trace.orphanCount > 0 ? "root span not received" : "no span is the root"}</em>
            ) : (
              <>
                <strong>{serviceLabel(trace.rootService)}</strong> <span>{trace.rootName || "(no name)"}</span>
              </>
            )}
          </a>
          {trace.orphanCount > 0 && <MissingParents trace={trace} />}
          {trace.waitingCount > 0 && (
            <span class="pill" title={`${plural(trace.waitingCount, "span waits", "spans wait")} for a sampling decision: not stored yet, and gone if the trace is not sampled`}>
              waiting
            </span>
          )}
          {trace.cycleCount > 0 && (
            <span class="pill warn" title={`${plural(trace.cycleCount, "span is", "spans are")} among their own parents`}>
              cycle
            </span>
          )}
        </p>
        <p class="phone-facts">
          <span>{formatAgo(started, Date.now())}</span>
          {trace.errorCount > 0 && <span class="error-text">{plural(trace.errorCount, "error")}</span>}
        </p>
        <p class="services">
          <span class="mono row-id" title={trace.traceId}>
            {trace.traceId.slice(0, 8)}
            <CopyButton text={trace.traceId} title="Copy the trace id" />
          </span>
          {trace.services.slice(0, MAX_SERVICES).map(({ name, spanCount, errorCount }, i) => (
            <span key={name} class="service" title={`${serviceLabel(name)}: ${plural(spanCount, "span")}${errorCount > 0 ? `, ${plural(errorCount, "error")}` : ""}`}>
              <span class="dot" style={{ "--c": `var(--svc-${colours[i]})` }} />
              {serviceLabel(name)} <span class="num">{formatCount(spanCount)}</span>
            </span>
          ))}
          {more > 0 && <span class="service">+{more} more</span>}
          {partly && (
            <a class="matched" href={href(`trace/${trace.traceId}`, new URLSearchParams({ span: trace.matched[0] ?? "" }))}>
              {plural(trace.matchedCount, "matching span")}
            </a>
          )}
        </p>
      </div>
      {shown.has("timeline") && (
        <div class="c-timeline">
          <MiniTimeline trace={trace} colours={colours} />
        </div>
      )}
      {shown.has("duration") && (
        <div class="c-duration num">
          <span>{formatDuration(duration)}</span>
          <span class="meter">
            <span style={{ width: `${Math.max(1.5, (duration / longest) * 100)}%` }} />
          </span>
        </div>
      )}
      {shown.has("spans") && (
        <div class="c-spans num">{formatCount(trace.spanCount)}</div>
      )}
      {shown.has("errors") && (
        <div class="c-errors num">
          {trace.errorCount > 0 ? (
            <span class="pill error">
              <Icon name="error" size={11} />
              {formatCount(trace.errorCount)}
            </span>
          ) : (
            <span class="muted">–</span>
          )}
        </div>
      )}
      {shown.has("time") && (
        <div class="c-time num" title={formatTime(started)}>
          <span>{formatAgo(started, Date.now())}</span>
          <span class="muted">{formatWhen(started, Date.now())}</span>
        </div>
      )}
    </li>
  );
}
