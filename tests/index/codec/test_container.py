"""The file of named arrays: what goes in comes out, in place, and nothing else is taken for it."""

from __future__ import annotations

import gc
import struct
import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from index.codec.container import ALIGNMENT, FORMAT_VERSION, MAGIC, ArrayFile, ArrayFileWriter, DamagedFile, FileVersion

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

TYPES = ("u1", "<u2", "<u4", "<u8", "i1", "<i2", "<i4", "<i8", "<f4", "<f8")


class KeptOpen(BytesIO):
    """A file in memory whose content can be read after it was closed."""

    content = b""

    def close(self) -> None:
        """Keep the content."""
        self.content = self.getvalue()
        super().close()


def written(arrays: dict[str, NDArray[Any]], about: dict[str, Any] | None = None) -> bytes:
    """The bytes of a file of these arrays."""
    file = KeptOpen()
    writer = ArrayFileWriter(file)
    for name, array in arrays.items():
        writer.add(name, array)
    writer.close(about or {})
    return file.content


A_FILE = written(
    {"a": np.arange(5, dtype=np.uint16), "b": np.zeros((0, 3), np.uint8), "c": np.ones(3)}, {"of": "sorts"}
)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=5),
        st.sampled_from(TYPES).flatmap(
            lambda code: arrays_of.arrays(np.dtype(code), arrays_of.array_shapes(min_side=0))
        ),
        max_size=4,
    ),
    st.dictionaries(st.text(max_size=3), st.integers(0, 2**63), max_size=3),
)
def test_what_is_written_is_read(arrays: dict[str, NDArray[Any]], about: dict[str, Any]) -> None:
    """Every array comes back in its type, shape and order, and so does what was said of the file."""
    file = ArrayFile("a file", written(arrays, about))
    file.check()
    assert file.names == tuple(arrays)
    assert file.about == about
    for name, array in arrays.items():
        assert name in file
        assert file[name].dtype == array.dtype
        assert file[name].shape == array.shape
        assert file[name].tobytes() == array.tobytes()


def test_arrays_lie_in_the_file_aligned_and_cannot_be_written_to(tmp_path: Path) -> None:
    """A mapped array is the file's own memory: no copy, at a multiple of 64 bytes, read-only."""
    path = tmp_path / "arrays"
    path.write_bytes(A_FILE)
    file = ArrayFile.map(path)
    assert not file["a"].flags.owndata
    assert not file["a"].flags.writeable
    assert file["a"].ctypes.data % ALIGNMENT == 0
    assert file["a"] is file["a"]


def test_a_map_is_not_closed_under_its_arrays(tmp_path: Path) -> None:
    """An array stays as it is after its file was closed and forgotten, and after it was deleted."""
    path = tmp_path / "arrays"
    path.write_bytes(written({"a": np.arange(100_000)}))
    file = ArrayFile.map(path)
    array = file["a"]
    file.close()
    path.unlink()
    del file
    gc.collect()
    assert int(array.sum()) == 4_999_950_000


def test_an_array_may_come_in_parts() -> None:
    """Parts one after the other are one array; parts that don't fill it are refused, as is a second of its name."""
    file = KeptOpen()
    writer = ArrayFileWriter(file)
    writer.add_parts("a", np.dtype(np.uint32), (5,), [np.arange(2), np.zeros(0), np.arange(3)])
    with pytest.raises(ValueError, match="two arrays are named a"):
        writer.add("a", np.zeros(1))
    writer.close({})
    assert ArrayFile("a file", file.content)["a"].tolist() == [0, 1, 0, 1, 2]
    with pytest.raises(ValueError, match=r"4 bytes don't make an array b of shape \(2,\)"):
        ArrayFileWriter(BytesIO()).add_parts("b", np.dtype(np.uint32), (2,), [np.arange(1)])


def test_the_stamp_stands_for_the_content() -> None:
    """Two files have one stamp if they say the same, and another if a single number differs."""
    file, same = ArrayFile("", written({"a": np.arange(9)})), ArrayFile("", written({"a": np.arange(9)}))
    other = ArrayFile("", written({"a": np.arange(1, 10)}))
    assert file.stamp == same.stamp != other.stamp


