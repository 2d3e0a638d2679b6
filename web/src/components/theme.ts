//! Light, dark, or what the system says. A choice is remembered; `theme=` in a URL wins over it
//! without being remembered.

import { effect, signal } from "@preact/signals";
import { recall, remember } from "../model/preferences";

export type Theme = "auto" | "light" | "dark";

const KEY = "tracewell.theme";
const isTheme = (value: unknown): value is Theme => value === "auto" || value === "light" || value === "dark";

export const theme = signal<Theme>("auto");
/** Changes whenever the colours on screen may have changed; canvases depend on it. */
export const themeVersion = signal(0);

/** With what the URL says, which may be nothing. */
export function startTheme(fromUrl: string | null): void {
  theme.value = [fromUrl, recall(KEY)].find(isTheme) ?? "auto";
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
