"""Walking through folders: in order, never in a circle, and whatever cannot be listed is told."""

import os
from pathlib import Path

from publisher.ingest import walk


def found(root: Path) -> list[str]:
    return [
        str(path.relative_to(root)) if isinstance(path, Path) else str(path.strerror)
        for path in walk.files(root, {".md"})
    ]


def test_files_come_by_path_folder_by_folder(tmp_path: Path) -> None:
    for name in ("b.md", "a/z.md", "a/b/c.md", "a.md", "c.txt", ".d/e.md", "é/f.md", "A.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    wanted = [".d/e.md", "A.md", "a/b/c.md", "a/z.md", "a.md", "b.md", "é/f.md"]
    assert found(tmp_path) == wanted == [str(path) for path in sorted(map(Path, wanted))]


def test_links_that_lead_in_a_circle_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "b.md").symlink_to(tmp_path)
    (tmp_path / "loop.md").symlink_to("loop.md")
    assert found(tmp_path) == ["a/b.md", "loop.md"]


def test_a_folder_whose_name_is_that_of_a_file_is_named_and_read(tmp_path: Path) -> None:
    (tmp_path / "a.md").mkdir()
    (tmp_path / "a.md" / "b.md").touch()
    assert found(tmp_path) == ["a.md", "a.md/b.md"]
    assert found(tmp_path / "a.md") == ["b.md"]


def test_a_folder_that_cannot_be_listed_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "z.md").touch()
    home = Path.cwd()
    # Deeper than a path may be long.
    os.chdir(tmp_path)
    for _ in range(20):
        Path("d" * 250).mkdir()
        os.chdir("d" * 250)
    os.chdir(home)
    assert found(tmp_path) == ["File name too long", "z.md"]
