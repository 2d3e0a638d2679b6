//! Counts over time as bars, the failed part of each in red and standing out by its pattern; a dragged
//! stretch or a click on a bar is a range of time. It must never fetch: it draws what it is given.

import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { drawOnResize, prepare, themeColours } from "./canvas";
import "./TimeBars.css";

export interface TimeBarsProps {
  startMs: number;
  stepMs: number;
  counts: Float64Array;
  failed: Float64Array;
  /** The data in words. */
  label: string;
  /** What a bar says under the pointer. */
  describe: (bucket: number) => ComponentChildren;
  timeLabel: (ms: number, stepMs: number) => string;
  countLabel: (count: number) => string;
  onSelect: (fromMs: number, toMs: number) => void;
}

const HEIGHT = 132;
const PAD = { left: 58, right: 14, top: 12, bottom: 20 };
const DRAG_PX = 5;

export function TimeBars(props: TimeBarsProps): VNode {
  const { startMs, stepMs, counts, failed, label, describe, onSelect } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const begun = useRef<number | null>(null);
  const [drag, setDrag] = useState<[number, number] | null>(null);
  const [hover, setHover] = useState<number | null>(null);
  useEffect(() => {
    const element = canvas.current!;
    return drawOnResize(element, (width) => {
      const context = prepare(element, width, HEIGHT);
      if (context !== null && width > 0) draw(context, width, props);
    });
  }, [startMs, stepMs, counts, failed]);

  const width = (): number => canvas.current!.clientWidth - PAD.left - PAD.right;
  const xOf = (event: PointerEvent): number => Math.max(0, Math.min(width(), event.clientX - canvas.current!.getBoundingClientRect().left - PAD.left));
  const bucketAt = (x: number): number => Math.min(counts.length - 1, Math.floor((x / width()) * counts.length));
  const select = (a: number, b: number): void => {
    const [first, last] = [bucketAt(Math.min(a, b)), bucketAt(Math.max(a, b))];
    onSelect(startMs + first * stepMs, startMs + (last + 1) * stepMs);
  };
  const barPx = counts.length === 0 ? 0 : width0(canvas.current) / counts.length;
  return (
    <div class="time-bars" role="img" aria-label={label}>
      <canvas
        ref={canvas}
        onPointerDown={(event) => {
          if (event.button !== 0 || counts.length === 0) return;
          begun.current = xOf(event);
          canvas.current!.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          if (counts.length === 0) return;
          const x = xOf(event);
          if (begun.current !== null && Math.abs(x - begun.current) > DRAG_PX) {
            setDrag([Math.min(x, begun.current), Math.max(x, begun.current)]);
            setHover(null);
          } else setHover(bucketAt(x));
        }}
        onPointerUp={(event) => {
          if (begun.current !== null) select(begun.current, xOf(event));
          begun.current = null;
          setDrag(null);
        }}
        onPointerCancel={() => {
          begun.current = null;
          setDrag(null);
        }}
        onPointerLeave={() => setHover(null)}
      />
      {drag && <div class="time-bars-drag" style={{ left: `${PAD.left + drag[0]}px`, width: `${drag[1] - drag[0]}px` }} />}
      {hover !== null && hover < counts.length && (
        <div class={`tooltip ${hover > counts.length * 0.7 ? "left" : ""}`} style={{ left: `${PAD.left + (hover + 0.5) * barPx}px`, top: "24px" }}>
          {describe(hover)}
        </div>
      )}
    </div>
  );
}

const width0 = (element: HTMLCanvasElement | null): number => (element === null ? 0 : element.clientWidth - PAD.left - PAD.right);

/** The next of 1, 2, 5, 10, … that is not less. */
function roundUp(count: number): number {
  const unit = 10 ** Math.floor(Math.log10(Math.max(1, count)));
  return [1, 2, 5, 10].map((step) => step * unit).find((step) => step >= count)!;
}

function draw(context: CanvasRenderingContext2D, width: number, { startMs, stepMs, counts, failed, timeLabel, countLabel }: TimeBarsProps): void {
  const colours = themeColours();
  const [w, h] = [width - PAD.left - PAD.right, HEIGHT - PAD.top - PAD.bottom];
  const top = roundUp(counts.reduce((most, count) => Math.max(most, count), 1));
  const y = (count: number): number => PAD.top + (1 - count / top) * h;
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.textAlign = "right";
  context.lineWidth = 1;
  for (const level of [0, top / 2, top]) {
    context.strokeStyle = colours.line;
    context.beginPath();
    context.moveTo(PAD.left, Math.round(y(level)) + 0.5);
    context.lineTo(width - PAD.right, Math.round(y(level)) + 0.5);
    context.stroke();
    context.fillStyle = colours.muted;
    if (Number.isInteger(level)) context.fillText(countLabel(level), PAD.left - 8, y(level));
  }
  const bar = w / Math.max(1, counts.length);
  const gap = bar > 4 ? 1 : 0;
  for (let i = 0; i < counts.length; i++) {
    const x = PAD.left + i * bar;
    if (counts[i]! === 0) continue;
    // One span in a million is still to be seen.
    const height = Math.max(1.5, (counts[i]! / top) * h);
    context.fillStyle = colours.accent;
    context.fillRect(x, PAD.top + h - height, Math.max(1, bar - gap), height);
    if (failed[i]! === 0) continue;
    const red = Math.max(2, (failed[i]! / top) * h);
    context.fillStyle = colours.error;
    context.fillRect(x, PAD.top + h - red, Math.max(1, bar - gap), red);
    context.fillRect(x, PAD.top + h + 1, Math.max(1, bar - gap), 2);
  }
  context.fillStyle = colours.muted;
  const every = Math.max(1, Math.ceil(counts.length / Math.max(1, Math.floor(w / 110))));
  for (let i = 0; i < counts.length; i += every) {
    const x = PAD.left + i * bar;
    context.textAlign = x < PAD.left + 30 ? "left" : x > width - 60 ? "right" : "center";
    context.fillText(timeLabel(startMs + i * stepMs, stepMs), x, HEIGHT - 8);
  }
}
