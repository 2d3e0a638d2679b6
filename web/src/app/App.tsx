//! The frame: top bar, what is wrong with the store, the page of the place one is at, help, and files
//! dropped anywhere. It must never know what a page shows.

import type { VNode } from "preact";
import { DropTarget } from "../files/DropTarget";
import { helpOpen, useShortcuts } from "../components/keyboard";
import { href, hrefBack, navigate, place } from "../location/place";
import { HelpDialog } from "./HelpDialog";
import { Page } from "./Page";
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
  // Inside of another page: what surrounds every page is that page's.
  const embedded = place.value.params.get("embed") === "1";
  return (
    <div class={`app ${embedded ? "embedded" : ""}`}>
      {!embedded && <TopBar />}
      {!embedded && <StoreNotice />}
      <main>
        <Page />
      </main>
      <HelpDialog />
      <DropTarget />
    </div>
  );
}
