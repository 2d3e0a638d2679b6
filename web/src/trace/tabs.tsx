//! The table of views on a trace. Adding one is a line here and its name in `location/params.ts`;
//! selection, find and zoom are the trace's and stay the same across them.

import type { ComponentType, VNode } from "preact";
import { place } from "../location/place";
import { TRACE_VIEWS, type TraceViewName } from "../location/params";
import { FlameGraph } from "./FlameGraph";
import { Minimap } from "./Minimap";
import { Statistics } from "./Statistics";
import type { TraceView } from "./view";
import { Waterfall } from "./Waterfall";

interface TraceTab {
  label: string;
  component: ComponentType<{ view: TraceView }>;
}

const TABS: Record<TraceViewName, TraceTab> = {
  timeline: { label: "Timeline", component: Timeline },
  flame: { label: "Flame graph", component: FlameGraph },
  statistics: { label: "Statistics", component: Statistics },
};

export const TRACE_TABS = TRACE_VIEWS.map((name) => ({ name, ...TABS[name] }));

function Timeline({ view }: { view: TraceView }): VNode {
  return (
    <>
      {place.value.params.get("minimap") !== "0" && <Minimap view={view} />}
      <Waterfall view={view} />
    </>
  );
}
