//! The one way in which every page shows an answer of the server: a placeholder while there is
//! nothing, the data, a notice beside data that may be out of date, or what went wrong and what can
//! be done about it.

import type { ComponentChildren, VNode } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { ApiError, Unreachable } from "../api/client";
import type { Resource, ResourceState } from "../api/resource";
import { Empty } from "./Empty";
import { Icon } from "./Icon";
import { Notice } from "./Notice";
import { useWhileSeen } from "./whileSeen";

/** The state of a resource that is watched as long as the component is there. */
export function useResource<T>(resource: Resource<T>): ResourceState<T> {
  // Before anything is painted: the answer is what is waited for.
  useLayoutEffect(() => resource.watch(), [resource]);
  return resource.state.value;
}

/** The same, asked for again every so often while the tab is seen; null for not. */
export function usePolled<T>(resource: Resource<T>, everyMs: number | null): ResourceState<T> {
  useWhileSeen(everyMs, () => resource.poll());
  return useResource(resource);
}

export interface LoadedProps<T> {
  resource: Resource<T>;
  /** In the size of what will be there. */
  placeholder: ComponentChildren;
  /** What failed, for people: "The trace". */
  what: string;
  /** A failure that this page knows more about. */
  failure?: (error: Error, state: ResourceState<T>) => VNode | null;
  children: (data: T) => ComponentChildren;
}

export function Loaded<T>({ resource, placeholder, what, failure, children }: LoadedProps<T>): VNode {
  const state = useResource(resource);
  const { data, error } = state;
  if (data !== null) {
    return (
      <>
        {error !== null && <OutOfDate what={what} error={error} retryAtMs={state.retryAtMs} onRetry={() => resource.refresh()} />}
        {children(data)}
      </>
    );
  }
  if (error === null) return <>{placeholder}</>;
  return failure?.(error, state) ?? <Failure what={what} error={error} retryAtMs={state.retryAtMs} onRetry={() => resource.refresh()} />;
}

export interface FailureProps {
  what: string;
  error: Error;
  retryAtMs: number | null;
  onRetry: () => void;
}

const hintOf = (error: Error): string | undefined => (error instanceof ApiError ? error.body.hint : undefined);

/** Instead of data. */
export function Failure({ what, error, retryAtMs, onRetry }: FailureProps): VNode {
  const title = error instanceof Unreachable ? "The server is away" : `${what} could not be loaded`;
  return (
    <Empty
      alert
      title={title}
      actions={
        <button type="button" class="button primary" onClick={onRetry}>
          <Icon name="reload" />
          Try again
        </button>
      }
    >
      {error.message} {hintOf(error)} <Countdown toMs={retryAtMs} />
    </Empty>
  );
}

/** Beside data that is older than it should be. */
export function OutOfDate({ what, error, retryAtMs, onRetry }: FailureProps): VNode {
  return (
    <Notice
      kind="error"
      alert
      action={
        <button type="button" class="button small" onClick={onRetry}>
          Try again
        </button>
      }
    >
      {what} may be out of date: {error.message} {hintOf(error)} <Countdown toMs={retryAtMs} />
    </Notice>
  );
}

/** When it is tried again by itself. */
export function Countdown({ toMs }: { toMs: number | null }): VNode | null {
  const [nowMs, setNowMs] = useState(Date.now());
  useEffect(() => {
    if (toMs === null) return;
    setNowMs(Date.now());
    const timer = setInterval(() => setNowMs(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [toMs]);
  if (toMs === null) return null;
  const seconds = Math.max(0, Math.ceil((toMs - nowMs) / 1000));
  // A screen reader must not hear every second.
  return <span aria-hidden="true">Trying again {seconds === 0 ? "now" : `in ${seconds} s`}.</span>;
}
