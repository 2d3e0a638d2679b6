//! A line about what is shown, above it: something that must be known, with what can be done about
//! it. It must never hold the data itself.

import type { ComponentChildren, VNode } from "preact";
import { Icon, type IconName } from "./Icon";
import "./Notice.css";

export type NoticeKind = "plain" | "warn" | "error";
const ICONS: Record<NoticeKind, IconName> = { plain: "help", warn: "warning", error: "error" };

export interface NoticeProps {
  kind?: NoticeKind;
  icon?: IconName;
  /** A screen reader says it at once. */
  alert?: boolean;
  /** For a notice inside of a region that is announced already. */
  silent?: boolean;
  action?: ComponentChildren;
  onDismiss?: () => void;
  children: ComponentChildren;
}

export function Notice({ kind = "plain", icon = ICONS[kind], alert = false, silent = false, action, onDismiss, children }: NoticeProps): VNode {
  return (
    <div class={`notice ${kind}`} role={silent ? undefined : alert ? "alert" : "status"}>
      <Icon name={icon} />
      <span class="notice-text">{children}</span>
      {action}
      {onDismiss && (
        <button type="button" class="button quiet small icon-only" aria-label="Dismiss" title="Dismiss" onClick={onDismiss}>
          <Icon name="close" size={13} />
        </button>
      )}
    </div>
  );
}
