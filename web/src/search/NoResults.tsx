//! Nothing was found: which condition removed everything, where in time there is data, and one
//! click to a wider search.

import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { search } from "../api/endpoints";
import { serverStatus } from "../api/status";
import { useResource } from "../components/Loaded";
import { formatTime, nsToMs } from "../model/format";
import type { SearchParams } from "../location/params";
import { describeRange, resolveTime, toUrlTime } from "../model/timeRange";
import { type Condition, parseConditions, toQuery } from "../query/conditions";
import "./NoResults.css";

/** Each condition costs a search of its own. */
const MAX_CHECKED = 6;
const WIDER: [string, string][] = [
  ["now-24h", "the last 24 hours"],
  ["now-7d", "the last 7 days"],
  ["now-30d", "the last 30 days"],
];

export interface NoResultsProps {
  params: SearchParams;
  onChange: (change: Partial<SearchParams>) => void;
}

export function NoResults({ params, onChange }: NoResultsProps): VNode {
  const conditions = parseConditions(params.q) ?? [];
  const [culprits, setCulprits] = useState<Condition[] | null>(null);
  const store = useResource(serverStatus).data?.store;
  const stored = store?.oldestNs && store.newestNs ? ([nsToMs(store.oldestNs), nsToMs(store.newestNs)] as const) : null;
  useEffect(() => {
    const abort = new AbortController();
    setCulprits(null);
    void findCulprits(conditions, params, abort.signal).then(
      (found) => !abort.signal.aborted && setCulprits(found),
      () => undefined,
    );
    return () => abort.abort();
  }, [params.q, params.from, params.to]);
  const now = Date.now();
  const from = resolveTime(params.from, now) ?? now;
  const to = resolveTime(params.to, now) ?? now;
  const outside = stored !== null && (stored[1] < from || stored[0] > to);
  return (
    <div class="state" role="status">
      <h2>No traces found</h2>
      <p>
        Nothing in “{describeRange(params, now)}” matches{params.q === "{}" ? "." : " this query."}
      </p>
      {outside && (
        <p>
          The stored spans are from {formatTime(stored[0], false)} to {formatTime(stored[1], false)}, outside of this range.
        </p>
      )}
      {culprits !== null && culprits.length > 0 && (
        <ul class="culprits">
          {culprits.map((culprit) => (
            <li key={culprit.text}>
              There are traces without <code>{culprit.text}</code>
              <button type="button" class="button small" onClick={() => onChange({ q: toQuery(conditions.filter(({ text }) => text !== culprit.text)) })}>
                Remove it
              </button>
            </li>
          ))}
        </ul>
      )}
      {culprits !== null && culprits.length === 0 && conditions.length > 0 && <p>Leaving out any one of its conditions does not help in this range.</p>}
      <div class="actions">
        {outside && (
          <button type="button" class="button primary" onClick={() => onChange({ from: toUrlTime(stored[0] - 1000), to: toUrlTime(stored[1] + 1000) })}>
            Search all stored time
          </button>
        )}
        {WIDER.filter(([range]) => (resolveTime(range, now) ?? now) < from).map(([range, label]) => (
          <button type="button" class="button" key={range} onClick={() => onChange({ from: range, to: "now" })}>
            Widen to {label}
          </button>
        ))}
        {params.q !== "{}" && (
          <button type="button" class="button" onClick={() => onChange({ q: "{}" })}>
            Clear the query
          </button>
        )}
      </div>
    </div>
  );
}

/** The conditions without which there would be a result. */
async function findCulprits(conditions: Condition[], { from, to }: SearchParams, signal: AbortSignal): Promise<Condition[]> {
  const found: Condition[] = [];
  for (const condition of conditions.slice(0, MAX_CHECKED)) {
    const q = toQuery(conditions.filter((other) => other !== condition));
    for await (const line of search({ q, from, to, limit: 1 }, signal)) {
      if (line.type === "trace") {
        found.push(condition);
        break;
      }
    }
  }
  return found;
}
