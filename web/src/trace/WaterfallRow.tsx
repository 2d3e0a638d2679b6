//! One row: tree on the left, bar on the right. It renders again only when something it shows has
//! changed, which is what keeps scrolling cheap.

import { Component, type VNode } from "preact";
import { Icon } from "../components/Icon";
import { FLAG } from "../model/columns";
import type { SpanDetail } from "../model/details";
import type { PathByRow } from "../model/explanation";
import { formatCount, formatDuration } from "../model/format";
import { serviceLabel } from "../model/service";
import { NO_ROW } from "../model/TraceModel";
import { pillsOf } from "./pills";
import type { TraceView } from "./view";
import "./WaterfallRow.css";

export interface WaterfallRowProps {
  view: TraceView;
  row: number;
  position: number;
  y: number;
  selected: boolean;
  /** 1 match, -1 not a match while finding, 0 not finding. */
  match: -1 | 0 | 1;
  collapsed: boolean;
  /** Rows that it stands for, 0 for itself alone. */
  alike: number;
  from: number;
  to: number;
  detail: SpanDetail | undefined;
  /** It is one of the spans of a finding. */
  marked: boolean;
  /** The critical path, if it is drawn. */
  path: PathByRow | null;
  /** Own time, once it is known. */
  selfNs: number | undefined;
}

/** More bars than this in one row cannot be told from one another. */
const MAX_RUN_BARS = 200;
const INDENT_PX = 14;
/** Deeper levels are indented less, or names would leave the column. */
const FULL_INDENT_DEPTH = 12;
const DEEP_INDENT_PX = 3;

export class WaterfallRow extends Component<WaterfallRowProps> {
  override shouldComponentUpdate(next: WaterfallRowProps): boolean {
    const now = this.props;
    return (
      now.row !== next.row ||
      now.y !== next.y ||
      now.selected !== next.selected ||
      now.match !== next.match ||
      now.collapsed !== next.collapsed ||
      now.alike !== next.alike ||
      now.from !== next.from ||
      now.to !== next.to ||
      now.detail !== next.detail ||
      now.marked !== next.marked ||
      now.path !== next.path ||
      now.selfNs !== next.selfNs ||
      now.view !== next.view
    );
  }

  override render(): VNode {
    const { view, row, position, y, selected, match, collapsed, alike, marked } = this.props;
    const { model } = view;
    const { columns } = model;
    const depth = columns.depth[row]!;
    const parent = model.hasChildren(row);
    const error = model.isError(row);
    const open = (event: MouseEvent): void => {
      if (event.altKey && parent) return model.setSubtreeCollapsed(row, !collapsed);
      view.select(row, { scroll: false });
    };
    return (
      <div
        id={`span-${row}`}
        role="row"
        class={`row ${selected ? "selected" : ""} ${match === 1 ? "match" : match === -1 ? "no-match" : ""} ${error ? "has-error" : ""} ${marked ? "marked" : ""}`}
        style={{ top: `${y}px` }}
        aria-level={depth + 1}
        aria-rowindex={position + 1}
        aria-expanded={parent ? !collapsed : alike > 0 ? false : undefined}
        aria-selected={selected}
        onClick={open}
        onDblClick={() => view.fit(row)}
      >
        {this.tree(depth, parent, error)}
        {this.bar(error)}
      </div>
    );
  }

  private tree(depth: number, parent: boolean, error: boolean): VNode {
    const { view, row, collapsed, detail, alike } = this.props;
    const { model } = view;
    const above = model.parent[row]!;
    const sameService = above !== NO_ROW && model.columns.service[above] === model.columns.service[row];
    const flags = model.columns.flags[row]!;
    const indent = Math.min(depth, FULL_INDENT_DEPTH) * INDENT_PX + Math.max(0, depth - FULL_INDENT_DEPTH) * DEEP_INDENT_PX;
    return (
      <div role="gridcell" class="tree">
        <span class="guides" style={{ width: `${indent}px` }} />
        {parent ? (
          <span
            class={`fold num ${collapsed ? "closed" : ""}`}
            title={collapsed ? "Expand (Alt: the whole subtree)" : "Collapse (Alt: the whole subtree)"}
            onClick={(event) => {
              event.stopPropagation();
              if (event.altKey) model.setSubtreeCollapsed(row, !collapsed);
              else model.toggle(row);
            }}
          >
            {formatCount(collapsed ? model.columns.subtree[row]! - 1 : model.childCount(row))}
          </span>
        ) : (
          <span class="fold leaf" />
        )}
        <span class="stripe" style={{ "--c": `var(--svc-${view.colourOf(row)})` }} />
        {error && <Icon name="error" size={13} class="error-mark" />}
        {flags & FLAG.orphan ? (
          <span class="orphan-mark" title={`Its parent${detail?.parentSpanId ? ` ${detail.parentSpanId}` : ""} never arrived`}>
            <Icon name="warning" size={12} />
            no parent
          </span>
        ) : null}
        {flags & FLAG.cycle ? (
          <span class="orphan-mark" title="Its parents form a cycle, which is cut here">
            <Icon name="reload" size={12} />
            cycle
          </span>
        ) : null}
        {!sameService && <span class="service-name">{serviceLabel(model.serviceName(row))}</span>}
        <span class="span-name" title={`${serviceLabel(model.serviceName(row))} ${model.spanName(row)}`}>
          {model.spanName(row) || "(no name)"}
        </span>
        {alike > 0 && (
          <button
            type="button"
            class="alike num"
            title={`${formatCount(alike)} spans alike, one after the other. Show each`}
            onClick={(event) => {
              event.stopPropagation();
              model.openRun(row);
            }}
          >
            × {formatCount(alike)}
          </button>
        )}
        {flags & FLAG.links ? <Icon name="link" size={12} class="link-mark" /> : null}
        {detail &&
          pillsOf(detail).map((pill) => (
            <span key={pill} class="pill">
              {pill}
            </span>
          ))}
      </div>
    );
  }

