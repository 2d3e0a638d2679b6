//! Doing something again and again as long as somebody may see it. A tab in the background asks for
//! nothing; when it is seen again it is at once up to date.

import { useEffect, useRef } from "preact/hooks";

/** Null for not at all. */
export function useWhileSeen(everyMs: number | null, act: () => void): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    if (everyMs === null) return;
    const now = (): void => {
      if (!document.hidden) latest.current();
    };
    const timer = setInterval(now, everyMs);
    document.addEventListener("visibilitychange", now);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", now);
    };
  }, [everyMs]);
}
