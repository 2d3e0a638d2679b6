//! The whole trace at a glance, whatever is zoomed or folded below: drag to zoom, drag the edges to
//! adjust, wheel to zoom at the pointer, click to go to a place, double click for everything.

import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { drawOnResize, prepare, themeColours } from "../components/canvas";
import { axisFormatter, axisTicks, formatDuration, stepOf } from "../model/format";
import type { TraceView } from "./view";
import "./Minimap.css";

const HEIGHT = 62;
const AXIS = 15;
/** Above this many spans a regular sample is drawn, besides errors and the upper levels. */
const MAX_BARS = 16_000;
const CLICK_PX = 4;

type Drag = { kind: "new"; from: number } | { kind: "left" } | { kind: "right" } | { kind: "move"; at: number; zoom: [number, number] };

export function Minimap({ view }: { view: TraceView }): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drag = useRef<Drag | null>(null);
  const [pending, setPending] = useState<[number, number] | null>(null);
  const { model } = view;
  useEffect(() => {
    const element = canvas.current!;
    let stop = (): void => undefined;
    // The rows of the waterfall come first on screen.
    const timer = setTimeout(() => {
      stop = drawOnResize(element, (width) => {
        const context = prepare(element, width, HEIGHT);
        if (context !== null && width > 0) draw(context, width, view);
      });
    }, 0);
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [view]);

  const shareAt = (event: MouseEvent): number => {
    const rect = canvas.current!.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - rect.left) / rect.width));
  };
  const start = (kind: "new" | "left" | "right" | "move") => (event: PointerEvent) => {
    if (event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    const share = shareAt(event);
    drag.current = kind === "new" ? { kind, from: share } : kind === "move" ? { kind, at: share, zoom: view.zoom.peek() } : { kind };
  };
  const move = (event: PointerEvent): void => {
    const current = drag.current;
    if (current === null) return;
    const share = shareAt(event);
    const time = share * model.durationNs;
    const [from, to] = view.zoom.peek();
    if (current.kind === "new") setPending([Math.min(current.from, share), Math.max(current.from, share)]);
    else if (current.kind === "left") view.setZoom(Math.min(time, to - 1000), to);
    else if (current.kind === "right") view.setZoom(from, Math.max(time, from + 1000));
    else view.setZoom(current.zoom[0] + (share - current.at) * model.durationNs, current.zoom[1] + (share - current.at) * model.durationNs);
  };
  const end = (event: PointerEvent): void => {
    const current = drag.current;
    drag.current = null;
    setPending(null);
    if (current?.kind !== "new") return;
    const share = shareAt(event);
    const width = canvas.current!.clientWidth;
    if (Math.abs(share - current.from) * width > CLICK_PX) {
      view.setZoom(Math.min(share, current.from) * model.durationNs, Math.max(share, current.from) * model.durationNs);
    } else {
      const rect = canvas.current!.getBoundingClientRect();
      const y = (event.clientY - rect.top - AXIS) / (HEIGHT - AXIS);
      view.scrollTo(Math.max(0, Math.min(model.n - 1, Math.floor(y * model.n))));
      if (view.zoomed.peek()) {
        const [from, to] = view.zoom.peek();
        view.setZoom(share * model.durationNs - (to - from) / 2, share * model.durationNs + (to - from) / 2);
      }
    }
  };
  useEffect(() => {
    const element = canvas.current!.parentElement!;
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      view.zoomBy(event.deltaY > 0 ? 1.25 : 0.8, shareAt(event) * model.durationNs);
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [view]);

  const [from, to] = view.zoom.value.map((t) => t / model.durationNs) as [number, number];
  const zoomed = view.zoomed.value;
  const handlers = { onPointerMove: move, onPointerUp: end, onPointerCancel: () => (drag.current = null) };
  const percent = (share: number): string => `${share * 100}%`;
  return (
    <div class="minimap" title={zoomed ? undefined : "Drag to zoom, wheel to zoom at the pointer"} onPointerDown={start("new")} {...handlers} onDblClick={() => view.resetZoom()}>
      <canvas ref={canvas} aria-hidden="true" />
      {zoomed && (
        <>
          <div class="shade" style={{ left: "0", width: percent(from) }} />
          <div class="shade" style={{ left: percent(to), right: "0" }} />
          <div class="window" style={{ left: percent(from), width: percent(to - from) }} onPointerDown={start("move")} {...handlers} />
          <Handle view={view} side="left" at={percent(from)} start={start("left")} handlers={handlers} />
          <Handle view={view} side="right" at={percent(to)} start={start("right")} handlers={handlers} />
          <button type="button" class="button small reset-zoom" onPointerDown={(event) => event.stopPropagation()} onClick={() => view.resetZoom()}>
            Whole trace
          </button>
        </>
      )}
      {pending && <div class="pending" style={{ left: percent(pending[0]), width: percent(pending[1] - pending[0]) }} />}
      <ShownRows view={view} />
    </div>
  );
}

/** Where the rows on screen lie; alone, because it changes with every scroll step. */
function ShownRows({ view }: { view: TraceView }): VNode {
  const [first, last] = view.shown.value;
  const share = (HEIGHT - AXIS) / view.model.n;
  return <div class="shown-rows" style={{ top: `${AXIS + first * share}px`, height: `${Math.max(3, (last - first + 1) * share)}px` }} />;
}

interface HandleProps {
  view: TraceView;
  side: "left" | "right";
  at: string;
  start: (event: PointerEvent) => void;
  handlers: object;
}

function Handle({ view, side, at, start, handlers }: HandleProps): VNode {
  const [from, to] = view.zoom.value;
  const value = side === "left" ? from : to;
  const step = (event: KeyboardEvent): void => {
    const direction = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (direction === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const by = (direction * view.model.durationNs) / 100;
    if (side === "left") view.setZoom(Math.min(from + by, to - 1000), to);
    else view.setZoom(from, Math.max(to + by, from + 1000));
  };
  return (
    <div
      class={`handle ${side}`}
      style={{ left: at }}
      role="slider"
      tabIndex={0}
      aria-label={side === "left" ? "Start of the zoom" : "End of the zoom"}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round((value / view.model.durationNs) * 100)}
      aria-valuetext={formatDuration(Math.round(value))}
      onPointerDown={start}
      onKeyDown={step}
      {...handlers}
    />
  );
}

function draw(context: CanvasRenderingContext2D, width: number, view: TraceView): void {
  const { model } = view;
  const { columns, n, durationNs } = model;
  const theme = themeColours();
  const h = HEIGHT - AXIS - 4;
  const ticks = axisTicks(0, durationNs, Math.max(2, width / 130));
  const label = axisFormatter(durationNs, stepOf(ticks, durationNs));
  context.font = "10.5px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (const tick of ticks) {
    const x = Math.round((tick / durationNs) * width) + 0.5;
    context.strokeStyle = theme.line;
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, HEIGHT);
    context.stroke();
    context.fillStyle = theme.muted;
    if (x < width - 50) context.fillText(label(tick), x + 4, 8);
  }
  const stride = Math.max(1, Math.ceil(n / MAX_BARS));
  const thickness = Math.max(1, Math.min(4, h / n - 0.5));
  const bar = (row: number): void => {
    const x = (columns.start[row]! / durationNs) * width;
    context.fillRect(x, AXIS + (row / n) * h, Math.max(1, (columns.duration[row]! / durationNs) * width), thickness);
  };
  // One pass per colour: changing the colour is what costs.
  const byColour: number[][] = theme.services.map(() => []);
  const errors: number[] = [];
  for (let row = 0; row < n; row++) {
    if (columns.flags[row]! & 1 && errors.length < 4000) errors.push(row);
    else if (row % stride === 0 || columns.depth[row]! < 2) byColour[view.colourOf(row)]!.push(row);
  }
  byColour.forEach((rows, colour) => {
    context.fillStyle = theme.services[colour]!;
    for (const row of rows.length > 2 * MAX_BARS ? rows.slice(0, 2 * MAX_BARS) : rows) bar(row);
  });
  context.fillStyle = theme.error;
  for (const row of errors) {
    bar(row);
    // A tick at the lower edge: errors stay visible where bars are a pixel thin.
    context.fillRect((columns.start[row]! / durationNs) * width - 0.5, HEIGHT - 4, 2, 4);
  }
}
