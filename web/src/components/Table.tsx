//! A table of figures: columns that know how to show and to order a row, a header that sorts where
//! that makes sense. For some hundreds of rows; what grows without end needs its own list.

import type { ComponentChildren, VNode } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "./Icon";
import "./Table.css";

export interface Column<Row> {
  name: string;
  show: (row: Row) => ComponentChildren;
  /** Figures stand at the right, and sort with the largest first. */
  by?: (row: Row) => number | string;
}

/** The column that rows are ordered by, and whether from the greatest down. */
export interface Order {
  name: string;
  falling: boolean;
}

export interface TableProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  /** Where the order is part of a larger state, such as the URL; else the table keeps it. */
  order?: Order | null;
  onOrder?: (order: Order) => void;
}

export function Table<Row>({ label, columns, rows, rowKey, order, onOrder }: TableProps<Row>): VNode {
  const [kept, setKept] = useState<Order | null>(null);
  const sort = order === undefined ? kept : order;
  const by = columns.find(({ name }) => name === sort?.name)?.by;
  const sorted = by === undefined ? rows : [...rows].sort((a, b) => compare(by(a), by(b)) * (sort!.falling ? -1 : 1));
  const isFigure = (column: Column<Row>): boolean => column.by !== undefined && rows.length > 0 && typeof column.by(rows[0]!) === "number";
  const change = (column: Column<Row>): void => (onOrder ?? setKept)({ name: column.name, falling: sort?.name === column.name ? !sort.falling : isFigure(column) });
  return (
    <div class="table-scroll">
      <table class="table" aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => {
              const direction = sort?.name === column.name ? (sort.falling ? "descending" : "ascending") : undefined;
              return (
                <th key={column.name} scope="col" class={isFigure(column) ? "figure" : ""} aria-sort={direction}>
                  {column.by === undefined ? (
                    column.name
                  ) : (
                    <button type="button" onClick={() => change(column)}>
                      {column.name}
                      {direction && <Icon name={sort!.falling ? "down" : "up"} size={12} />}
                    </button>
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map((column) => (
                <td key={column.name} class={isFigure(column) ? "figure num" : ""}>
                  {column.show(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const compare = (a: number | string, b: number | string): number => (typeof a === "number" && typeof b === "number" ? known(a) - known(b) : String(a).localeCompare(String(b)));
/** What is not known is less than all. */
const known = (figure: number): number => (Number.isNaN(figure) ? -Number.MAX_VALUE : figure);
