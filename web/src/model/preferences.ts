//! Choices that are remembered in this browser. Storage may be forbidden; a choice then holds until
//! the page is closed. It must never hold anything from spans.

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Nothing to do: the choice holds for this page.
  }
}

export function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
