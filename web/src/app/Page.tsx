//! The page of the place one is at: found in the route table, loaded, and kept as long as the place
//! shows the same thing. A page that cannot be loaded, or is not there, says so.

import type { ComponentType, VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Empty } from "../components/Empty";
import { ErrorBoundary } from "../components/ErrorBoundary";
import { href, place } from "../location/place";
import { type Match, matchRoute, type Route } from "./routes";

type PageComponent = ComponentType<{ args: Record<string, string> }>;
const loaded = new Map<Route, PageComponent>();

/** Begins to load the page of a path, and what it will ask the server. */
export function loadAhead(path: string): void {
  const match = matchRoute(path);
  match?.route.ahead?.(match.args);
  if (match !== null) void load(match.route).catch(() => undefined);
}

async function load(route: Route): Promise<PageComponent> {
  const found = loaded.get(route) ?? (await route.load()).default;
  loaded.set(route, found);
  return found;
}

export function Page(): VNode {
  const { path } = place.value;
  const match = matchRoute(path);
  if (match === null) return <NoSuchPage path={path} />;
  return (
    <ErrorBoundary part="This page" key={match.key}>
      <LoadedPage match={match} />
    </ErrorBoundary>
  );
}

function LoadedPage({ match: { route, args } }: { match: Match }): VNode | null {
  const [component, setComponent] = useState<{ is: PageComponent } | null>(() => (loaded.has(route) ? { is: loaded.get(route)! } : null));
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (component === null) load(route).then((is) => setComponent({ is }), () => setFailed(true));
  }, []);
  if (failed) {
    return (
      <Empty title="This page has changed on the server" actions={<ReloadButton />}>
        Tracewell was probably upgraded while this tab was open, or the server is away.
      </Empty>
    );
  }
  return component === null ? null : <component.is args={args} />;
}

function ReloadButton(): VNode {
  return (
    <button type="button" class="button primary" onClick={() => location.reload()}>
      Reload
    </button>
  );
}

function NoSuchPage({ path }: { path: string }): VNode {
  return (
    <Empty
      title="There is no such page"
      level={1}
      actions={
        <a class="button" href={href("search")}>
          Go to search
        </a>
      }
    >
      <code>/{path}</code> is no page of Tracewell.
    </Empty>
  );
}
