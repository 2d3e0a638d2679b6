//! Who has signed in, and how one does. The server keeps the secret in a cookie that no script can
//! read; it must never be kept here.

import { apiUrl, getJson, request } from "./client";
import { Resource } from "./resource";

export interface Session {
  /** Must people say who they are? */
  asks: boolean;
  /** Also with a user name and a password? */
  passwords: boolean;
  /** Who has signed in. */
  name: string | null;
  /** Do several tenants share the server? */
  tenants: boolean;
  /** Whose spans are shown, as far as that is known. */
  tenant: string | null;
  /** And may others be shown to whoever has signed in? */
  isBound: boolean;
}

/** What somebody shows to come in. */
export type Shown = { token: string } | { user: string; password: string };

export const session = new Resource<Session>({ load: (signal) => getJson<Session>("api/session", {}, signal), freshMs: Infinity });

export async function signIn(shown: Shown): Promise<void> {
  await request(apiUrl("api/session"), { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(shown) });
}

/** Whose spans are shown from now on: in a cookie, so that pages, streams and downloads say the same. */
export function lookAt(tenant: string): void {
  const path = new URL(document.baseURI).pathname.replace(/[^/]*$/, "");
  document.cookie = `tracewell_tenant=${tenant}; Path=${path}; Max-Age=${365 * 86_400}; SameSite=Strict`;
}

export async function signOut(): Promise<void> {
  await request(apiUrl("api/session"), { method: "DELETE" });
}
