//! The waterfall: a treegrid of which only the rows on screen exist. A scroll step re-renders only
//! the rows that come into view; their elements are the ones that left.

import type { ComponentChildren, RefObject, VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../components/Icon";
import { axisFormatter, axisTicks, formatCount, stepOf } from "../model/format";
import { NO_ROW } from "../model/TraceModel";
import { TimeAxis } from "./TimeAxis";
import type { TraceView } from "./view";
import { WaterfallRow } from "./WaterfallRow";
import "./Waterfall.css";

export const ROW_PX = 24;
/** The head that stays above the rows. */
const HEAD_PX = 27;
const OVERSCAN = 3;
/** Elements may not be much higher than this in any browser; beyond it scrolling is proportional. */
const MAX_SCROLL_PX = 8_000_000;
const BASE_ROWS = 100_000;
/** Details are fetched when scrolling has paused for this long. */
const PREFETCH_MS = 120;

export function Waterfall({ view }: { view: TraceView }): VNode {
  const scroller = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ height: 600, width: 1000 });
  useLayoutEffect(() => {
    const element = scroller.current!;
    const update = (): void => setSize({ height: element.clientHeight, width: element.clientWidth });
    update();
    const observer = new ResizeObserver(update);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => zoomByWheel(scroller.current!, view), [view]);
  const [from, to] = view.zoom.value;
  const ticks = axisTicks(from, to, Math.max(2, (size.width * (1 - view.treeShare.value)) / 120));
  return (
    <div class="waterfall" style={{ "--tree": `${view.treeShare.value * 100}%` }}>
      <div class="waterfall-scroll" ref={scroller}>
        <div class="waterfall-head">
          <div class="head-tree">
            <span>Service and operation</span>
            <TreeButtons view={view} />
          </div>
          <TimeAxis view={view} ticks={ticks} label={axisFormatter(to, stepOf(ticks, to - from))} />
          <Splitter view={view} />
        </div>
        <Rows view={view} scroller={scroller} height={size.height}>
          <div class="gridlines" aria-hidden="true" style={{ height: `${size.height}px` }}>
            {ticks.map((tick) => (
              <i key={tick} style={{ left: `${((tick - from) / (to - from)) * 100}%` }} />
            ))}
          </div>
        </Rows>
      </div>
    </div>
  );
}

interface RowsProps {
  view: TraceView;
  scroller: RefObject<HTMLDivElement | null>;
  /** Of the part that is seen. */
  height: number;
  children: ComponentChildren;
}

/** The part that renders with every scroll step. */
function Rows({ view, scroller, height: fullHeight, children }: RowsProps): VNode {
  const height = fullHeight - HEAD_PX;
  const { model } = view;
  const [scrollTop, setScrollTop] = useState(0);
  void model.version.value;
  const count = model.visibleCount;
  const fullPx = count * ROW_PX;
  const scrollPx = Math.min(fullPx, MAX_SCROLL_PX);
  const stretch = scrollPx < fullPx ? (fullPx - height) / (scrollPx - height) : 1;
  const top = scrollTop * stretch;
  const first = Math.max(0, Math.min(count - 1, Math.floor(top / ROW_PX) - OVERSCAN));
  const last = Math.min(count, Math.ceil((top + height) / ROW_PX) + OVERSCAN);
  // Far down, positions are counted from a nearer row: browsers keep them in numbers of limited size.
  const base = Math.floor(first / BASE_ROWS) * BASE_ROWS;
  const slots = Math.ceil(height / ROW_PX) + 2 * OVERSCAN + 2;

  useLayoutEffect(() => {
    const element = scroller.current!;
    const update = (): void => setScrollTop(element.scrollTop);
    element.addEventListener("scroll", update, { passive: true });
    return () => element.removeEventListener("scroll", update);
  }, []);

  const request = view.scrollRequest.value;
  useLayoutEffect(() => {
    if (request === null) return;
    const element = scroller.current!;
    const position = model.nearestPosition(request.row);
    const y = position * ROW_PX;
    const from = element.scrollTop * stretch;
    // A row that is in view stays where it is; one that is not comes to the upper third.
    if (y < from + ROW_PX || y + 2 * ROW_PX > from + element.clientHeight) {
      const near = y < from && y > from - 3 * ROW_PX ? y - ROW_PX : y > from && y < from + element.clientHeight + 3 * ROW_PX ? y + 2 * ROW_PX - element.clientHeight : y - element.clientHeight / 3;
      element.scrollTop = Math.max(0, near) / stretch;
    }
  }, [request]);

  useEffect(() => {
    if (count > 0) view.shown.value = [model.visible[first]!, model.visible[Math.max(first, last - 1)]!];
    const timer = setTimeout(() => void view.details.fetch([...model.visible.subarray(first, last)]), PREFETCH_MS);
    return () => clearTimeout(timer);
  }, [first, last, model.version.value]);

  const [zoomFrom, zoomTo] = view.zoom.value;
  const selected = view.selected.value;
  void view.details.version.value;
  void model.matchVersion.value;
  const finding = view.finder.text.value !== "";
  const { marked: markedRows, drawn, path: pathByRow, data } = view.explained;
  const marked = markedRows.value;
  // The path is of the times as sent.
  const path = drawn.value && !view.adjusted.value ? pathByRow.value : null;
  const selfNs = data.value?.selfNs;

  const rows: VNode[] = [];
  for (let position = first; position < last; position++) {
    const row = model.visible[position]!;
    rows.push(
      <WaterfallRow
        key={position % slots}
        view={view}
        row={row}
        position={position}
        y={(position - base) * ROW_PX}
        selected={row === selected}
        match={finding ? (model.matchesRow(row) ? 1 : -1) : 0}
        collapsed={model.collapsed[row] === 1}
        alike={model.runLength(row)}
        from={zoomFrom}
        to={zoomTo}
        detail={view.detail(row)}
        marked={marked.has(row)}
        path={path}
        selfNs={selfNs?.[row]}
      />,
    );
  }
  const shown = selected !== NO_ROW && model.positionOf(selected) >= first && model.positionOf(selected) < last;
  return (
    <div
      class={`rows ${finding && model.matches.length > 0 ? "finding" : ""}`}
      role="treegrid"
      tabIndex={0}
      aria-label={`Spans of the trace, ${formatCount(count)} shown`}
      aria-rowcount={count}
      aria-activedescendant={shown ? `span-${selected}` : undefined}
      style={{ height: `${scrollPx}px` }}
    >
      {children}
      <div class="row-layer" role="rowgroup" style={{ transform: stretch === 1 && base === 0 ? "none" : `translateY(${scrollTop - top + base * ROW_PX}px)` }}>
        {rows}
      </div>
    </div>
  );
}

