// Tabs under a keyboard and a pointer.
import { screen } from "@testing-library/dom";
import userEvent from "@testing-library/user-event";
import { signal } from "@preact/signals";
import { render } from "preact";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Tabs } from "./Tabs";

const root = document.createElement("div");
const current = signal<"one" | "two" | "three">("one");
const TABS = (["one", "two", "three"] as const).map((name) => ({ name, label: name }));

function Probe() {
  return (
    <Tabs label="Numbers" tabs={TABS} current={current.value} onChange={(name) => (current.value = name)}>
      panel of {current.value}
    </Tabs>
  );
}

beforeEach(() => {
  current.value = "one";
  document.body.append(root);
  render(<Probe />, root);
});
afterEach(() => {
  render(null, root);
  root.remove();
});

it("changes by pointer, and the panel is named by its tab", async () => {
  await userEvent.click(screen.getByRole("tab", { name: "two" }));
  expect((await screen.findByRole("tabpanel", { name: "two" })).textContent).toBe("panel of two");
});

it("moves by arrows around the ends, and is one stop for Tab", async () => {
  await userEvent.tab();
  await userEvent.keyboard("{ArrowLeft}");
  expect(current.value).toBe("three");
  await userEvent.keyboard("{ArrowRight}{End}{Home}{ArrowRight}");
  expect(current.value).toBe("two");
  expect(document.activeElement?.textContent).toBe("two");
  await userEvent.tab();
  expect(document.activeElement?.getAttribute("role")).not.toBe("tab");
});
