//! A page or a part of one that has nothing to show: what that means, and what can be done. It is
//! the one shape of "nothing here", so that every page says it the same way.

import type { ComponentChildren, VNode } from "preact";
import "./Empty.css";

export interface EmptyProps {
  title: ComponentChildren;
  level?: 1 | 2;
  children?: ComponentChildren;
  actions?: ComponentChildren;
  /** For something that went wrong, which a screen reader must hear. */
  alert?: boolean;
}

export function Empty({ title, level = 1, children, actions, alert = false }: EmptyProps): VNode {
  const Heading = `h${level}` as "h1" | "h2";
  return (
    <div class="state" role={alert ? "alert" : undefined}>
      <Heading>{title}</Heading>
      {children && <div class="state-text">{children}</div>}
      {actions && <div class="actions">{actions}</div>}
    </div>
  );
}