  private bar(error: boolean): VNode {
    const { view, row, from, to, detail, alike } = this.props;
    if (alike > 0) return this.barsOfRun();
    const { start, duration, flags } = view.model.columns;
    const width = to - from;
    const begin = (start[row]! - from) / width;
    const end = (start[row]! + duration[row]! - from) / width;
    const label = flags[row]! & FLAG.negativeDuration ? "ends before it starts" : formatDuration(duration[row]!);
    if (end < 0 || begin > 1) {
      return (
        <div role="gridcell" class="time">
          <span class={`outside ${end < 0 ? "before" : "after"}`}>
            <Icon name={end < 0 ? "left" : "right"} size={11} />
            {label}
          </span>
        </div>
      );
    }
    const left = Math.max(0, begin);
    const right = Math.min(1, end);
    return (
      <div role="gridcell" class="time">
        <span
          class={`bar ${error ? "error" : ""} ${begin < 0 ? "cut-left" : ""} ${end > 1 ? "cut-right" : ""}`}
          style={{ left: `${left * 100}%`, width: `${(right - left) * 100}%`, "--c": `var(--svc-${view.colourOf(row)})` }}
        />
        {this.pathParts()}
        {detail && detail.events.length > 0 && this.eventTicks(detail, from, width, start[row]!)}
        <span class="duration num" title={this.ownTime()} style={{ left: `calc(${right * 100}% + 6px)` }}>
          {label}
        </span>
      </div>
    );
  }

  /** One bar each, as far as they can be told; and how long all of them took. */
  private barsOfRun(): VNode {
    const { view, row, from, to, alike } = this.props;
    const { start, duration } = view.model.columns;
    const step = Math.max(1, Math.ceil(alike / MAX_RUN_BARS));
    const bars: VNode[] = [];
    let [total, end] = [0, 0];
    for (let other = row; other < row + alike; other++) {
      total += duration[other]!;
      end = Math.max(end, start[other]! + duration[other]!);
      const left = Math.max(0, (start[other]! - from) / (to - from));
      const right = Math.min(1, (start[other]! + duration[other]! - from) / (to - from));
      if ((other - row) % step === 0 && right >= 0 && left <= 1) bars.push(<span key={other} class="bar" style={{ left: `${left * 100}%`, width: `${Math.max(0, right - left) * 100}%`, "--c": `var(--svc-${view.colourOf(row)})` }} />);
    }
    const at = Math.max(0, Math.min(1, (end - from) / (to - from)));
    return (
      <div role="gridcell" class="time">
        {bars}
        {this.pathParts()}
        <span class="duration num" title="Added up" style={{ left: `calc(${at * 100}% + 6px)` }}>
          Σ {formatDuration(total)}
        </span>
      </div>
    );
  }

  /** Where the critical path runs through the row, and through those that it stands for. */
  private pathParts(): VNode[] {
    const { path, row, alike, from, to } = this.props;
    if (path === null) return [];
    const parts: VNode[] = [];
    for (let of = row; of < row + Math.max(1, alike) && parts.length < MAX_RUN_BARS; of++) {
      for (const [start, end] of path.parts(of, (to - from) / 500)) {
        const left = Math.max(0, (start - from) / (to - from));
        const right = Math.min(1, (end - from) / (to - from));
        if (right > left) parts.push(<span key={`path ${start}`} class="on-path" style={{ left: `${left * 100}%`, width: `${(right - left) * 100}%` }} />);
      }
    }
    return parts;
  }

  private ownTime(): string | undefined {
    const { path, row, selfNs } = this.props;
    if (selfNs === undefined) return undefined;
    return `Own time ${formatDuration(selfNs)}${path?.has(row) ? `, ${formatDuration(path.criticalNs(row))} on the critical path` : ""}`;
  }

  private eventTicks(detail: SpanDetail, from: number, width: number, start: number): VNode[] {
    return detail.events.slice(0, 40).flatMap((event, index) => {
      const at = (start + Number(event.offsetNs) - from) / width;
      return at < 0 || at > 1 ? [] : [<span key={index} class={`event-tick ${event.name === "exception" ? "failure" : ""}`} title={event.name} style={{ left: `${at * 100}%` }} />];
    });
  }
}
