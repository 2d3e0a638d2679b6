//! The skeletons of traces, asked for when a trace is opened, and before: at start-up, or when a
//! result is pointed at. A trace that is not there may still be on its way, so it is looked for some
//! more times.

import type { Skeleton } from "../model/columns";
import { ApiError } from "./client";
import { skeleton } from "./endpoints";
import { ResourceCache } from "./resource";
import { type RetryPolicy, retryWhenAway } from "./retry";

/** Longer ago than this, the trace may have grown. */
const FRESH_MS = 5000;
/** A skeleton of a million spans has 30 MB. */
const KEPT = 3;
const LOOKS_FOR_MISSING = 3;
const LOOK_AGAIN_MS = 2000;

const retry: RetryPolicy = (error, attempt) =>
  error instanceof ApiError && error.status === 404 ? (attempt < LOOKS_FOR_MISSING ? LOOK_AGAIN_MS : null) : retryWhenAway(error, attempt);

export const skeletons = new ResourceCache<Skeleton>(KEPT, (traceId) => ({ load: (signal) => skeleton(traceId, signal), freshMs: FRESH_MS, retry }));
