// The waterfall: a treegrid of which only the rows on screen exist. A scroll step re-renders only
// the rows that come into view; their elements are the ones that left.

import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../components/Icon";
import { axisFormatter, axisTicks, formatCount } from "../model/format";
import { NO_ROW } from "../model/TraceModel";
import { TimeAxis } from "./TimeAxis";
import type { TraceView } from "./view";
import { WaterfallRow } from "./WaterfallRow";

export const ROW_PX = 24;
const OVERSCAN = 3;
/** Elements may not be much higher than this in any browser; beyond it scrolling is proportional. */
const MAX_SCROLL_PX = 8_000_000;
/** Details are fetched when scrolling has paused for this long. */
const PREFETCH_MS = 120;

export function Waterfall({ view }: { view: TraceView }): VNode {
  const { model } = view;
  const scroller = useRef<HTMLDivElement>(null);
  const [port, setPort] = useState({ top: 0, height: 600, width: 1000 });
  void model.version.value;
  const count = model.visibleCount;
  const fullPx = count * ROW_PX;
  const scrollPx = Math.min(fullPx, MAX_SCROLL_PX);
  const stretch = scrollPx < fullPx ? (fullPx - port.height) / (scrollPx - port.height) : 1;
  const top = port.top * stretch;
  const first = Math.max(0, Math.min(count - 1, Math.floor(top / ROW_PX) - OVERSCAN));
  const last = Math.min(count, Math.ceil((top + port.height) / ROW_PX) + OVERSCAN);
  const slots = Math.ceil(port.height / ROW_PX) + 2 * OVERSCAN + 2;

  useLayoutEffect(() => {
    const element = scroller.current!;
    const update = (): void => setPort({ top: element.scrollTop, height: element.clientHeight, width: element.clientWidth });
    update();
    const observer = new ResizeObserver(update);
    observer.observe(element);
    element.addEventListener("scroll", update, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", update);
    };
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
    const timer = setTimeout(() => void view.fetch([...model.visible.subarray(first, last)]), PREFETCH_MS);
    return () => clearTimeout(timer);
  }, [first, last, model.version.value]);

  useEffect(() => {
    const element = scroller.current!;
    const onWheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return;
      event.preventDefault();
      if (event.shiftKey) return view.pan((event.deltaY || event.deltaX) > 0 ? 0.1 : -0.1);
      const line = element.querySelector(".axis-area")!.getBoundingClientRect();
      const share = Math.max(0, Math.min(1, (event.clientX - line.left) / line.width));
      const [from, to] = view.zoom.peek();
      view.zoomBy(event.deltaY > 0 ? 1.2 : 1 / 1.2, from + share * (to - from));
    };
    const parent = element.parentElement!;
    parent.addEventListener("wheel", onWheel, { passive: false });
    return () => parent.removeEventListener("wheel", onWheel);
  }, [view]);

  const [zoomFrom, zoomTo] = view.zoom.value;
  const timelinePx = Math.max(80, port.width * (1 - view.treeShare.value));
  const ticks = axisTicks(zoomFrom, zoomTo, Math.max(2, timelinePx / 120));
  const selected = view.selected.value;
  void view.detailVersion.value;
  void model.matchVersion.value;
  const finding = view.findText.value !== "";

  const rows: VNode[] = [];
  for (let position = first; position < last; position++) {
    const row = model.visible[position]!;
    rows.push(
      <WaterfallRow
        key={position % slots}
        view={view}
        row={row}
        position={position}
        y={position * ROW_PX}
        selected={row === selected}
        match={finding ? (model.matchesRow(row) ? 1 : -1) : 0}
        collapsed={model.collapsed[row] === 1}
        from={zoomFrom}
        to={zoomTo}
        detail={view.detail(row)}
      />,
    );
  }
  return (
    <div class="waterfall" style={{ "--tree": `${view.treeShare.value * 100}%` }}>
      <div class="waterfall-scroll" ref={scroller} data-rows={count}>
        <div class="waterfall-head">
          <div class="head-tree">
            <span>Service and operation</span>
            <TreeButtons view={view} />
          </div>
          <TimeAxis view={view} ticks={ticks} label={axisFormatter(zoomTo - zoomFrom)} />
          <Splitter view={view} />
        </div>
        <div
          class={`rows ${finding && model.matches.length > 0 ? "finding" : ""}`}
          role="treegrid"
          tabIndex={0}
          aria-label={`Spans of the trace, ${formatCount(count)} shown`}
          aria-rowcount={count}
          aria-activedescendant={selected !== NO_ROW && model.positionOf(selected) >= first && model.positionOf(selected) < last ? `span-${selected}` : undefined}
          style={{ height: `${scrollPx}px` }}
        >
          <div class="gridlines" aria-hidden="true" style={{ height: `${port.height}px` }}>
            {ticks.map((tick) => (
              <i key={tick} style={{ left: `${((tick - zoomFrom) / (zoomTo - zoomFrom)) * 100}%` }} />
            ))}
          </div>
          <div class="row-layer" role="rowgroup" style={{ transform: stretch === 1 ? "none" : `translateY(${port.top - top}px)` }}>
            {rows}
          </div>
        </div>
      </div>
    </div>
  );
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
