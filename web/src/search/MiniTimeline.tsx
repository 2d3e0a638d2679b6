//! The shape of a trace in a result row: its longest spans as bars, drawn on a small canvas.

import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { TraceSummary } from "../api/types";
import { drawOnResize, prepare, themeColours } from "../components/canvas";

export function MiniTimeline({ trace, colours }: { trace: TraceSummary; colours: number[] }): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current!;
    return drawOnResize(element, (width, height) => {
      const context = prepare(element, width, height);
      if (context !== null) draw(context, width, height, trace, colours);
    });
  }, [trace]);
  return <canvas class="mini-timeline" ref={canvas} aria-hidden="true" />;
}

function draw(context: CanvasRenderingContext2D, width: number, height: number, { bars }: TraceSummary, colours: number[]): void {
  const theme = themeColours();
  const ordered = [...bars].sort((a, b) => a[1] - b[1] || a[4] - b[4]);
  const step = Math.max(1, Math.min(4, (height - 2) / Math.max(1, ordered.length)));
  const thickness = Math.max(1, Math.min(3, step - 0.6));
  const top = Math.max(1, (height - step * ordered.length) / 2);
  ordered.forEach(([service, start, share, isError], i) => {
    context.fillStyle = isError ? theme.error : (theme.services[colours[service] ?? 0] ?? theme.muted);
    const x = start * (width - 2);
    context.fillRect(x, top + i * step, Math.max(1.5, share * (width - 2)), thickness);
    // Errors are also told by their shape: a mark that stands out of its line.
    if (isError) context.fillRect(Math.min(width - 3, x), top + i * step - 1, 2, thickness + 2);
  });
}
