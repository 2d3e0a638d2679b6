//! Found traces as points: when they started and how long they took. A click opens one; a dragged
//! box searches its time and durations. The result list below is the same data as text.

import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { TraceSummary } from "../api/types";
import { drawOnResize, prepare, themeColours } from "../components/canvas";
import { drawTimeAxis } from "../components/timeAxis";
import { formatDuration, nsToMs, plural } from "../model/format";
import { serviceLabel } from "../model/service";
import { toUrlTime } from "../model/timeRange";
import { parseConditions, toQuery, withSlot } from "../query/conditions";
import { durationLiteral } from "../query/literal";
import type { SearchSession } from "./session";
import "./Scatter.css";

const HEIGHT = 132;
const PAD = { left: 58, right: 14, top: 10, bottom: 20 };

export interface ScatterProps {
  session: SearchSession;
  traces: TraceSummary[];
  query: string;
  onOpen: (traceId: string) => void;
  onSelect: (query: string, from: string, to: string) => void;
}

interface Scale {
  x: (ms: number) => number;
  y: (ns: number) => number;
  msAt: (x: number) => number;
  nsAt: (y: number) => number;
  low: number;
  high: number;
}

function scaleOf(session: SearchSession, traces: readonly TraceSummary[], [from, to]: [number, number], width: number): Scale {
  const durations = traces.map(({ durationNs }) => Math.max(1000, Number(durationNs)));
  let low = Math.log10(Math.min(...durations, 1e12)) - 0.12;
  let high = Math.log10(Math.max(...durations, 1)) + 0.12;
  if (high - low < 0.8) [low, high] = [(low + high) / 2 - 0.4, (low + high) / 2 + 0.4];
  // A page that is not laid out yet has no room, and still a scale.
  const w = Math.max(1, width - PAD.left - PAD.right);
  const h = HEIGHT - PAD.top - PAD.bottom;
  const times = traces.map(({ startNs }) => nsToMs(startNs));
  // With older traces still to load, the part of the range that is loaded.
  const loaded = session.done.peek()?.cursor ? Math.min(...times) - (to - Math.min(...times)) * 0.03 : from;
  const start = Math.min(loaded, ...times);
  const end = Math.max(to, ...times, start + 1);
  return {
    x: (ms) => PAD.left + ((ms - start) / (end - start)) * w,
    y: (ns) => PAD.top + (1 - (Math.log10(Math.max(1000, ns)) - low) / (high - low)) * h,
    msAt: (x) => start + ((x - PAD.left) / w) * (end - start),
    nsAt: (y) => 10 ** (low + (1 - (y - PAD.top) / h) * (high - low)),
    low,
    high,
  };
}

