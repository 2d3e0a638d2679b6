//! The frame: top bar, what is wrong with the store, the page of the place one is at, help, files
//! dropped anywhere, and the way to the sign-in. It must never know what a page shows.

import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { unknownTimes } from "../api/client";
import { session } from "../api/session";
import { DropTarget } from "../files/DropTarget";
import { helpOpen, useShortcuts } from "../components/keyboard";
import { href, hrefBack, navigate, place } from "../location/place";
import { signInFrom } from "../session/whereTo";
import { HelpDialog } from "./HelpDialog";
import { Page } from "./Page";
import { SIGN_IN } from "./routes";
import { StoreNotice } from "./StoreNotice";
import { TopBar } from "./TopBar";
import "./App.css";

export function App(): VNode {
  useShortcuts(
    () => [
      { keys: ["?"], label: "Show this help", group: "Everywhere", run: () => (helpOpen.value = true) },
      { keys: ["g s"], label: "Go to search", group: "Everywhere", run: () => navigate(hrefBack("search")) },
      { keys: ["g t"], label: "Go to the status of the server", group: "Everywhere", run: () => navigate(href("status")) },
    ],
    [],
  );
  const times = unknownTimes.value;
  useEffect(() => {
    if (times > 0) leadToSignIn();
  }, [times]);
  const signsIn = place.value.path === SIGN_IN;
  // Inside of another page: what surrounds every page is that page's.
  const embedded = place.value.params.get("embed") === "1";
  return (
    <div class={`app ${embedded ? "embedded" : ""}`}>
      {!embedded && <TopBar />}
      {!embedded && !signsIn && <StoreNotice />}
      <main>
        <Page />
      </main>
      <HelpDialog />
      <DropTarget />
    </div>
  );
}

/** And from there back to where one is. */
function leadToSignIn(): void {
  const now = place.peek();
  // Whoever was signed in is so no more.
  session.refresh();
  if (now.path !== SIGN_IN) navigate(signInFrom(SIGN_IN, now), { replace: true });
}
