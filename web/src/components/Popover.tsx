//! A button with a panel below it, or above where only there is room, on the browser's own popover: Escape and a click elsewhere close
//! it, focus returns. The panel's content exists only while it is open.

import type { ComponentChildren, VNode } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import "./Popover.css";

export interface PopoverProps {
  label: ComponentChildren;
  /** For buttons that show an icon only. */
  title?: string;
  class?: string;
  /** Called with a function that closes the panel. */
  children: (close: () => void) => ComponentChildren;
  align?: "start" | "end";
  buttonRef?: (button: HTMLButtonElement | null) => void;
}

/** Between the button and its panel. */
const GAP_PX = 5;

export function Popover({ label, title, class: className = "button", children, align = "start", buttonRef }: PopoverProps): VNode {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const element = panel.current!;
    const onToggle = (event: Event): void => setOpen((event as ToggleEvent).newState === "open");
    element.addEventListener("beforetoggle", onToggle);
    return () => element.removeEventListener("beforetoggle", onToggle);
  }, []);
  useEffect(() => {
    if (!open) return;
    const at = button.current!.getBoundingClientRect();
    const { style, offsetWidth, offsetHeight } = panel.current!;
    const left = align === "end" ? at.right - offsetWidth : at.left;
    style.left = `${Math.max(8, Math.min(left, innerWidth - offsetWidth - 8))}px`;
    const fits = at.bottom + GAP_PX + offsetHeight <= innerHeight || at.top < innerHeight / 2;
    style.top = `${fits ? at.bottom + GAP_PX : Math.max(GAP_PX, at.top - GAP_PX - offsetHeight)}px`;
    panel.current!.querySelector<HTMLElement>("[data-autofocus]")?.focus();
  }, [open, align]);
  return (
    <>
      <button
        type="button"
        class={className}
        title={title}
        aria-label={title}
        aria-expanded={open}
        ref={(element) => {
          button.current = element;
          buttonRef?.(element);
        }}
        {...{ popovertarget: id }}
      >
        {label}
      </button>
      <div class="popover" id={id} ref={panel} {...{ popover: "auto" }}>
        {open && children(() => panel.current?.hidePopover())}
      </div>
    </>
  );
}
