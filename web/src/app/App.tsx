// The frame: top bar, what is wrong with the store, the page of the route, help, and files dropped anywhere.

import type { ComponentType, VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ErrorBoundary } from "../components/ErrorBoundary";
import { href, navigate, route } from "../routes/router";
import { SearchPage } from "../search/SearchPage";
import { openDropped } from "../trace/openedFiles";
import { HelpDialog } from "./HelpDialog";
import { helpOpen, useShortcuts } from "./keyboard";
import { StoreNotice } from "./StoreNotice";
import { TopBar } from "./TopBar";

type TracePages = typeof import("../trace/pages");
let tracePages: TracePages | null = null;

/** The trace page is a file of its own; the search page does not wait for it. */
export const loadTracePages = async (): Promise<TracePages> => (tracePages ??= await import("../trace/pages"));

export function App(): VNode {
  useShortcuts(
    () => [
      { keys: ["?"], label: "Show this help", group: "Everywhere", run: () => (helpOpen.value = true) },
      { keys: ["g s"], label: "Go to search", group: "Everywhere", run: () => navigate(href("search")) },
    ],
    [],
  );
  return (
    <div class="app">
      <TopBar />
      <StoreNotice />
      <main>
        <ErrorBoundary part="This page" key={route.value.page}>
          <Page />
        </ErrorBoundary>
      </main>
      <HelpDialog />
      <DropTarget />
    </div>
  );
}

function Page(): VNode {
  const current = route.value;
  if (current.page === "search") return <SearchPage params={current.params} />;
  if (current.page === "trace") return <Lazy pick={(pages) => pages.StoredTrace} props={{ key: current.traceId, traceId: current.traceId, params: current.params }} />;
  if (current.page === "import") return <Lazy pick={(pages) => pages.OpenedTraces} props={{ params: current.params }} />;
  return (
    <div class="state">
      <h1>There is no such page</h1>
      <p>
        <code>/{current.path}</code> is neither a page nor a trace id (1 to 32 hexadecimal digits).
      </p>
      <a class="button" href={href("search")}>
        Go to search
      </a>
    </div>
  );
}

function Lazy<P extends object>({ pick, props }: { pick: (pages: TracePages) => ComponentType<P>; props: P & { key?: string } }): VNode | null {
  const [pages, setPages] = useState(tracePages);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (pages === null) loadTracePages().then(setPages, () => setFailed(true));
  }, []);
  if (failed) {
    return (
      <div class="state">
        <h1>This page has changed on the server</h1>
        <p>Tracewell was probably upgraded while this tab was open.</p>
        <button type="button" class="button primary" onClick={() => location.reload()}>
          Reload
        </button>
      </div>
    );
  }
  if (pages === null) return null;
  const Component = pick(pages);
  return <Component {...props} />;
}

function DropTarget(): VNode | null {
  const [over, setOver] = useState(false);
  useEffect(() => {
    let depth = 0;
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
    const handlers: Record<string, (event: DragEvent) => void> = {
      dragenter: (event) => {
        if (hasFiles(event)) setOver(++depth > 0);
      },
      dragleave: (event) => {
        if (hasFiles(event)) setOver(--depth > 0);
      },
      dragover: (event) => {
        if (hasFiles(event)) event.preventDefault();
      },
      drop: (event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        depth = 0;
        setOver(false);
        void openDropped([...(event.dataTransfer?.files ?? [])]);
      },
    };
    for (const [name, handler] of Object.entries(handlers)) addEventListener(name, handler as EventListener);
    return () => {
      for (const [name, handler] of Object.entries(handlers)) removeEventListener(name, handler as EventListener);
    };
  }, []);
  return over ? <div class="drop-hint">Drop to open the trace here. It stays in this browser.</div> : null;
}
