//! The trace by service and operation, as figures. It must never fetch anything: all of it is in the
//! skeleton.

import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { type Column, Table } from "../components/Table";
import { formatCount, formatDuration, plural } from "../model/format";
import { type Group, statistics } from "../model/statistics";
import { serviceLabel } from "../model/service";
import type { TraceView } from "./view";
import "./Statistics.css";

/** More rows than this nobody reads; those with the most time are shown. */
const MAX_GROUPS = 300;

export function Statistics({ view }: { view: TraceView }): VNode {
  const groups = useMemo(() => statistics(view.model), [view, view.model.version.value]);
  const total = view.model.durationNs;
  const show = (row: number): void => {
    view.jump(row);
    view.tab.value = "timeline";
  };
  const columns: Column<Group>[] = [
    { name: "Service", show: ({ service }) => serviceLabel(service), by: ({ service }) => service },
    { name: "Operation", show: ({ name }) => name || "(no name)", by: ({ name }) => name },
    { name: "Spans", show: ({ count }) => formatCount(count), by: ({ count }) => count },
    { name: "Errors", show: ({ errors }) => (errors === 0 ? "0" : <span class="error-text">{formatCount(errors)}</span>), by: ({ errors }) => errors },
    { name: "Own time", show: ({ selfNs }) => formatDuration(selfNs), by: ({ selfNs }) => selfNs },
    { name: "Own time of the trace", show: ({ selfNs }) => `${((selfNs / total) * 100).toFixed(1)} %`, by: ({ selfNs }) => selfNs },
    { name: "Total", show: ({ totalNs }) => formatDuration(totalNs), by: ({ totalNs }) => totalNs },
    { name: "Mean", show: ({ totalNs, count }) => formatDuration(totalNs / count), by: ({ totalNs, count }) => totalNs / count },
    {
      name: "Longest",
      show: ({ longestNs, longestRow }) => (
        <button type="button" class="link-button" title="Show it in the timeline" onClick={() => show(longestRow)}>
          {formatDuration(longestNs)}
        </button>
      ),
      by: ({ longestNs }) => longestNs,
    },
  ];
  return (
    <div class="statistics" tabIndex={-1}>
      {groups.length > MAX_GROUPS && <p class="muted">The {MAX_GROUPS} operations with the most own time, of {plural(groups.length, "operation")}.</p>}
      <Table label="Operations of this trace" columns={columns} rows={groups.slice(0, MAX_GROUPS)} rowKey={({ longestRow }) => String(longestRow)} />
    </div>
  );
}
