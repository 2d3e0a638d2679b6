// Keyboard shortcuts: each page brings its list, one listener serves them all, and the help dialog
// shows the same lists. Nothing happens while someone is typing or a dialog is open.

import { signal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";

export interface Shortcut {
  /** As `KeyboardEvent.key`; two keys in a row are written `g s`. */
  keys: string[];
  label: string;
  group: string;
  run: (event: KeyboardEvent) => void;
}

/** The lists of what is on screen, the innermost last. */
export const activeShortcuts = signal<Shortcut[][]>([]);
export const helpOpen = signal(false);

export function useShortcuts(list: () => Shortcut[], deps: unknown[]): void {
  // With what is shown, not some time after it: a key that is pressed as soon as
  // a page is seen works.
  useLayoutEffect(() => {
    const mine = list();
    activeShortcuts.value = [...activeShortcuts.peek(), mine];
    return () => {
      activeShortcuts.value = activeShortcuts.peek().filter((other) => other !== mine);
    };
  }, deps);
}

const SEQUENCE_MS = 1200;
let pending: { key: string; at: number } | null = null;

export function startKeyboard(): void {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) || document.querySelector("dialog[open], .popover:popover-open") !== null) return;
    const sequence = pending !== null && event.timeStamp - pending.at < SEQUENCE_MS ? `${pending.key} ${event.key}` : null;
    pending = null;
    for (const list of [...activeShortcuts.value].reverse()) {
      const hit = list.find(({ keys }) => (sequence !== null && keys.includes(sequence)) || keys.includes(event.key));
      if (hit) {
        event.preventDefault();
        hit.run(event);
        return;
      }
    }
    if (activeShortcuts.value.some((list) => list.some(({ keys }) => keys.some((k) => k.startsWith(`${event.key} `))))) {
      pending = { key: event.key, at: event.timeStamp };
    }
  });
}

function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  if (element === null || !("tagName" in element)) return false;
  if (element.tagName === "INPUT") return !["button", "checkbox", "radio"].includes((element as HTMLInputElement).type);
  return element.tagName === "TEXTAREA" || element.tagName === "SELECT" || element.isContentEditable;
}
