"""docs/spec-map.md: every block has its place, and every file that it names is there."""

import re

from conftest import REPOSITORY

MAP = REPOSITORY / "docs" / "spec-map.md"
LINK = re.compile(r"\]\(([^)]+)\)")


def test_every_block_has_its_place() -> None:
    text = MAP.read_text()
    headings = re.findall(r"^### (\d\d) ", text, re.MULTILINE)
    assert headings == [f"{number:02}" for number in range(2, 34)]
    assert "**01, the tree" in text


def test_every_link_leads_somewhere() -> None:
    text = MAP.read_text()
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for target in LINK.findall(text):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        else:
            assert (MAP.parent / target).exists(), target


def test_every_program_is_named_and_explained() -> None:
    text = MAP.read_text()
    for language, programs in [("node", "*.mjs"), ("python", "*.py"), ("rust", "src/bin/*.rs")]:
        folder = REPOSITORY / "examples" / language
        readme = (folder / "README.md").read_text()
        for program in folder.glob(programs):
            assert f"`{program.name}`" in readme, f"{program.name} is not in its README"
            # What the others share is not what anyone looks for.
            if program.stem not in {"sdk", "keep-errors-processor", "keep_errors_processor"}:
                assert f"{language}/{program.name}" in text, f"{program.name} is not in the map"


# The blocks on automatic spans and middleware, samplers, and processors.
WITH_RUST = ["06", "07", "21", "22", "23", "24", "25", "26", "27"]


def test_middleware_samplers_and_processors_have_a_counterpart_in_rust() -> None:
    blocks = re.split(r"^### ", MAP.read_text(), flags=re.MULTILINE)
    for number in WITH_RUST:
        [block] = [block for block in blocks if block.startswith(f"{number} ")]
        assert "](../examples/rust/" in block, f"block {number} names nothing in Rust"


def test_every_service_is_named_and_explained() -> None:
    text = MAP.read_text()
    folder = REPOSITORY / "examples" / "rust"
    readme = (folder / "README.md").read_text()
    for service in (folder / "services").iterdir():
        assert f"(services/{service.name})" in readme, f"{service.name} is not in the README"
        assert f"rust/services/{service.name}" in text, f"{service.name} is not in the map"
        assert (service / "README.md").exists(), f"{service.name} has no README"
