//! The way out, for whoever has signed in; nothing for everybody else.

import type { VNode } from "preact";
import { session, signOut } from "../api/session";
import { useResource } from "../components/Loaded";
import { href } from "../location/place";

export function SignOut(): VNode | null {
  const name = useResource(session).data?.name ?? null;
  if (name === null) return null;
  // Also when the server is away: then it asks again by itself.
  const leave = (): void => location.assign(href("sign-in"));
  return (
    <button type="button" class="button quiet" title={`Signed in as ${name}`} onClick={() => void signOut().then(leave, leave)}>
      Sign out
    </button>
  );
}
