//! The page of one trace, put together: header, notices, minimap, waterfall and detail pane; the
//! keyboard; and the URL that always says what is shown.

import type { ComponentChildren, VNode } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Tabs } from "../components/Tabs";
import { ErrorBoundary } from "../components/ErrorBoundary";
import { copyText } from "../components/CopyButton";
import { type Shortcut, useShortcuts } from "../components/keyboard";
import { NO_ROW } from "../model/TraceModel";
import { readTraceParams, writeTraceParams } from "../location/params";
import { bindParams } from "../location/bind";
import { hrefBack, navigate } from "../location/place";
import { DetailPane } from "./DetailPane";
import { ExplainPanel } from "./ExplainPanel";
import { Notices } from "./Notices";
import { type Download, linkToView } from "./takeAlong";
import { TRACE_TABS } from "./tabs";
import { TraceHeader } from "./TraceHeader";
import type { TraceView } from "./view";
import "./TracePage.css";

export interface TracePageProps {
  view: TraceView;
  downloads: Download[];
  note?: ComponentChildren;
  onReload?: () => void;
  /** The trace is young and incomplete, and is looked at again by itself. */
  watching?: boolean;
}

export function TracePage({ view, downloads, note, onReload, watching = false }: TracePageProps): VNode {
  const find = useRef<HTMLInputElement>(null);
  const { header } = view.model;
  useEffect(() => {
    document.title = `${header.rootService ?? "Trace"} ${header.rootName ?? header.traceId.slice(0, 8)} · Tracewell`;
  }, [header]);
  useLayoutEffect(() => bindParams({ read: readTraceParams, write: writeTraceParams, shown: () => view.params(), show: (params) => view.show(params) }), [view]);
  const main = useRef<HTMLDivElement>(null);
  useShortcuts(() => shortcuts(view, () => find.current?.select(), onReload), [view, onReload], main);
  const side = view.paneSide.value;
  const { component: Shown } = TRACE_TABS.find(({ name }) => name === view.tab.value)!;
  return (
    <div class={`trace-page dock-${side}`}>
      <TraceHeader view={view} findRef={find} downloads={downloads} note={note} onReload={onReload} />
      <Notices view={view} stored={onReload !== undefined} watching={watching} />
      <ErrorBoundary part="The explanation">
        <ExplainPanel view={view} />
      </ErrorBoundary>
      <div class="trace-body">
        <div class="trace-main" ref={main}>
          <Tabs label="View" tabs={TRACE_TABS} current={view.tab.value} onChange={(tab) => (view.tab.value = tab)}>
            <Shown view={view} />
          </Tabs>
        </div>
        {view.paneOpen.value && view.selected.value !== NO_ROW && (
          <ErrorBoundary part="The details of this span">
            <DetailPane view={view} stored={onReload !== undefined} />
          </ErrorBoundary>
        )}
      </div>
    </div>
  );
}

function shortcuts(view: TraceView, focusFind: () => void, onReload?: () => void): Shortcut[] {
  const { model } = view;
  const key = (group: string, keys: string[], label: string, run: (event: KeyboardEvent) => void): Shortcut => ({ group, keys, label, run });
  const list = [
    key("Spans", ["j", "ArrowDown"], "Next span", () => view.move(1)),
    key("Spans", ["k", "ArrowUp"], "Previous span", () => view.move(-1)),
    key("Spans", ["ArrowRight"], "Expand, or go to the first child", () => view.right()),
    key("Spans", ["ArrowLeft"], "Collapse, or go to the parent", () => view.left()),
    key("Spans", ["Home"], "First span", () => view.move(-model.n)),
    key("Spans", ["End"], "Last span", () => view.move(model.n)),
    key("Spans", ["PageDown"], "A page down", () => view.move(20)),
    key("Spans", ["PageUp"], "A page up", () => view.move(-20)),
    key("Spans", ["Enter"], "Show details", () => view.openPane(true)),
    key("Tree", ["["], "Expand all", () => model.expandAll()),
    key("Tree", ["]"], "Collapse all", () => model.collapseAll()),
    key("Tree", ["o"], "Expand one level", () => model.expandLevel()),
    key("Tree", ["p"], "Collapse one level", () => model.collapseLevel()),
    key("Time", ["w", "+", "="], "Zoom in", () => view.zoomBy(0.6)),
    key("Time", ["s", "-"], "Zoom out", () => view.zoomBy(1 / 0.6)),
    key("Time", ["a"], "Pan left", () => view.pan(-0.2)),
    key("Time", ["d"], "Pan right", () => view.pan(0.2)),
    key("Time", ["0"], "Whole trace", () => view.resetZoom()),
    key("Time", ["f"], "Zoom to the selected span", () => view.fit(view.selected.peek())),
    key("Find", ["/"], "Find in this trace", focusFind),
    key("Find", ["n"], "Next match", () => view.nextMatch(1)),
    key("Find", ["N"], "Previous match", () => view.nextMatch(-1)),
    key("Find", ["h"], "Matches only", () => view.finder.setOnly(!view.finder.only.peek())),
    key("Find", ["e"], "Next error", () => view.nextError(1)),
    key("Find", ["E"], "Previous error", () => view.nextError(-1)),
    key("Explain", ["x"], "Where the time is, and findings", () => view.explained.toggle()),
    key("Explain", ["c"], "Draw the critical path", () => view.explained.toggleDrawn()),
    ...TRACE_TABS.map(({ name, label }, index) => key("Panes", [String(index + 1)], `View: ${label}`, () => (view.tab.value = name))),
    key("Panes", ["b"], "Show or hide details", () => view.openPane(!view.paneOpen.peek())),
    key("Panes", ["\\"], "Details at the right or the bottom", () => view.dock(view.paneSide.peek() === "right" ? "bottom" : "right")),
    key("Panes", ["Escape"], "Clear find, then selection", () => (view.finder.text.peek() === "" ? view.clearSelection() : view.find(""))),
    key("Copy", ["y"], "Copy the span as JSON", () => {
      const detail = view.detail(view.selected.peek());
      if (detail) void copyText(JSON.stringify(detail, null, 2));
    }),
    key("Copy", ["Y"], "Copy the trace id", () => void copyText(model.header.traceId)),
    key("Copy", ["l"], "Copy a link to this view", () => void linkToView(view).then(copyText)),
    key("Everywhere", ["u"], "Back to search", () => navigate(hrefBack("search"))),
  ];
  if (onReload) list.push(key("Everywhere", ["r"], "Load the trace again", onReload));
  return list;
}
