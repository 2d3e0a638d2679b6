//! The series of a chart as a table: which colour is which, and the figures for everybody who does not
//! see the chart. A click on a name shows that series alone, one with Ctrl or Shift adds it.

import type { VNode } from "preact";
import type { Unit } from "../api/types";
import { type Column, type Order, Table } from "../components/Table";
import { nsToMs } from "../model/format";
import { href } from "../location/place";
import type { Drawn } from "./Lines";
import { formatFigure } from "./units";
import "./Legend.css";

export interface LegendProps {
  all: readonly Drawn[];
  /** Names of those that are shown; all where there is none. */
  only: readonly string[];
  unit: Unit;
  order: Order | null;
  onOnly: (names: string[]) => void;
  onOrder: (order: Order) => void;
}

/** What shows after a click on a name. */
export function chosen(only: readonly string[], name: string, adds: boolean): string[] {
  if (adds) return only.includes(name) ? only.filter((other) => other !== name) : [...only, name];
  return only.length === 1 && only[0] === name ? [] : [name];
}

export function Legend({ all, only, unit, order, onOnly, onOrder }: LegendProps): VNode {
  const columns: Column<Drawn>[] = [
    {
      name: "Series",
      show: ({ name, colour }) => (
        <button type="button" class={`series-name ${only.length > 0 && !only.includes(name) ? "hidden-series" : ""}`} aria-pressed={only.includes(name)} title="Show it alone; with Ctrl or Shift beside others" onClick={(event) => onOnly(chosen(only, name, event.ctrlKey || event.metaKey || event.shiftKey))}>
          <span class="dot" style={{ "--c": `var(--svc-${colour})` }} />
          {name}
        </button>
      ),
      by: ({ name }) => name,
    },
    { name: "Last", show: ({ last }) => formatFigure(last, unit), by: ({ last }) => last },
    { name: "Max", show: ({ max }) => formatFigure(max, unit), by: ({ max }) => max },
    { name: "Mean", show: ({ mean }) => formatFigure(mean, unit), by: ({ mean }) => mean },
  ];
  if (all.some(({ series }) => series.exemplars.length > 0)) columns.push({ name: "Example", show: (row) => <Greatest row={row} unit={unit} /> });
  return <Table label="Series" columns={columns} rows={all} rowKey={({ name }) => name} order={order} onOrder={onOrder} />;
}

/** The trace of its greatest exemplar: the one that people look for. */
function Greatest({ row: { name, series }, unit }: { row: Drawn; unit: Unit }): VNode | null {
  const [first, ...rest] = series.exemplars;
  if (first === undefined) return null;
  const { traceId, spanId, value } = rest.reduce((best, exemplar) => (exemplar.value > best.value || (exemplar.value === best.value && nsToMs(exemplar.timeNs) > nsToMs(best.timeNs)) ? exemplar : best), first);
  return (
    <a href={href(`trace/${traceId}`, new URLSearchParams({ span: spanId }))} aria-label={`Trace of ${name} with ${formatFigure(value, unit)}`}>
      {formatFigure(value, unit)}
    </a>
  );
}
