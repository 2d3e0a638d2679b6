"""A trace drawn as an indented tree, so that expectation and failure can be read."""

from query_api import Span


def draw(spans: list[Span], roles: dict[str, str]) -> str:
    """One line per span, `role kind name`, children indented under their parent.

    `roles` maps service names to what the drawing calls them. Siblings are
    sorted by their drawing, since the clocks of two SDKs do not order them. A
    span whose parent is missing is drawn at the left under `missing parent`.
    """
    children: dict[str, list[Span]] = {}
    for span in spans:
        children.setdefault(span.parent_id, []).append(span)

    def subtrees(parent_id: str, depth: int) -> list[str]:
        drawn = []
        for span in children.get(parent_id, []):
            line = f"{'  ' * depth}{roles[span.service]} {span.kind} {span.name}"
            drawn.append("\n".join([line, *subtrees(span.span_id, depth + 1)]))
        return sorted(drawn)

    present = {span.span_id for span in spans} | {""}
    assert len(present) == len(spans) + 1, "two spans share an id"
    lines = subtrees("", 0)
    for parent_id in sorted(children.keys() - present):
        lines += ["missing parent", *subtrees(parent_id, 1)]
    return "\n".join(lines)


def size(tree: str) -> int:
    """How many spans a drawing has."""
    return len(tree.strip().splitlines())
