//! Where people show who they are, and are led back to what they wanted to see. What is typed goes to
//! the server and nowhere else. The page is loaded anew afterwards, so that nothing of another person
//! is left in it.

import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { lookAt, session, type Session, type Shown, signIn } from "../api/session";
import { Loaded } from "../components/Loaded";
import { Notice } from "../components/Notice";
import { whereTo } from "./whereTo";
import "./SignInPage.css";

export function SignInPage(): VNode {
  useEffect(() => {
    document.title = "Sign in · Tracewell";
  }, []);
  return (
    <div class="sign-in">
      <h1>Sign in</h1>
      <Loaded resource={session} what="The sign-in" placeholder={<p class="muted">Loading…</p>}>
        {(now) => <Known now={now} />}
      </Loaded>
    </div>
  );
}

function Known({ now }: { now: Session }): VNode {
  if (now.asks && now.name === null) return <Form passwords={now.passwords} />;
  if (now.tenants && !now.isBound) return <TenantForm now={now} />;
  return (
    <>
      {now.tenant !== null && (
        <p>
          You look at the tenant <strong>{now.tenant}</strong>.
        </p>
      )}
      <p>{now.asks ? <>You are signed in as <strong>{now.name}</strong>.</> : "Nobody is asked who they are here."}</p>
      <a class="button primary" href={whereTo()}>
        Go on
      </a>
    </>
  );
}

/** Whose spans are to be shown. Names are taken as they are: there is no list of tenants for everybody to read. */
function TenantForm({ now }: { now: Session }): VNode {
  const name = useRef<HTMLInputElement>(null);
  useEffect(() => name.current!.select(), []);
  const submit = (event: Event): void => {
    event.preventDefault();
    lookAt(name.current!.value);
    location.assign(whereTo());
  };
  return (
    <form onSubmit={submit}>
      <label>
        Tenant
        <input class="input" ref={name} name="tenant" defaultValue={now.tenant ?? ""} required pattern={"[A-Za-z0-9!_.*'\\(\\)\\-]{1,150}"} title="Letters, digits and !-_.*'()" spellcheck={false} autocapitalize="off" autocomplete="off" />
      </label>
      <button type="submit" class="button primary">
        Look at it
      </button>
      <p class="muted">Several tenants share this server. Whoever runs it knows what yours is called.</p>
    </form>
  );
}

function Form({ passwords }: { passwords: boolean }): VNode {
  const [asUser, setAsUser] = useState(passwords);
  const [error, setError] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  const secret = useRef<HTMLInputElement>(null);
  useEffect(() => (first.current ?? secret.current)?.focus(), [asUser]);
  const submit = (event: Event): void => {
    event.preventDefault();
    const typed = secret.current!.value;
    const shown: Shown = asUser ? { user: first.current!.value, password: typed } : { token: typed };
    setBusy(true);
    signIn(shown).then(
      () => location.assign(whereTo()),
      (reason: Error) => {
        setError(reason);
        setBusy(false);
        secret.current!.select();
      },
    );
  };
  return (
    <form onSubmit={submit}>
      {passwords && (
        <div class="segmented" role="group" aria-label="Sign in with">
          {([[true, "User and password"], [false, "Token"]] as const).map(([value, label]) => (
            <button type="button" key={label} aria-pressed={asUser === value} onClick={() => { setAsUser(value); setError(null); }}>
              {label}
            </button>
          ))}
        </div>
      )}
      {error !== null && (
        <Notice kind="error" alert>
          {sentence(error, asUser)}
        </Notice>
      )}
      {asUser && (
        <label>
          User
          <input class="input" ref={first} name="user" autocomplete="username" required spellcheck={false} autocapitalize="off" />
        </label>
      )}
      <label key={asUser ? "password" : "token"}>
        {asUser ? "Password" : "Token"}
        <input class="input" ref={secret} name="secret" type="password" autocomplete="current-password" required aria-invalid={error !== null} />
      </label>
      <button type="submit" class="button primary" disabled={busy}>
        Sign in
      </button>
      {!asUser && <p class="muted">A token with the role “read”, from whoever runs this server.</p>}
    </form>
  );
}

function sentence(error: Error, asUser: boolean): string {
  if (error instanceof ApiError && error.status === 401) return asUser ? "This user name and password are not known here." : "This token is not known here.";
  return error.message;
}
