//! What sets a selection apart from the rest: values of attributes, those first whose shares differ
//! most.

import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import type { MetricsAnswer } from "../api/types";
import { type Column, type Order, Table } from "../components/Table";
import { formatCount, plural } from "../model/format";
import { type Compared, comparisonOf, difference } from "./comparison";
import "./ComparisonTable.css";

const MOST = 200;

export function ComparisonTable({ answer, order, onOrder }: { answer: MetricsAnswer; order: Order | null; onOrder: (order: Order) => void }): VNode {
  const { selected, others, rows } = useMemo(() => comparisonOf(answer.series), [answer]);
  const columns: Column<Compared>[] = [
    { name: "Attribute", show: ({ attribute }) => <span class="mono">{attribute}</span>, by: ({ attribute }) => attribute },
    { name: "Value", show: ({ value }) => value, by: ({ value }) => value },
    { name: "Selection", show: ({ selected: count, selectedShare }) => <Share share={selectedShare} count={count} of="selection" />, by: ({ selectedShare }) => selectedShare },
    { name: "Rest", show: ({ others: count, othersShare }) => <Share share={othersShare} count={count} of="rest" />, by: ({ othersShare }) => othersShare },
    { name: "Difference", show: (row) => `${row.selectedShare < row.othersShare ? "−" : "+"}${percent(difference(row))}`, by: difference },
  ];
  return (
    <>
      <p class="compared-head num">
        <strong>{plural(selected, "span")}</strong> in the selection, <strong>{formatCount(others)}</strong> in the rest
        {rows.length > MOST && <span class="muted"> · the first {MOST} of {plural(rows.length, "value")}</span>}
      </p>
      <Table label="Attributes of the selection and of the rest" columns={columns} rows={rows.slice(0, MOST)} rowKey={({ attribute, value }) => `${attribute}\n${value}`} order={order} onOrder={onOrder} />
    </>
  );
}

const percent = (share: number): string => `${Number((share * 100).toPrecision(share < 0.1 ? 2 : 3))} %`;

function Share({ share, count, of }: { share: number; count: number; of: "selection" | "rest" }): VNode {
  return (
    <span class={`share ${of}`} title={plural(count, "span")}>
      <span class="share-bar" aria-hidden="true">
        <span style={{ width: `${Math.min(1, share) * 100}%` }} />
      </span>
      {percent(share)}
    </span>
  );
}
