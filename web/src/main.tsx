// Entry: styles, theme, router, keyboard, then the page. For a trace URL the skeleton is asked for
// before anything is drawn, while the trace page's own code still loads.

import { render } from "preact";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/components.css";
import "./styles/search.css";
import { App, loadTracePages } from "./app/App";
import { startKeyboard } from "./app/keyboard";
import { startTheme } from "./app/theme";
import { prefetchSkeleton } from "./api/prefetch";
import { route, startRouter } from "./routes/router";

startTheme();
startRouter();
startKeyboard();
if (route.value.page === "trace") {
  prefetchSkeleton(route.value.traceId);
  void loadTracePages().catch(() => undefined);
}
render(<App />, document.getElementById("app")!);