/** Ctrl or ⌘ and the wheel zoom at the pointer, Shift and the wheel pan. */
function zoomByWheel(element: HTMLElement, view: TraceView): () => void {
  const onWheel = (event: WheelEvent): void => {
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return;
    event.preventDefault();
    if (event.shiftKey) return view.pan((event.deltaY || event.deltaX) > 0 ? 0.1 : -0.1);
    const axis = element.querySelector(".axis-area")!.getBoundingClientRect();
    const share = Math.max(0, Math.min(1, (event.clientX - axis.left) / axis.width));
    const [from, to] = view.zoom.peek();
    view.zoomBy(event.deltaY > 0 ? 1.2 : 1 / 1.2, from + share * (to - from));
  };
  element.addEventListener("wheel", onWheel, { passive: false });
  return () => element.removeEventListener("wheel", onWheel);
}

function TreeButtons({ view: { model } }: { view: TraceView }): VNode {
  return (
    <span class="tree-buttons">
      <button type="button" class="button quiet small icon-only" title="Expand all ([)" aria-label="Expand all" onClick={() => model.expandAll()}>
        <Icon name="expand" size={14} />
      </button>
      <button type="button" class="button quiet small icon-only" title="Collapse all (])" aria-label="Collapse all" onClick={() => model.collapseAll()}>
        <Icon name="collapse" size={14} />
      </button>
      <button type="button" class="button quiet small icon-only" title="Expand one level (o)" aria-label="Expand one level" onClick={() => model.expandLevel()}>
        <Icon name="down" size={14} />
      </button>
      <button type="button" class="button quiet small icon-only" title="Collapse one level (p)" aria-label="Collapse one level" onClick={() => model.collapseLevel()}>
        <Icon name="up" size={14} />
      </button>
    </span>
  );
}

function Splitter({ view }: { view: TraceView }): VNode {
  const move = (event: PointerEvent): void => {
    const handle = event.currentTarget as HTMLElement;
    if (!handle.hasPointerCapture(event.pointerId)) return;
    const rect = handle.parentElement!.getBoundingClientRect();
    view.setTreeShare((event.clientX - rect.left) / rect.width);
  };
  return (
    <div
      class="splitter"
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the tree"
      aria-valuenow={Math.round(view.treeShare.value * 100)}
      tabIndex={0}
      onPointerDown={(event) => (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId)}
      onPointerMove={move}
      onKeyDown={(event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        event.preventDefault();
        event.stopPropagation();
        view.setTreeShare(view.treeShare.peek() + (event.key === "ArrowLeft" ? -0.02 : 0.02));
      }}
    />
  );
}
