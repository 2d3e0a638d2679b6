//! The icons, drawn here so that no font or image has to load. All share one 16-pixel grid.

import type { VNode } from "preact";

const PATHS = {
  logo: "M2 3.5h12M4.5 8h7M7.5 12.5h4",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10Zm3.6-1.4L14 14",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Zm0-9v3l2 1.5",
  close: "m4 4 8 8m0-8-8 8",
  plus: "M8 3v10M3 8h10",
  down: "m4 6 4 4 4-4",
  right: "m6 4 4 4-4 4",
  up: "m4 10 4-4 4 4",
  left: "m10 4-4 4 4 4",
  copy: "M6 6h7v7H6zM3.5 10H3V3h7v.5",
  check: "m3 8.5 3.2 3L13 4.5",
  error: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Zm0-9v3.6m0 2.1v.3",
  warning: "M8 2.5 14.5 13.5h-13ZM8 6.5v3m0 1.8v.2",
  link: "M6.5 9.5l3-3M7 5l1.3-1.3a2.6 2.6 0 0 1 3.9 3.6L10.8 9M9 11l-1.3 1.3a2.6 2.6 0 0 1-3.9-3.6L5.2 7",
  orphan: "M8 14A6 6 0 1 0 8 2M8 2A6 6 0 0 0 8 14M8 5.5v.2M8 8v2.6",
  download: "M8 2.5v7m-3-3 3 3 3-3M3 12.5h10",
  upload: "M8 10V3M5 5.5l3-3 3 3M3 12.5h10",
  sun: "M8 10.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM8 2v1.2M8 12.8V14M2 8h1.2M12.8 8H14M3.8 3.8l.8.8m6.8 6.8.8.8m0-8.4-.8.8m-6.8 6.8-.8.8",
  moon: "M13.3 9.8A5.8 5.8 0 0 1 6.2 2.7a5.8 5.8 0 1 0 7.1 7.1Z",
  auto: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 2v12M8 5h3.8M8 8h5M8 11h3.8",
  help: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM6.3 6.3A1.8 1.8 0 1 1 8 8.3v.7m0 2v.2",
  filter: "M2.5 4h11M4.5 8h7M6.5 12h3",
  expand: "m4 4.5 4 3 4-3m-8 5 4 3 4-3",
  collapse: "m4 6.5 4-3 4 3m-8 5 4-3 4 3",
  pane: "M2.5 3h11v10h-11zM9.5 3v10",
  paneBottom: "M2.5 3h11v10h-11zM2.5 9h11",
  reload: "M13 8a5 5 0 1 1-1.6-3.7M13 2.5V5h-2.5",
  exclude: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM5 8h6",
  dots: "M3.5 8h.1M8 8h.1M12.5 8h.1",
  external: "M6.5 3.5h-3v9h9v-3M9 3h4v4M13 3 7.5 8.5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16, class: className = "" }: { name: IconName; size?: number; class?: string }): VNode {
  return (
    <svg class={`icon ${className}`} width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width={name === "logo" ? 2.4 : 1.5} stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
