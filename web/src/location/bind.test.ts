// URL → view → URL, as Back, Forward, links and changes in the view make it happen.
import { signal } from "@preact/signals";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { bindParams } from "./bind";
import { keepForBack, navigate, place, startPlace } from "./place";

const shown = signal("");
const certain = signal(true);
let stop = (): void => undefined;
const url = (): string => location.pathname + location.search;
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(200);
const back = async (): Promise<void> => {
  history.back();
  await vi.advanceTimersByTimeAsync(50);
};

beforeEach(() => {
  vi.useFakeTimers();
  document.head.innerHTML = '<base href="http://localhost:3000/">';
  history.replaceState(null, "", "/page?x=first&other=kept");
  shown.value = "";
  certain.value = true;
  startPlace(() => null);
  stop = bindParams({
    read: (params) => params.get("x") ?? "",
    write: (value, base) => {
      const params = new URLSearchParams(base);
      if (value === "") params.delete("x");
      else params.set("x", value);
      return params;
    },
    shown: () => (certain.value ? shown.value : null),
    show: (value) => (shown.value = value),
  });
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

it("shows what the URL says at first, and at every link", () => {
  expect(shown.value).toBe("first");
  navigate("/page?x=second");
  expect(shown.value).toBe("second");
  navigate("/page");
  expect(shown.value).toBe("");
});

it("writes what is shown, and keeps what is not its own", async () => {
  shown.value = "chosen";
  await settle();
  expect(url()).toBe("/page?x=chosen&other=kept");
  expect(place.value.params.get("x")).toBe("chosen");
});

it("writes before a place is left, and nothing at another place", async () => {
  shown.value = "chosen";
  navigate("/elsewhere");
  await settle();
  expect(url()).toBe("/elsewhere");
  shown.value = "late";
  await settle();
  expect(url()).toBe("/elsewhere");
});

it("writes nothing while it is not certain what is shown", async () => {
  certain.value = false;
  shown.value = "perhaps";
  await settle();
  expect(url()).toBe("/page?x=first&other=kept");
  certain.value = true;
  await settle();
  expect(url()).toBe("/page?x=perhaps&other=kept");
});

it("goes back to what was shown before a jump, however soon", async () => {
  shown.value = "from";
  keepForBack();
  shown.value = "to";
  await back();
  await settle();
  expect([shown.value, url()]).toEqual(["from", "/page?x=from&other=kept"]);
});
