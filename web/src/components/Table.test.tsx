// The table under a pointer and a keyboard.
import { screen } from "@testing-library/dom";
import userEvent from "@testing-library/user-event";
import { render } from "preact";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Table } from "./Table";

const root = document.createElement("div");
const ROWS = [
  { name: "b", count: 2 },
  { name: "c", count: 10 },
  { name: "a", count: 1 },
];
const names = (): string[] => screen.getAllByRole("row").slice(1).map((row) => row.firstElementChild!.textContent!);

beforeEach(() => {
  document.body.append(root);
  render(<Table label="Letters" rows={ROWS} rowKey={({ name }) => name} columns={[{ name: "Name", show: ({ name }) => name, by: ({ name }) => name }, { name: "Count", show: ({ count }) => count, by: ({ count }) => count }, { name: "Plain", show: () => "" }]} />, root);
});
afterEach(() => {
  render(null, root);
  root.remove();
});

it("stands as it was given, then sorts figures from the largest and names from the first", async () => {
  expect(names()).toEqual(["b", "c", "a"]);
  await userEvent.click(screen.getByRole("button", { name: "Count" }));
  expect(names()).toEqual(["c", "b", "a"]);
  await userEvent.click(screen.getByRole("button", { name: "Count" }));
  expect(names()).toEqual(["a", "b", "c"]);
  expect(screen.getByRole("columnheader", { name: "Count" }).getAttribute("aria-sort")).toBe("ascending");
  screen.getByRole("button", { name: "Name" }).focus();
  await userEvent.keyboard("{Enter}");
  expect(names()).toEqual(["a", "b", "c"]);
  expect(screen.queryByRole("button", { name: "Plain" })).toBeNull();
});
