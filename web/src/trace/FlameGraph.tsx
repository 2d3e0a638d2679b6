//! The trace as a flame graph on a canvas, in the order of time or merged with the largest to the
//! left. Statistics has the same as a table. Zoom in time and selection are the trace's.

import type { VNode } from "preact";
import { signal, useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { type Colours, drawOnResize, prepare, themeColours } from "../components/canvas";
import { type Flame, frameAfter, frameAt, leftHeavy, timeOrder } from "../model/flame";
import { formatCount, formatDuration, plural } from "../model/format";
import { serviceLabel } from "../model/service";
import { NO_ROW } from "../model/TraceModel";
import type { TraceView } from "./view";
import "./FlameGraph.css";

const LANE_PX = 20;
/** Narrower frames have no room for text. */
const TEXT_PX = 34;
const CHARACTER_PX = 6.4;

export function FlameGraph({ view }: { view: TraceView }): VNode {
  const { model, heavy } = view;
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const hovered = useSignal(-1);
  const isHeavy = heavy.value;
  // Adjusted clocks move the spans.
  const flame = useMemo(() => (isHeavy ? leftHeavy(model) : timeOrder(model)), [model, isHeavy, view.adjusted.value]);
  /** What is seen of a merged graph, which has a time of its own. */
  const part = useMemo(() => signal<[number, number]>([0, flame.endNs]), [flame]);
  const range = isHeavy ? part : view.zoom;
  const scrolled = useMemo(() => signal(0), [flame]);

  useEffect(() => {
    const picture = canvas.current!;
    return drawOnResize(scroller.current!, (width, height) => {
      // As high as what is seen, however many lanes there are.
      picture.style.height = `${height}px`;
      const context = prepare(picture, width, height);
      if (context !== null && width > 0) draw(context, { width, height, top: scrolled.value, view, flame, range: range.value, hovered: hovered.value });
    });
  }, [flame]);

  const at = (event: MouseEvent): number => {
    const rect = canvas.current!.getBoundingClientRect();
    const [from, to] = range.peek();
    const lane = Math.floor((event.clientY - rect.top + scrolled.peek()) / LANE_PX);
    return frameAt(flame, lane, from + ((event.clientX - rect.left) / rect.width) * (to - from));
  };
  const choose = (event: MouseEvent): void => {
    const frame = at(event);
    if (frame >= 0) view.jump(flame.row[frame]!);
  };
  const zoomTo = (event: MouseEvent): void => {
    const frame = at(event);
    if (frame < 0) return;
    if (isHeavy) part.value = [flame.from[frame]!, flame.to[frame]!];
    else view.fit(flame.row[frame]!);
  };
  const all = (): void => {
    part.value = [0, flame.endNs];
    view.resetZoom();
  };
  const laneCount = flame.lanes.length - 1;
  const [from, to] = range.value;
  const zoomed = isHeavy ? to - from < flame.endNs : view.zoomed.value;
  return (
    <div class="flame">
      <div class="flame-head">
        <button type="button" class="button small" aria-pressed={isHeavy} title="Merge what has the same path, the largest to the left" onClick={() => (heavy.value = !isHeavy)}>
          Left heavy
        </button>
        {zoomed && (
          <button type="button" class="button small" onClick={all}>
            Whole trace
          </button>
        )}
        <span class="flame-hint">{describe(view, flame, hovered.value) ?? (isHeavy ? "Widths are own time, merged by call path. Double click zooms." : "Double click zooms to a span.")}</span>
      </div>
      <div class="flame-scroll" ref={scroller} tabIndex={0} role="group" aria-label="Flame graph" onScroll={(event) => (scrolled.value = event.currentTarget.scrollTop)}>
        <div class="flame-high" style={{ height: `${laneCount * LANE_PX}px` }}>
          <canvas
            ref={canvas}
            role="img"
            aria-label={`Flame graph of ${plural(model.n, "span")} in ${plural(laneCount, "lane")}; Statistics has its figures as a table`}
            onPointerMove={(event) => (hovered.value = at(event))}
            onPointerLeave={() => (hovered.value = -1)}
            onClick={choose}
            onDblClick={zoomTo}
          />
        </div>
      </div>
    </div>
  );
}

function describe({ model }: TraceView, flame: Flame, frame: number): string | null {
  if (frame < 0) return null;
  const row = flame.row[frame]!;
  const count = flame.count?.[frame] ?? 1;
  const many = count > 1 ? ` × ${formatCount(count)}` : "";
  return `${serviceLabel(model.serviceName(row))} ${model.spanName(row) || "(no name)"}${many}, ${formatDuration(flame.to[frame]! - flame.from[frame]!)}`;
}

interface Picture {
  width: number;
  height: number;
  top: number;
  view: TraceView;
  flame: Flame;
  range: [number, number];
  hovered: number;
}

function draw(context: CanvasRenderingContext2D, { width, height, top, view, flame, range: [from, to], hovered }: Picture): void {
  const colours = themeColours();
  const { model } = view;
  const selected = view.selected.value;
  const scale = width / Math.max(1, to - from);
  context.font = `11.5px ${getComputedStyle(context.canvas).fontFamily}`;
  context.textBaseline = "middle";
  const end = Math.min(flame.lanes.length - 1, Math.ceil((top + height) / LANE_PX));
  for (let lane = Math.floor(top / LANE_PX); lane < end; lane++) {
    // What ends in a pixel that is painted already need not be painted again.
    let painted = -1;
    for (let frame = frameAfter(flame, lane, from); frame < flame.lanes[lane + 1]! && flame.from[frame]! < to; frame++) {
      const left = Math.max(0, (flame.from[frame]! - from) * scale);
      const right = Math.min(width, Math.max((flame.to[frame]! - from) * scale, left + 0.5));
      const row = flame.row[frame]!;
      const strong = row === selected && selected !== NO_ROW;
      if (right <= painted && !strong) continue;
      painted = Math.ceil(right);
      paint(context, colours, { left, right, y: lane * LANE_PX - top, colour: colours.services[view.colourOf(row)]!, text: model.spanName(row), error: model.isError(row), strong, hovered: frame === hovered });
    }
  }
}

interface Frame {
  left: number;
  right: number;
  y: number;
  colour: string;
  text: string;
  error: boolean;
  strong: boolean;
  hovered: boolean;
}

function paint(context: CanvasRenderingContext2D, colours: Colours, { left, right, y, colour, text, error, strong, hovered }: Frame): void {
  const width = Math.max(0.5, right - left - (right - left > 3 ? 1 : 0));
  context.fillStyle = colour;
  context.globalAlpha = hovered ? 0.75 : 1;
  context.fillRect(left, y + 1, width, LANE_PX - 2);
  context.globalAlpha = 1;
  // Not by colour alone: an error has a line below it.
  if (error) {
    context.fillStyle = colours.error;
    context.fillRect(left, y + LANE_PX - 4, width, 3);
  }
  if (width >= TEXT_PX) {
    context.fillStyle = colours.surface;
    const room = Math.floor((width - 8) / CHARACTER_PX);
    context.fillText(text.length > room ? `${text.slice(0, Math.max(1, room - 1))}…` : text, left + 4, y + LANE_PX / 2);
  }
  if (strong) {
    context.strokeStyle = colours.text;
    context.lineWidth = 2;
    context.strokeRect(left + 1, y + 1, Math.max(1, width - 2), LANE_PX - 2);
  }
}
