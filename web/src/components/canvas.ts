//! What every canvas of the UI needs: sharp pixels at any device ratio, and colours taken from the
//! style sheet, so that a theme is defined in one place.

import { effect } from "@preact/signals";
import { PALETTE_SIZE } from "../model/palette";
import { themeVersion } from "./theme";

export interface Colours {
  services: string[];
  error: string;
  text: string;
  muted: string;
  faint: string;
  line: string;
  surface: string;
  accent: string;
}

let cached: { version: number; colours: Colours } | null = null;

/** The current theme's colours; reading them makes an effect run again when the theme changes. */
export function themeColours(): Colours {
  const version = themeVersion.value;
  if (cached?.version === version) return cached.colours;
  const probe = document.createElement("i");
  document.body.append(probe);
  const resolve = (token: string): string => {
    probe.style.color = `var(--${token})`;
    return getComputedStyle(probe).color;
  };
  const colours: Colours = {
    services: Array.from({ length: PALETTE_SIZE }, (_, i) => resolve(`svc-${i}`)),
    error: resolve("error-fill"),
    text: resolve("text"),
    muted: resolve("muted"),
    faint: resolve("faint"),
    line: resolve("line"),
    surface: resolve("surface"),
    accent: resolve("accent"),
  };
  probe.remove();
  cached = { version, colours };
  return colours;
}

/** Sets the canvas to its size in CSS pixels and gives a context that draws in them. */
export function prepare(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = devicePixelRatio || 1;
  const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  const context = canvas.getContext("2d");
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  context?.clearRect(0, 0, width, height);
  return context;
}

/** Calls `draw` for every size of the element and every change of a signal that it reads; returns the stop. */
export function drawOnResize(element: HTMLElement, draw: (width: number, height: number) => void): () => void {
  let stopEffect = (): void => undefined;
  const observer = new ResizeObserver(() => {
    stopEffect();
    stopEffect = effect(() => draw(element.clientWidth, element.clientHeight));
  });
  observer.observe(element);
  return () => {
    observer.disconnect();
    stopEffect();
  };
}
