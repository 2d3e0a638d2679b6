// Who gets a key: the control that has the focus, then the part of the page, then the page.
import { render } from "preact";
import userEvent from "@testing-library/user-event";
import { screen } from "@testing-library/dom";
import { useRef } from "preact/hooks";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { startKeyboard, useShortcuts } from "./keyboard";

const root = document.createElement("div");
let ran: string[] = [];

function Probe() {
  const list = useRef<HTMLDivElement>(null);
  const shortcut = (key: string) => ({ keys: [key], label: key, group: "Test", run: () => void ran.push(key) });
  useShortcuts(() => ["Enter", " ", "ArrowDown", "Home", "j", "g s"].map(shortcut), [], list);
  return (
    <>
      <div ref={list} tabIndex={0} data-testid="list">
        <a href="#there" onClick={(event) => { event.preventDefault(); ran.push("link"); }}>link</a>
        <button type="button" onClick={() => ran.push("button")}>button</button>
        <input aria-label="text" />
        <details><summary>more</summary>text</details>
        <div role="slider" aria-label="slider" tabIndex={0} />
      </div>
      <pre tabIndex={0} data-testid="elsewhere">text</pre>
    </>
  );
}

beforeAll(startKeyboard);
beforeEach(() => {
  ran = [];
  document.body.append(root);
  render(<Probe />, root);
});
afterEach(() => {
  render(null, root);
  root.remove();
});

async function press(element: HTMLElement | null, keys: string): Promise<string[]> {
  (document.activeElement as HTMLElement | null)?.blur();
  element?.focus();
  await userEvent.keyboard(keys);
  return ran;
}

it("leaves Enter to a link and a button", async () => {
  expect(await press(screen.getByText("link"), "{Enter}")).toEqual(["link"]);
  ran = [];
  expect(await press(screen.getByText("button"), "{Enter}")).toEqual(["button"]);
  ran = [];
  expect(await press(screen.getByText("button"), " ")).toEqual(["button"]);
  ran = [];
  expect(await press(screen.getByText("more"), "{Enter}")).toEqual([]);
});

it("takes letters and moves from a focused link, which has no use for them", async () => {
  expect(await press(screen.getByText("link"), "j{ArrowDown}gs")).toEqual(["j", "ArrowDown", "g s"]);
});

it("leaves every key to who types, and moves to a slider", async () => {
  expect(await press(screen.getByLabelText("text"), "j {Enter}{ArrowDown}")).toEqual([]);
  expect(await press(screen.getByLabelText("slider"), "{ArrowDown}{Home}j")).toEqual(["j"]);
});

it("moves and opens only where the focus is, or when it is nowhere", async () => {
  expect(await press(null, "{ArrowDown}{Enter}")).toEqual(["ArrowDown", "Enter"]);
  ran = [];
  expect(await press(screen.getByTestId("list"), "{ArrowDown}{Enter} ")).toEqual(["ArrowDown", "Enter", " "]);
  ran = [];
  expect(await press(screen.getByTestId("elsewhere"), "{ArrowDown}{Enter} j")).toEqual(["j"]);
});

it("takes no key with a modifier", async () => {
  expect(await press(null, "{Control>}j{/Control}{Meta>}{Enter}{/Meta}")).toEqual([]);
});
