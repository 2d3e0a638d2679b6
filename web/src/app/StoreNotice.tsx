// What is wrong with the store although it works: on every page, because every answer may lack
// something for it. Asked for while the tab is seen, and gone by itself when all is well.

import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { status } from "../api/endpoints";
import { Icon } from "../components/Icon";

const POLL_MS = 15_000;

export function StoreNotice(): VNode | null {
  const [reason, setReason] = useState<string | null>(null);
  useEffect(() => {
    const ask = (): void => {
      if (document.hidden) return;
      // A server that is away is told by whoever needed an answer.
      status().then(
        (answer) => setReason(answer.store.degraded ?? null),
        () => undefined,
      );
    };
    ask();
    const timer = setInterval(ask, POLL_MS);
    document.addEventListener("visibilitychange", ask);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", ask);
    };
  }, []);
  // Always there, so that a screen reader hears the text when it comes.
  return (
    <div class="store-notice" role="status" aria-label="State of the store">
      {reason !== null && (
        <div class="notice warn">
          <Icon name="warning" />
          <span>
            <strong>The store needs attention.</strong> {reason}
          </span>
        </div>
      )}
    </div>
  );
}
