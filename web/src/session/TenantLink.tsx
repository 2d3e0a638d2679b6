//! Whose spans are shown, where several tenants share the server, and the way to another one; nothing
//! elsewhere.

import type { VNode } from "preact";
import { session } from "../api/session";
import { useResource } from "../components/Loaded";
import { place } from "../location/place";
import { signInFrom } from "./whereTo";

export function TenantLink({ page }: { page: string }): VNode | null {
  const now = useResource(session).data;
  if (!now?.tenants || now.tenant === null) return null;
  if (now.isBound) return <span class="muted">{now.tenant}</span>;
  return (
    <a class="button quiet" href={signInFrom(page, place.value)} title="Whose spans are shown; change it">
      {now.tenant}
    </a>
  );
}
