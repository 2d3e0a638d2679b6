//! Files dropped anywhere on the page are opened. It only says that they may be dropped; reading them
//! is `opened.ts`.

import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { openDropped } from "./opened";
import "./DropTarget.css";

export function DropTarget(): VNode | null {
  const [over, setOver] = useState(false);
  useEffect(() => {
    let depth = 0;
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
    const handlers: Record<string, (event: DragEvent) => void> = {
      dragenter: (event) => {
        if (hasFiles(event)) setOver(++depth > 0);
      },
      dragleave: (event) => {
        if (hasFiles(event)) setOver(--depth > 0);
      },
      dragover: (event) => {
        if (hasFiles(event)) event.preventDefault();
      },
      drop: (event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        depth = 0;
        setOver(false);
        void openDropped([...(event.dataTransfer?.files ?? [])]);
      },
    };
    for (const [name, handler] of Object.entries(handlers)) addEventListener(name, handler as EventListener);
    return () => {
      for (const [name, handler] of Object.entries(handlers)) removeEventListener(name, handler as EventListener);
    };
  }, []);
  return over ? <div class="drop-hint">Drop to open the trace here. It stays in this browser.</div> : null;
}