export function Scatter({ session, traces, query, onOpen, onSelect }: ScatterProps): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [hover, setHover] = useState<{ trace: TraceSummary; x: number; y: number } | null>(null);
  const [box, setBox] = useState<[number, number, number, number] | null>(null);
  const drag = useRef<[number, number] | null>(null);
  useEffect(() => {
    const element = canvas.current!;
    return drawOnResize(element, (width) => {
      const context = prepare(element, width, HEIGHT);
      if (context !== null && width > 0) draw(context, width, traces, scaleOf(session, traces, session.range.value, width));
    });
  }, [traces.length, traces[0], session.range.value]);

  const at = (event: PointerEvent): [number, number] => {
    const rect = canvas.current!.getBoundingClientRect();
    return [event.clientX - rect.left, event.clientY - rect.top];
  };
  const scale = (): Scale => scaleOf(session, traces, session.range.peek(), canvas.current!.clientWidth);
  const nearest = ([x, y]: [number, number]): TraceSummary | null => {
    const s = scale();
    let best: TraceSummary | null = null;
    let least = 12 ** 2;
    for (const trace of traces) {
      const distance = (s.x(nsToMs(trace.startNs)) - x) ** 2 + (s.y(Number(trace.durationNs)) - y) ** 2;
      if (distance < least) [best, least] = [trace, distance];
    }
    return best;
  };
  const select = ([x0, y0, x1, y1]: [number, number, number, number]): void => {
    const s = scale();
    const conditions = parseConditions(query);
    // A flat box is meant as a range of time only.
    const tall = y1 - y0 > 10 && conditions !== null;
    const narrowed = tall ? withSlot(withSlot(conditions, "minTrace", rounded(s.nsAt(y1), Math.floor)), "maxTrace", rounded(s.nsAt(y0), Math.ceil)) : null;
    onSelect(narrowed === null ? query : toQuery(narrowed), toUrlTime(Math.floor(s.msAt(x0))), toUrlTime(Math.ceil(s.msAt(x1))));
  };
  const onPointerMove = (event: PointerEvent): void => {
    const [x, y] = at(event);
    if (drag.current !== null) {
      const [x0, y0] = drag.current;
      if (Math.abs(x - x0) + Math.abs(y - y0) > 6) setBox([Math.min(x, x0), Math.min(y, y0), Math.max(x, x0), Math.max(y, y0)]);
      return;
    }
    const trace = nearest([x, y]);
    setHover(trace === null ? null : { trace, x, y });
  };
  const onPointerUp = (event: PointerEvent): void => {
    drag.current = null;
    if (box !== null) {
      setBox(null);
      select(box);
    } else {
      const trace = nearest(at(event));
      if (trace !== null) onOpen(trace.traceId);
    }
  };
  return (
    <div class="scatter" role="img" aria-label={`Chart of ${plural(traces.length, "trace")} by start and duration; the list below has the same data`}>
      <canvas
        ref={canvas}
        class={hover ? "pointing" : ""}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          drag.current = at(event);
          canvas.current!.setPointerCapture(event.pointerId);
          setHover(null);
        }}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={() => {
          drag.current = null;
          setBox(null);
        }}
        onPointerLeave={() => setHover(null)}
      />
      {box && <div class="scatter-box" style={{ left: `${box[0]}px`, top: `${box[1]}px`, width: `${box[2] - box[0]}px`, height: `${box[3] - box[1]}px` }} />}
      {hover && (
        <div class={`tooltip ${hover.x > canvas.current!.clientWidth - 300 ? "left" : ""}`} style={{ left: `${hover.x}px`, top: `${hover.y}px` }}>
          <strong>{hover.trace.rootName === null ? "root span not received" : serviceLabel(hover.trace.rootService)}</strong> {hover.trace.rootName}
          <p class="num">
            {formatDuration(Number(hover.trace.durationNs))} · {plural(hover.trace.spanCount, "span")}
            {hover.trace.errorCount > 0 && <span class="error-text"> · {plural(hover.trace.errorCount, "error")}</span>}
          </p>
        </div>
      )}
    </div>
  );
}

/** Two digits are as exact as a drag is. */
function rounded(ns: number, round: (n: number) => number): string {
  const unit = 10 ** (Math.floor(Math.log10(ns)) - 1);
  return durationLiteral(Math.max(1, round(ns / unit) * unit));
}

function draw(context: CanvasRenderingContext2D, width: number, traces: readonly TraceSummary[], scale: Scale): void {
  const colours = themeColours();
  context.font = "11px system-ui, sans-serif";
  context.lineWidth = 1;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (let exponent = Math.ceil(scale.low); exponent <= Math.floor(scale.high); exponent++) {
    const y = Math.round(scale.y(10 ** exponent)) + 0.5;
    context.strokeStyle = colours.line;
    context.beginPath();
    context.moveTo(PAD.left, y);
    context.lineTo(width - PAD.right, y);
    context.stroke();
    context.fillStyle = colours.muted;
    context.fillText(formatDuration(10 ** exponent), PAD.left - 8, y);
  }
  const [left, right] = [PAD.left, width - PAD.right];
  drawTimeAxis(context, { fromMs: scale.msAt(left), toMs: scale.msAt(right), left, right, y: HEIGHT - 8 }, colours.muted);
  for (const trace of traces) {
    const x = scale.x(nsToMs(trace.startNs));
    const y = scale.y(Number(trace.durationNs));
    const radius = Math.min(8, 2.5 + Math.log10(trace.spanCount + 1) * 1.4);
    const failed = trace.errorCount > 0;
    context.fillStyle = failed ? colours.error : colours.accent;
    context.globalAlpha = failed ? 0.85 : 0.55;
    context.beginPath();
    // Errors are diamonds: told apart without their colour.
    if (failed) {
      context.moveTo(x, y - radius - 1.5);
      context.lineTo(x + radius + 1.5, y);
      context.lineTo(x, y + radius + 1.5);
      context.lineTo(x - radius - 1.5, y);
    } else {
      context.arc(x, y, radius, 0, 2 * Math.PI);
    }
    context.fill();
  }
  context.globalAlpha = 1;
}
