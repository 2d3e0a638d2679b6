// The rule that `npm run check` applies to the folders.
import { expect, it } from "vitest";
import { violations } from "../../scripts/layers.mjs";

it.each([
  ["search/a.ts", 'import { x } from "../trace/b";', /search must not know trace/],
  ["components/a.ts", 'import { x } from "../search/b";', /components must not know search/],
  ["model/a.ts", 'const y = await import("../api/b");', /model must not know api/],
  ["trace/a.ts", 'import { x } from "../app/b";', /trace must not know app/],
  ["new/a.ts", "", /new has no layer/],
])("%s: %s", (file, text, message) => expect(violations([[file, text]]).join()).toMatch(message));

it.each([
  ["app/routes.ts", 'import("../pages/search")'],
  ["pages/trace.tsx", 'import { T } from "../trace/T"; import { o } from "../files/opened";'],
  ["search/a.ts", 'import { b } from "./b"; import { c } from "../components/c"; import { m } from "../model/m";'],
])("%s may: %s", (file, text) => expect(violations([[file, text]])).toEqual([]));
