//! The strip above the results: how many spans match over time, all of them, or the traces that were
//! found as points. Both narrow the search by dragging.

import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { TimeBars } from "../components/TimeBars";
import { formatClock, formatCount, formatTime, plural } from "../model/format";
import { toUrlTime } from "../model/timeRange";
import type { SearchParams } from "../location/params";
import type { Counts, HistogramSession } from "./histogram";
import { Scatter } from "./Scatter";
import type { SearchSession } from "./session";
import "./Overview.css";

export interface OverviewProps {
  session: SearchSession;
  histogram: HistogramSession;
  params: SearchParams;
  onOpen: (traceId: string) => void;
  onChange: (change: Partial<SearchParams>) => void;
}

export function Overview({ session, histogram, params, onOpen, onChange }: OverviewProps): VNode {
  const { chart } = params;
  return (
    <div class="overview">
      <div class="overview-head">
        {chart === "spans" ? <Total histogram={histogram} /> : <p>The traces below, by start and duration</p>}
        <div class="segmented" role="group" aria-label="Chart">
          <button type="button" aria-pressed={chart === "spans"} onClick={() => onChange({ chart: "spans" })}>
            All spans
          </button>
          <button type="button" aria-pressed={chart === "traces"} onClick={() => onChange({ chart: "traces" })}>
            Shown traces
          </button>
        </div>
      </div>
      {chart === "spans" ? (
        <Histogram histogram={histogram} session={session} params={params} onChange={onChange} />
      ) : (
        <Scatter session={session} traces={session.traces.value} query={params.q} onOpen={onOpen} onSelect={(q, from, to) => onChange({ q, from, to })} />
      )}
    </div>
  );
}

function Total({ histogram }: { histogram: HistogramSession }): VNode {
  const total = histogram.total.value;
  const error = histogram.error.value;
  if (error !== null) return <p class="error-text">How many spans match is not known: {error.message}</p>;
  if (total === null) return <p>Counting…</p>;
  return (
    <p role="status">
      <strong class="num">{plural(total.spans, "span")}</strong> match
      {total.errors > 0 && <span class="error-text num">, {formatCount(total.errors)} failed</span>}
      {total.partial !== null && <span class="warn-text">; incomplete: {total.partial}</span>}
    </p>
  );
}

const NOTHING: Counts = { startMs: 0, stepMs: 1, spans: new Float64Array(0), errors: new Float64Array(0) };

function Histogram({ histogram, session, params, onChange }: Omit<OverviewProps, "onOpen">): VNode {
  // With every search, also one for the same again.
  const searched = session.startedAtMs.value;
  useEffect(() => histogram.run(params, searched), [searched]);
  useEffect(() => () => histogram.stop(), [histogram]);
  const { startMs, stepMs, spans, errors } = histogram.counts.value ?? NOTHING;
  const total = histogram.total.value;
  return (
    <div class={histogram.busy.value ? "counting" : ""}>
      <TimeBars
        startMs={startMs}
        stepMs={stepMs}
        counts={spans}
        failed={errors}
        label={total === null ? "Matching spans over time" : `Matching spans over time: ${plural(total.spans, "span")}, ${formatCount(total.errors)} failed, in ${plural(spans.length, "part")} of ${params.from} to ${params.to}`}
        timeLabel={formatClock}
        countLabel={formatCount}
        describe={(bucket) => (
          <>
            <span class="num">
              {formatTime(startMs + bucket * stepMs, stepMs < 1000)} – {formatClock(startMs + (bucket + 1) * stepMs, stepMs)}
            </span>
            <p class="num">
              {plural(spans[bucket]!, "span")}
              {errors[bucket]! > 0 && <span class="error-text"> · {formatCount(errors[bucket]!)} failed</span>}
            </p>
          </>
        )}
        onSelect={(fromMs, toMs) => onChange({ from: toUrlTime(fromMs), to: toUrlTime(toMs) })}
      />
    </div>
  );
}
