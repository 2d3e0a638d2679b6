//! What the server says about itself; every page that wants to know shares one answer.

import { status } from "./endpoints";
import { Resource } from "./resource";
import type { ServerStatus } from "./types";

/** Two who look at the same moment ask once. */
const FRESH_MS = 500;

export const serverStatus = new Resource<ServerStatus>({ load: status, freshMs: FRESH_MS });
