//! What is wrong with the store although it works: on every page, because every answer may lack
//! something for it. Asked for while the tab is seen, and gone by itself when all is well.

import type { VNode } from "preact";
import { serverStatus } from "../api/status";
import { usePolled } from "../components/Loaded";
import { Notice } from "../components/Notice";

const POLL_MS = 15_000;

export function StoreNotice(): VNode | null {
  // A server that is away is told by whoever needed an answer.
  const reason = usePolled(serverStatus, POLL_MS).data?.store.degraded ?? null;
  // Always there, so that a screen reader hears the text when it comes.
  return (
    <div class="store-notice" role="status" aria-label="State of the store">
      {reason !== null && (
        <Notice kind="warn" silent>
          <strong>The store needs attention.</strong> {reason}
        </Notice>
      )}
    </div>
  );
}
