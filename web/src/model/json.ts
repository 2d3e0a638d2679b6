//! JSON in texts of spans, set with line breaks. It works on the text and not on what it means: digits
//! beyond 2^53, `1.0` and repeated keys stay as they were sent.

const INDENT = "  ";
/** Longer texts are shown as they are. */
const MAX_LENGTH = 200_000;

/** The same document with line breaks, or null for a text that is no JSON object or list. */
export function indentJson(text: string): string | null {
  if (!/^\s*[{[]/.test(text) || text.length > MAX_LENGTH) return null;
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  let [result, depth] = ["", 0];
  const line = (): string => `\n${INDENT.repeat(depth)}`;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs)) {
    if (token === "{" || token === "[") {
      depth++;
      result += token + line();
    } else if (token === "}" || token === "]") {
      depth--;
      // Nothing in it stays on one line.
      result = /[{[]\s*$/.test(result) ? result.trimEnd() + token : result + line() + token;
    } else if (token === ",") result += token + line();
    else result += token === ":" ? ": " : token;
  }
  return result;
}
