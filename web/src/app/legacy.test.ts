// A table of real Jaeger URLs and where they must lead.
import { describe, expect, it } from "vitest";
import { queryString } from "../location/params";
import { redirect } from "./redirects";

function open(url: string): string {
  const [path, query] = url.replace(/^\//, "").split("?") as [string, string?];
  let now = { path, params: new URLSearchParams(query) };
  for (let hop = 0; hop < 4; hop++) {
    const next = redirect(now);
    if (next === null) return now.path + queryString(now.params);
    now = next;
  }
  return "loop";
}

const decoded = (url: string): string => decodeURIComponent(open(url));

describe("Jaeger's search URLs", () => {
  const cases: [string, string][] = [
    ["/search?service=frontend", 'search?q={ resource.service.name = "frontend" }&from=now-48h'],
    ["/search?service=frontend&lookback=1h", 'search?q={ resource.service.name = "frontend" }'],
    ["/search?service=all&lookback=2d", "search?from=now-2d"],
    [
      "/search?end=1700003600000000&limit=20&lookback=1h&maxDuration&minDuration&operation=HTTP%20GET%20%2Fdispatch&service=frontend&start=1700000000000000",
      'search?q={ resource.service.name = "frontend" && name = "HTTP GET /dispatch" }&from=1700000000000000&to=1700003600000000',
    ],
    [
      "/search?service=customer&lookback=custom&start=1700000000000000&end=1700003600000000&limit=1500&minDuration=1.2s&maxDuration=100ms",
      'search?q={ resource.service.name = "customer" && duration >= 1.2s && duration <= 100ms }&from=1700000000000000&to=1700003600000000&limit=1000',
    ],
    [
      "/search?service=a&lookback=1h&tags=%7B%22error%22%3A%22true%22%2C%22http.method%22%3A%22GET%22%7D",
      'search?q={ resource.service.name = "a" && error && .http.method = "GET" }',
    ],
    [
      "/search?service=a&lookback=1h&tags=%7B%22http.status_code%22%3A%22500%22%7D",
      'search?q={ resource.service.name = "a" && (.http.status_code = 500 || .http.status_code = "500") }',
    ],
    ["/search?service=a&lookback=1h&tag=span.kind:server", 'search?q={ resource.service.name = "a" && kind = server }'],
    ["/search?service=a&lookback=1h&tags=http.method%3DGET%20error%3Dtrue", 'search?q={ resource.service.name = "a" && .http.method = "GET" && error }'],
    ["/search?service=a&lookback=1h&tags=%7B%22odd%20key%22%3A%22x%20y%22%7D", 'search?q={ resource.service.name = "a" && ."odd key" = "x y" }'],
    ["/search?service=a&operation=all&lookback=1h&view=ddg&density=ppe", 'search?q={ resource.service.name = "a" }'],
    ["/search?traceID=1F", "trace/0000000000000000000000000000001f"],
    ["/search?service=a&lookback=1h&uiEmbed=v0&uiSearchHideGraph=1&uiTheme=light", 'search?embed=1&graph=0&theme=light&q={ resource.service.name = "a" }'],
    ["/search?q={}&uiEmbed=v0", "search?q={}&embed=1"],
    ["/search", "search"],
    ["/", "search"],
    ["/search?q=%7B%7D&service=ours-wins", "search?q={}&service=ours-wins"],
  ];
  it.each(cases)("%s", (from, to) => expect(decoded(from)).toBe(to));
});

describe("Jaeger's trace URLs", () => {
  const id = "0af7651916cd43dd8448eb211c80319c";
  const cases: [string, string][] = [
    [`/trace/${id}`, `trace/${id}`],
    [`/trace/${id.toUpperCase()}`, `trace/${id}`],
    ["/trace/8448eb211c80319c", "trace/00000000000000008448eb211c80319c"],
    ["/trace/448EB211C80319C", "trace/00000000000000000448eb211c80319c"],
    [`/trace/${id}?uiFind=redis%20timeout`, `trace/${id}?find=redis timeout`],
    [`/trace/${id}?uiEmbed=v0&uiTimelineHideMinimap=1&uiTheme=dark`, `trace/${id}?embed=1&minimap=0&theme=dark`],
    [`/trace/${id}?span=00f067aa0ba902b7&zoom=0-5`, `trace/${id}?span=00f067aa0ba902b7&zoom=0-5`],
    ["/trace/not-a-trace", "trace/not-a-trace"],
    ["/trace/0000", "trace/0000"],
  ];
  it.each(cases)("%s", (from, to) => expect(decoded(from)).toBe(to));
});

describe("Zipkin's search URLs", () => {
  const cases: [string, string][] = [
    ["/search?serviceName=frontend&lookback=15m&limit=10", 'search?q={ resource.service.name =~ "(?i)frontend" }&from=now-900s&limit=10'],
    ["/search?serviceName=a&lookback=15m&endTs=1700003600000", 'search?q={ resource.service.name =~ "(?i)a" }&from=1700002700000000000&to=1700003600000000000'],
    ["/search?lookback=millis&millis=3600000&endTs=1700003600000", "search?from=1700000000000000000&to=1700003600000000000"],
    [
      "/search?serviceName=all&spanName=get%20%2Fa.b&annotationQuery=error%20and%20http.method%3DGET%20and%20cache.miss&lookback=custom&startTs=1700000000000&endTs=1700003600000",
      'search?q={ name =~ "(?i)get /a\\\\.b" && error && .http.method = "GET" && (.cache.miss != nil || event:name = "cache.miss") }&from=1700000000000000000&to=1700003600000000000',
    ],
    ["/search?endTs=1700003600000&lookback=3600000&minDuration=1500&maxDuration=2s", "search?q={ duration >= 1.5ms && duration <= 2s }&from=1700000000000000000&to=1700003600000000000"],
    ["/search?remoteServiceName=mysql", 'search?q={ .peer.service =~ "(?i)mysql" }&from=now-900s'],
  ];
  it.each(cases)("%s", (from, to) => expect(decoded(from)).toBe(to));
});
