//! Keeps a fault of one part of a page from taking the rest with it, and shows what went wrong.

import { Component, type ComponentChildren, type VNode } from "preact";

interface ErrorBoundaryProps {
  /** What failed, for people: "The trace page". */
  part: string;
  children: ComponentChildren;
}

export class ErrorBoundary extends Component<ErrorBoundaryProps, { error: Error | null }> {
  override state = { error: null as Error | null };

  override componentDidCatch(error: Error): void {
    // Also for whoever reads the console to report it.
    console.error(error);
    this.setState({ error });
  }

  override render(): ComponentChildren | VNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <div class="state" role="alert">
        <h2>{this.props.part} has a fault</h2>
        <p>{error.message}</p>
        <button type="button" class="button" onClick={() => location.reload()}>
          Reload the page
        </button>
      </div>
    );
  }
}
