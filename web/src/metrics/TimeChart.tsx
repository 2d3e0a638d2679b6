//! A canvas with time along it: a line at the pointer with what is to be said there, a dragged stretch
//! that is a range of time, a click. What is drawn is the caller's. It must never fetch.

import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { drawOnResize, prepare, themeColours } from "../components/canvas";
import { drawTimeAxis } from "../components/timeAxis";
import { formatFigure } from "./units";
import type { Unit } from "../api/types";
import "./TimeChart.css";

const HEIGHT = 280;
const PAD = { left: 66, right: 14, top: 12, bottom: 22 };
const DRAG_PX = 5;

/** The drawn part in CSS pixels. */
export interface Plot {
  left: number;
  right: number;
  top: number;
  bottom: number;
  x: (ms: number) => number;
}

export interface TimeChartProps {
  fromMs: number;
  toMs: number;
  /** The data in words. */
  label: string;
  /** It is drawn again when one of these is another. */
  inputs: readonly unknown[];
  draw: (context: CanvasRenderingContext2D, plot: Plot) => void;
  /** At a place under the pointer: where the line stands and what is said; null for nothing. */
  describe: (ms: number, y: number, plot: Plot) => { atMs: number; text: ComponentChildren; opens: boolean } | null;
  onSelect: (fromMs: number, toMs: number) => void;
  onOpen: (ms: number, y: number, plot: Plot) => void;
}

export function TimeChart({ fromMs, toMs, label, inputs, draw, describe, onSelect, onOpen }: TimeChartProps): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const begun = useRef<number | null>(null);
  const [drag, setDrag] = useState<[number, number] | null>(null);
  const [pointer, setPointer] = useState<[number, number] | null>(null);
  useEffect(() => {
    const element = canvas.current!;
    return drawOnResize(element, (width) => {
      const context = prepare(element, width, HEIGHT);
      if (context === null || width <= PAD.left + PAD.right) return;
      const plot = plotOf(width, fromMs, toMs);
      context.font = "11px system-ui, sans-serif";
      context.textBaseline = "middle";
      context.lineWidth = 1;
      draw(context, plot);
      drawTimeAxis(context, { fromMs, toMs, left: plot.left, right: plot.right, y: HEIGHT - 9 }, themeColours().muted);
    });
  }, inputs);

  const plot = (): Plot => plotOf(canvas.current!.clientWidth, fromMs, toMs);
  const at = (event: PointerEvent): [number, number] => {
    const rect = canvas.current!.getBoundingClientRect();
    const { left, right } = plot();
    return [Math.max(left, Math.min(right, event.clientX - rect.left)), event.clientY - rect.top];
  };
  const msOf = (x: number): number => fromMs + ((x - plot().left) / (plot().right - plot().left)) * (toMs - fromMs);
  const said = pointer === null || canvas.current === null ? null : describe(msOf(pointer[0]), pointer[1], plot());
  const stop = (): void => {
    begun.current = null;
    setDrag(null);
  };
  return (
    <div class="time-chart" role="img" aria-label={label}>
      <canvas
        ref={canvas}
        class={said?.opens ? "opens" : ""}
        style={{ height: `${HEIGHT}px` }}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          begun.current = at(event)[0];
          canvas.current!.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          const [x, y] = at(event);
          if (begun.current !== null && Math.abs(x - begun.current) > DRAG_PX) {
            setDrag([Math.min(x, begun.current), Math.max(x, begun.current)]);
            setPointer(null);
          } else setPointer([x, y]);
        }}
        onPointerUp={(event) => {
          const [x, y] = at(event);
          if (drag !== null) onSelect(Math.floor(msOf(drag[0])), Math.ceil(msOf(drag[1])));
          else if (begun.current !== null) onOpen(msOf(x), y, plot());
          stop();
        }}
        onPointerCancel={stop}
        onPointerLeave={() => setPointer(null)}
      />
      {drag && <div class="time-chart-drag" style={{ left: `${drag[0]}px`, width: `${drag[1] - drag[0]}px` }} />}
      {said !== null && (
        <>
          <div class="crosshair" style={{ left: `${plot().x(said.atMs)}px` }} />
          <div class={`tooltip ${pointer![0] > canvas.current!.clientWidth * 0.6 ? "left" : ""}`} style={{ left: `${plot().x(said.atMs)}px`, top: "8px" }}>
            {said.text}
          </div>
        </>
      )}
    </div>
  );
}

function plotOf(width: number, fromMs: number, toMs: number): Plot {
  const [left, right] = [PAD.left, Math.max(PAD.left + 1, width - PAD.right)];
  return { left, right, top: PAD.top, bottom: HEIGHT - PAD.bottom, x: (ms) => left + ((ms - fromMs) / Math.max(1, toMs - fromMs)) * (right - left) };
}

/** Lines across, with what they stand for at the left. */
export function drawFigureAxis(context: CanvasRenderingContext2D, { left, right }: Plot, ticks: readonly number[], y: (figure: number) => number, unit: Unit): void {
  const colours = themeColours();
  context.textAlign = "right";
  for (const tick of ticks) {
    const at = Math.round(y(tick)) + 0.5;
    context.strokeStyle = colours.line;
    context.beginPath();
    context.moveTo(left, at);
    context.lineTo(right, at);
    context.stroke();
    context.fillStyle = colours.muted;
    context.fillText(formatFigure(tick, unit), left - 8, at);
  }
}
