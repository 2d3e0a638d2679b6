//! The answer to a query of metrics: a chart that fits it, the same as a table, and how it came about.

import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { ApiError } from "../api/client";
import type { MetricsAnswer } from "../api/types";
import { Empty } from "../components/Empty";
import { Failure, OutOfDate } from "../components/Loaded";
import { Notice } from "../components/Notice";
import type { Order } from "../components/Table";
import type { SearchParams } from "../location/params";
import { href, navigate } from "../location/place";
import { formatBytes, formatCount, formatDuration, plural } from "../model/format";
import { assignColours } from "../model/palette";
import { toUrlTime } from "../model/timeRange";
import { ComparisonTable } from "./ComparisonTable";
import { Heatmap } from "./Heatmap";
import { Legend } from "./Legend";
import { Lines } from "./Lines";
import { figures } from "./names";
import type { Answered, MetricsSession } from "./session";
import "./Figures.css";

export interface FiguresProps {
  session: MetricsSession;
  params: SearchParams;
  onChange: (change: Partial<SearchParams>) => void;
}

export function Figures({ session, params, onChange }: FiguresProps): VNode {
  const answered = session.answered.value;
  const error = session.error.value;
  const failed = error === null ? null : { what: "The figures", error, retryAtMs: session.retryAtMs.value, onRetry: () => session.again() };
  if (answered === null) {
    if (failed === null) return <div class="figures">{session.busy.value ? <Status session={session} params={params} onChange={onChange} /> : <p class="muted figures-status">Nothing was asked.</p>}</div>;
    if (error instanceof ApiError && error.status === 400) {
      return (
        <div class="figures">
          <Status session={session} params={params} onChange={onChange} />
          <Empty level={2} title="Nothing was counted" alert>
            {error.message}. {error.body.hint}
          </Empty>
        </div>
      );
    }
    return <Failure {...failed} />;
  }
  const { answer } = answered;
  return (
    <div class={`figures ${session.stale.value ? "stale" : ""}`}>
      {failed !== null && <OutOfDate {...failed} />}
      {answer.partial !== null && <Notice kind="warn">The answer is incomplete: {answer.partial}</Notice>}
      {!answer.exact && <Notice>There are very many spans: those that were stored twice may have been counted twice.</Notice>}
      <Status session={session} params={params} onChange={onChange} />
      {answer.series.length === 0 ? (
        <Empty level={2} title="There is nothing to count">
          No span of this time matches the query.
        </Empty>
      ) : (
        <Chart answered={answered} params={params} onChange={onChange} />
      )}
    </div>
  );
}

const STEPS = ["1s", "5s", "15s", "1m", "5m", "15m", "1h", "6h", "1d"];

function Status({ session, params, onChange }: FiguresProps): VNode {
  const answer = session.answered.value?.answer ?? null;
  return (
    <div class="figures-status">
      <p role="status">
        {session.busy.value ? (
          <>
            Counting…
            <button type="button" class="button quiet small" onClick={() => session.cancel()}>
              Cancel
            </button>
          </>
        ) : (
          answer !== null && (
            <>
              <strong>{answer.kind === "comparison" ? "Comparison" : `${formatCount(answer.series.length)} series`}</strong>
              {answer.count > 1 && <span class="muted num"> · every {formatDuration(Number(answer.stepNs))}</span>}
              <span class="muted num searched">
                {" "}
                · searched {plural(answer.searchedSpans, "span")}
                {answer.searchedBytes > 0 && `, ${formatBytes(answer.searchedBytes)}`} in {formatCount(answer.elapsedMs)} ms
              </span>
            </>
          )
        )}
      </p>
      {answer?.kind !== "comparison" && (
        <label>
          Step
          <select class="input" value={params.step} onChange={(event) => onChange({ step: event.currentTarget.value })}>
            <option value="">automatic</option>
            {[...new Set([...STEPS, ...(params.step === "" ? [] : [params.step])])].map((step) => (
              <option key={step}>{step}</option>
            ))}
          </select>
        </label>
      )}
    </div>
  );
}

function Chart({ answered: { answer, range }, params, onChange }: { answered: Answered } & Pick<FiguresProps, "params" | "onChange">): VNode {
  const onOrder = ({ name, falling }: Order): void => onChange({ order: `${falling ? "-" : ""}${name}` });
  const order = params.order === "" ? null : { name: params.order.replace(/^-/, ""), falling: params.order.startsWith("-") };
  const onOnly = (only: string[]): void => onChange({ only });
  const onSelect = (fromMs: number, toMs: number): void => onChange({ from: toUrlTime(fromMs), to: toUrlTime(toMs) });
  if (answer.kind === "comparison") return <ComparisonTable answer={answer} order={order} onOrder={onOrder} />;
  const shared = { answer, only: params.only, order, onOnly, onOrder, onSelect };
  return answer.kind === "histogram" ? <Heatmap {...shared} /> : <Series {...shared} openMs={range[1]} />;
}

interface SeriesProps {
  answer: MetricsAnswer;
  only: string[];
  order: Order | null;
  openMs: number;
  onOnly: (names: string[]) => void;
  onOrder: (order: Order) => void;
  onSelect: (fromMs: number, toMs: number) => void;
}

function Series({ answer, only, order, openMs, onOnly, onOrder, onSelect }: SeriesProps): VNode {
  const all = useMemo(() => {
    const named = answer.series.map(figures);
    const colours = assignColours(named.map(({ name }) => name));
    return named.map((one, index) => ({ ...one, colour: colours[index]! }));
  }, [answer]);
  // Names of another answer hide nothing.
  const shown = useMemo(() => only.filter((name) => all.some((one) => one.name === name)), [all, only.join("\n")]);
  const drawn = useMemo(() => (shown.length === 0 ? all : all.filter(({ name }) => shown.includes(name))), [all, shown]);
  return (
    <>
      <div class="figures-card">
        <Lines answer={answer} drawn={drawn} openMs={openMs} onSelect={onSelect} onOpen={({ traceId, spanId }) => navigate(href(`trace/${traceId}`, new URLSearchParams({ span: spanId })))} />
      </div>
      <Legend all={all} only={shown} unit={answer.unit} order={order} onOnly={onOnly} onOrder={onOrder} />
    </>
  );
}
