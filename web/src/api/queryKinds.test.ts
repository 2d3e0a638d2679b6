// What the server says of queries, and what counts until it has.
import { afterEach, expect, it, vi } from "vitest";
import { QueryKinds } from "./queryKinds";

afterEach(() => void vi.unstubAllGlobals());

/** A server that says this of each query; the queries it was asked about. */
function server(says: (query: string) => Response | Error): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (url: string) => {
    const query = new URL(url, "http://localhost/").searchParams.get("q")!;
    asked.push(query);
    const answer = says(query);
    if (answer instanceof Error) throw answer;
    return answer;
  });
  return asked;
}

it("each query is asked about once, and everything not at all", async () => {
  const asked = server((query) => Response.json({ ok: true, kind: query.includes("rate") ? "metrics" : "search" }));
  const kinds = new QueryKinds();
  expect([kinds.of("{}"), kinds.of("{ } | rate()")]).toEqual(["search", null]);
  for (const query of ["{ } | rate()", "{}", "{ error }", "{ } | rate()"]) await kinds.ask(query);
  expect([kinds.of("{ } | rate()"), kinds.of("{ error }")]).toEqual(["metrics", "search"]);
  expect(asked).toEqual(["{ } | rate()", "{ error }"]);
});

it("what cannot be read is a search, and what can be read and not answered what it is", async () => {
  server((query) => Response.json({ ok: false, message: "no", ...(query.includes("compare") && { kind: "metrics" }) }));
  const kinds = new QueryKinds();
  await kinds.ask("{ durations }");
  await kinds.ask("{ } | compare({ }) | topk(1)");
  expect([kinds.of("{ durations }"), kinds.of("{ } | compare({ }) | topk(1)")]).toEqual(["search", "metrics"]);
});

it("a server that does not answer is asked again", async () => {
  let isThere = false;
  server(() => (isThere ? Response.json({ ok: true, kind: "metrics" }) : new Error("away")));
  const kinds = new QueryKinds();
  await kinds.ask("{ } | rate()");
  expect(kinds.of("{ } | rate()")).toBe("search");
  isThere = true;
  await kinds.ask("{ } | rate()");
  expect(kinds.of("{ } | rate()")).toBe("metrics");
});
