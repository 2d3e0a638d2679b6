//! The time axis above the bars; dragging over it zooms to that time.

import type { VNode } from "preact";
import { useRef, useState } from "preact/hooks";
import type { TraceView } from "./view";
import "./TimeAxis.css";

const CLICK_PX = 4;

export function TimeAxis({ view, ticks, label }: { view: TraceView; ticks: number[]; label: (ns: number) => string }): VNode {
  const area = useRef<HTMLDivElement>(null);
  const begun = useRef<number | null>(null);
  const [range, setRange] = useState<[number, number] | null>(null);
  const [from, to] = view.zoom.value;
  const share = (event: PointerEvent): number => {
    const rect = area.current!.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - rect.left) / rect.width));
  };
  return (
    <div
      class="axis-area"
      ref={area}
      onPointerDown={(event) => {
        begun.current = share(event);
        area.current!.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (begun.current === null) return;
        const now = share(event);
        setRange([Math.min(begun.current, now), Math.max(begun.current, now)]);
      }}
      onPointerUp={() => {
        begun.current = null;
        setRange(null);
        if (range !== null && (range[1] - range[0]) * area.current!.clientWidth > CLICK_PX) view.setZoom(from + range[0] * (to - from), from + range[1] * (to - from));
      }}
    >
      {ticks.map((tick) => {
        const at = (tick - from) / (to - from);
        return (
          <span key={tick} class={`tick num ${at > 0.93 ? "end" : ""}`} style={{ left: `${at * 100}%` }}>
            {label(tick)}
          </span>
        );
      })}
      {range && <div class="pending" style={{ left: `${range[0] * 100}%`, width: `${(range[1] - range[0]) * 100}%` }} />}
    </div>
  );
}
