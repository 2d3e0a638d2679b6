//! What the operator set for the pages; it does not change while the server runs.

import { getJson } from "./client";
import { Resource } from "./resource";
import type { LinkPattern } from "../model/linkPatterns";

export interface UiConfig {
  linkPatterns: LinkPattern[];
}

export const uiConfig = new Resource<UiConfig>({ load: (signal) => getJson<UiConfig>("api/ui/config", {}, signal), freshMs: Infinity });
