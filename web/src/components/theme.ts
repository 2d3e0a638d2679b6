//! Light, dark, or what the system says. A choice is remembered; `theme=` in a URL wins over it
//! without being remembered.

import { effect, signal } from "@preact/signals";
import { recall, remember } from "../model/preferences";

export type Theme = "auto" | "light" | "dark";

const KEY = "tracewell.theme";
const isTheme = (value: unknown): value is Theme => value === "auto" || value === "light" || value === "dark";

function stored(): Theme {
  const fromUrl = new URLSearchParams(location.search).get("theme");
  if (isTheme(fromUrl)) return fromUrl;
  const value = recall(KEY);
  return isTheme(value) ? value : "auto";
}

export const theme = signal<Theme>(stored());
/** Changes whenever the colours on screen may have changed; canvases depend on it. */
export const themeVersion = signal(0);

export function startTheme(): void {
  effect(() => {
    if (theme.value === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme.value;
    themeVersion.value = themeVersion.peek() + 1;
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => themeVersion.value++);
}

export function chooseTheme(choice: Theme): void {
  theme.value = choice;
  remember(KEY, choice);
}
