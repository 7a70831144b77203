# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import errno
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastw2v.persistence.atomic import atomic_file

posix_only = pytest.mark.skipif(os.name != "posix", reason="POSIX permissions, links or limits")


def write(path: Path, content: bytes) -> None:
    with atomic_file(path) as file:
        file.write(content)


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    path = tmp_path / "vectors.bin"
    path.write_bytes(b"old")
    return path


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def assert_untouched(path: Path) -> None:
    assert path.read_bytes() == b"old"
    assert names_in(path.parent) == [path.name], "a temporary file was left behind"


def test_a_new_file_is_created_with_its_content_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "new", b"content")
    assert (tmp_path / "new").read_bytes() == b"content"
    assert names_in(tmp_path) == ["new"]


def test_an_old_file_is_replaced_by_shorter_content(old_file: Path) -> None:
    write(old_file, b"x")
    assert old_file.read_bytes() == b"x"


def test_readers_see_the_old_content_until_the_block_ends(old_file: Path) -> None:
    with atomic_file(old_file) as file:
        file.write(b"new")
        file.flush()
        assert old_file.read_bytes() == b"old"
    assert old_file.read_bytes() == b"new"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_any_error_in_the_block_leaves_the_old_file(
    old_file: Path, error: type[BaseException]
) -> None:
    def write_and_fail() -> None:
        with atomic_file(old_file) as file:
            file.write(b"half of it")
            raise error

    with pytest.raises(error):
        write_and_fail()
    assert_untouched(old_file)


@posix_only
@pytest.mark.parametrize("size", [3_000, 3_000_000], ids=["buffered", "written at once"])
def test_a_full_disk_leaves_the_old_file(old_file: Path, size: int) -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        with pytest.raises(OSError, match="large") as caught:
            write(old_file, bytes(size))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.errno == errno.EFBIG
    assert_untouched(old_file)


@pytest.fixture
def unprivileged_directory() -> Iterator[Path]:
    """A read-only directory, and an effective user whom that stops (root would be let through)."""
    directory = Path(tempfile.mkdtemp())
    (directory / "vectors.bin").write_bytes(b"old")
    directory.chmod(0o555)
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    try:
        yield directory
    finally:
        if was_root:
            os.seteuid(0)
        directory.chmod(0o755)
        (directory / "vectors.bin").unlink()
        directory.rmdir()


@posix_only
def test_a_directory_without_write_permission_leaves_the_old_file(
    unprivileged_directory: Path,
) -> None:
    path = unprivileged_directory / "vectors.bin"
    with pytest.raises(PermissionError, match=r"vectors\.bin"):
        write(path, b"new")
    assert_untouched(path)


def test_a_missing_directory_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"vectors\.bin"):
        write(tmp_path / "missing" / "vectors.bin", b"x")


def test_a_directory_as_target_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=str(tmp_path.name)):
        write(tmp_path, b"x")
    assert names_in(tmp_path) == []


@posix_only
def test_a_symbolic_link_stays_a_link(old_file: Path) -> None:
    link = old_file.with_name("link")
    link.symlink_to(old_file)
    write(link, b"new")
    assert link.is_symlink()
    assert old_file.read_bytes() == b"new"


@posix_only
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_the_permissions_of_the_old_file_are_kept(old_file: Path, mode: int) -> None:
    old_file.chmod(mode)
    write(old_file, b"new")
    assert stat.S_IMODE(old_file.stat().st_mode) == mode


@posix_only
def test_a_new_file_follows_the_umask(tmp_path: Path) -> None:
    old_umask = os.umask(0o027)
    try:
        write(tmp_path / "new", b"x")
    finally:
        os.umask(old_umask)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is a Linux device")
def test_a_device_is_written_to_and_not_replaced() -> None:
    with pytest.raises(OSError, match="space") as caught:
        write(Path("/dev/full"), b"x")
    assert caught.value.errno == errno.ENOSPC
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)
