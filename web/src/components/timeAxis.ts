//! Times under a chart: round ones of the clock that people have chosen, as many as have room.

import { formatClock } from "../model/format";
import { epochOfWall, wallMs } from "../model/timeZone";

const STEPS_MS = [1e3, 5e3, 15e3, 60e3, 300e3, 600e3, 900e3, 1800e3, 3600e3, 3 * 3600e3, 6 * 3600e3, 12 * 3600e3, 86_400e3, 2 * 86_400e3, 7 * 86_400e3];
const LABEL_PX = 110;

export interface TimeAxis {
  fromMs: number;
  toMs: number;
  /** Where they are drawn, in CSS pixels. */
  left: number;
  right: number;
  y: number;
}

export function drawTimeAxis(context: CanvasRenderingContext2D, { fromMs, toMs, left, right, y }: TimeAxis, colour: string): void {
  const step = STEPS_MS.find((ms) => (toMs - fromMs) / ms <= (right - left) / LABEL_PX + 0.65) ?? 30 * 86_400e3;
  context.fillStyle = colour;
  context.textAlign = "center";
  for (let wall = Math.ceil(wallMs(fromMs) / step) * step; wall <= wallMs(toMs); wall += step) {
    const t = epochOfWall(wall);
    const x = left + ((t - fromMs) / (toMs - fromMs)) * (right - left);
    if (x > left + 16 && x < right - 10) context.fillText(formatClock(t, step), x, y);
  }
}
