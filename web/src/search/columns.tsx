//! Which columns the list of results has. A choice is remembered in this browser; in narrow windows
//! the less important ones give way by themselves.

import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { Icon } from "../components/Icon";
import { Popover } from "../components/Popover";
import type { Sort } from "../location/params";
import { recall, remember } from "../model/preferences";

export type ColumnName = "timeline" | "duration" | "spans" | "errors" | "time";

interface ResultColumn {
  name: ColumnName;
  label: string;
  width: string;
  sort?: Sort;
  /** The widths of windows that have room for it. */
  in: readonly ("wide" | "medium" | "narrow")[];
}

export const RESULT_COLUMNS: readonly ResultColumn[] = [
  { name: "timeline", label: "Timeline", width: "minmax(160px, 30%)", in: ["wide"] },
  { name: "duration", label: "Duration", width: "90px", sort: "longest", in: ["wide", "medium", "narrow"] },
  { name: "spans", label: "Spans", width: "64px", sort: "spans", in: ["wide"] },
  { name: "errors", label: "Errors", width: "60px", sort: "errors", in: ["wide", "medium"] },
  { name: "time", label: "Started", width: "124px", sort: "newest", in: ["wide", "medium"] },
];

const KEY = "tracewell.columns";

function chosen(): ReadonlySet<ColumnName> {
  const names = recall(KEY)?.split(",");
  return new Set(RESULT_COLUMNS.map(({ name }) => name).filter((name) => names === undefined || names.includes(name)));
}

export const shownColumns = signal<ReadonlySet<ColumnName>>(chosen());

function toggle(name: ColumnName): void {
  const next = new Set(shownColumns.peek());
  if (!next.delete(name)) next.add(name);
  shownColumns.value = next;
  remember(KEY, [...next].join(","));
}

/** The widths of the columns as the style sheet takes them, for each width of window. */
export function gridStyle(): Record<string, string> {
  const shown = RESULT_COLUMNS.filter(({ name }) => shownColumns.value.has(name));
  const grid = (size: "wide" | "medium" | "narrow", first: string): string => [first, ...shown.filter((column) => column.in.includes(size)).map(({ width }) => width)].join(" ");
  return { "--grid-wide": grid("wide", "minmax(280px, 1fr)"), "--grid-medium": grid("medium", "minmax(200px, 1fr)"), "--grid-narrow": grid("narrow", "minmax(0, 1fr)") };
}

export function ColumnPicker(): VNode {
  return (
    <Popover class="button quiet small" label={<Icon name="filter" size={14} />} title="Columns" align="end">
      {() =>
        RESULT_COLUMNS.map(({ name, label }) => (
          <label key={name} class="menu-item">
            <input type="checkbox" checked={shownColumns.value.has(name)} onChange={() => toggle(name)} />
            {label}
          </label>
        ))
      }
    </Popover>
  );
}