@pytest.mark.parametrize("at", range(len(A_FILE)))
def test_a_flipped_bit_is_noticed_wherever_it_is(at: int) -> None:
    """Each byte of a file counts: magic, padding, arrays, directory, trailer."""
    damaged = bytearray(A_FILE)
    damaged[at] ^= 1 << (at % 8)
    with pytest.raises(DamagedFile, match="a file: "):
        ArrayFile("a file", bytes(damaged)).check()


@pytest.mark.parametrize("size", [0, 1, 7, 8, 27, 36, 64, 200, len(A_FILE) - 1])
def test_a_file_cut_short_is_refused(size: int) -> None:
    """No part of a file is taken for a file."""
    with pytest.raises(DamagedFile):
        ArrayFile("a file", A_FILE[:size])


@pytest.mark.parametrize("more", [b"\0", MAGIC, A_FILE])
def test_a_file_with_more_behind_it_is_refused(more: bytes) -> None:
    """Nothing may follow the trailer, not even another file."""
    with pytest.raises(DamagedFile):
        ArrayFile("a file", A_FILE + more)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    """A file of no bytes cannot be mapped, and that is said as of any damage."""
    (tmp_path / "nothing").write_bytes(b"")
    with pytest.raises(DamagedFile, match="nothing: is empty"):
        ArrayFile.map(tmp_path / "nothing")


def test_a_file_of_another_version_is_refused_with_the_remedy() -> None:
    """Another version's file is told from a damaged one, and the message ends with what to do."""
    start, length, crc, _, magic = struct.unpack("<QIII8s", A_FILE[-28:])
    newer = A_FILE[:-28] + struct.pack("<QIII8s", start, length, crc, FORMAT_VERSION + 1, magic)
    with pytest.raises(FileVersion, match=r"build the index anew from the archive$") as refused:
        ArrayFile("a file", newer)
    assert refused.value.found == FORMAT_VERSION + 1


def test_an_array_that_is_not_there_is_damage() -> None:
    """Whoever asks for an array knows that it should be there."""
    with pytest.raises(DamagedFile, match="a file: has no array d"):
        ArrayFile("a file", A_FILE)["d"]


def forged(entry: list[Any]) -> bytes:
    """A file of one array of 64 bytes whose directory, though of the right checksum, says this of it."""
    content = MAGIC + bytes(56) + bytes(64)
    directory = msgspec.json.encode({"arrays": {"a": entry}, "about": {}})
    trailer = struct.pack("<QIII8s", len(content), len(directory), zlib.crc32(directory), FORMAT_VERSION, MAGIC)
    return content + directory + trailer


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        pytest.param(["<u4", [17], 64, 68, 0], "don't end where", id="runs into the directory"),
        pytest.param(["<u4", [2**40], 64, 2**42, 0], "don't end where", id="runs out of the file"),
        pytest.param(["<u4", [16], 128, 64, 0], "wrong place", id="begins too late"),
        pytest.param(["<u4", [16], 0, 64, 0], "wrong place", id="begins on the magic"),
        pytest.param(["<u4", [16], -64, 64, 0], "wrong place", id="begins before the file"),
        pytest.param(["<u4", [15], 64, 64, 0], "no possible type", id="size is not of its shape"),
        pytest.param(["<u4", [-4, -4], 64, 64, 0], "no possible type", id="negative sides"),
        pytest.param(["|O", [8], 64, 64, 0], "no possible type", id="objects"),
        pytest.param([">u4", [16], 64, 64, 0], "no possible type", id="big end first"),
        pytest.param(["nonsense", [16], 64, 64, 0], "no possible type", id="no type"),
        pytest.param(["<u4", [16]], "cannot be read", id="not an entry"),
        pytest.param(["<u4", "16", 64, 64, 0], "cannot be read", id="no shape"),
    ],
)
def test_a_forged_directory_is_refused(entry: list[Any], problem: str) -> None:
    """No directory makes an array of memory that is not the file's: types, shapes and places are checked."""
    with pytest.raises(DamagedFile, match=problem):
        ArrayFile("a file", forged(entry))


def test_the_forger_could_have_written_a_sound_file() -> None:
    """The forged files above are refused for their entries alone."""
    assert ArrayFile("a file", forged(["<u4", [16], 64, 64, zlib.crc32(bytes(64))]))["a"].sum() == 0
