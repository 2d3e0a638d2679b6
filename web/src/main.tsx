//! Entry: styles, theme, place, keyboard, then the page. The page's own code and what it will ask the
//! server are under way before anything is drawn.

import { render } from "preact";
import "./styles/tokens.css";
import "./styles/base.css";
import "./components/controls.css";
import { App } from "./app/App";
import { loadAhead } from "./app/Page";
import { redirect } from "./app/redirects";
import { startKeyboard } from "./components/keyboard";
import { startTheme } from "./components/theme";
import { place, startPlace } from "./location/place";
import { startZone } from "./model/timeZone";

startPlace(redirect);
startTheme(place.peek().params.get("theme"));
startZone(place.peek().params.get("tz"));
startKeyboard();
loadAhead(place.peek().path);
render(<App />, document.getElementById("app")!);
