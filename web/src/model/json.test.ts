// JSON set with line breaks says what was sent, digit by digit.
import { expect, it } from "vitest";
import { indentJson } from "./json";

it.each([
  ['{"id":12345678901234567890,"f":1.0,"e":1e400}', '{\n  "id": 12345678901234567890,\n  "f": 1.0,\n  "e": 1e400\n}'],
  ['{"a":[],"b":{},"c":[1,{"d":"x, {y}: \\"z\\""}]}', '{\n  "a": [],\n  "b": {},\n  "c": [\n    1,\n    {\n      "d": "x, {y}: \\"z\\""\n    }\n  ]\n}'],
  ['  [ true ,null ]', "[\n  true,\n  null\n]"],
  ['{"a":1,"a":2}', '{\n  "a": 1,\n  "a": 2\n}'],
])("%s", (text, indented) => expect(indentJson(text)).toBe(indented));

it.each(["plain", "{not json}", '"text"', "12", ""])("leaves %j alone", (text) => expect(indentJson(text)).toBeNull());
