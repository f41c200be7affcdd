"""Checkpoints: the one before is kept, one training at a time, and nothing else is written over."""

import errno
import os
import subprocess
import sys

import pytest

from chainrule.data import DataError
from chainrule.files import CheckpointPath, FileError, atomic, read_checkpoint
from chainrule.files.lock import Lock
from chainrule.files.tensors import to_bytes
from tests.files.files import a_checkpoint, a_model


def test_the_last_two_are_kept(tmp_path):
    path = tmp_path / "c"
    with CheckpointPath(path) as place:
        assert not place.exists
        for epoch in (1, 2, 3):
            place.save(a_checkpoint(epoch))
            assert place.load()[0].epoch == epoch
        assert (tmp_path / "c.lock").read_text() == f"{os.getpid()}\n"
    assert {file.name for file in tmp_path.iterdir()} == {"c", "c.previous"}
    assert read_checkpoint(tmp_path / "c.previous").epoch == 2
    found = read_checkpoint(path)
    assert found.network == a_checkpoint().network
    assert found.arrays["parameter.W1"].tobytes() == a_checkpoint(3).arrays["parameter.W1"].tobytes()


def test_where_links_are_not_known(tmp_path, monkeypatch):
    def fail(*arguments: object, **options: object) -> None:
        raise OSError(errno.EPERM, "no links")

    monkeypatch.setattr(os, "link", fail)
    with CheckpointPath(tmp_path / "c") as place:
        place.save(a_checkpoint(1))
        place.save(a_checkpoint(2))
    assert read_checkpoint(tmp_path / "c.previous").epoch == 1


def test_only_the_previous_one_is_left(tmp_path):
    with CheckpointPath(tmp_path / "c") as place:
        place.save(a_checkpoint(1))
        (tmp_path / "c").rename(tmp_path / "c.previous")
        assert place.exists
        found, told = place.load()
        assert found.epoch == 1
        assert told.endswith("is missing")


def test_both_are_damaged(tmp_path):
    with CheckpointPath(tmp_path / "c") as place:
        place.save(a_checkpoint(1))
        place.save(a_checkpoint(2))
        for name in ("c", "c.previous"):
            (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-1])
        with pytest.raises(DataError, match="cut off"):
            place.load()


def test_one_training_at_a_time(tmp_path):
    with CheckpointPath(tmp_path / "c"):
        with pytest.raises(FileError, match=rf"another training \(process {os.getpid()}\) is using .*c"):
            CheckpointPath(tmp_path / "c").__enter__()
        (tmp_path / "c.lock").write_text("\x1b[2J")
        with pytest.raises(FileError, match="another training is using") as caught:
            CheckpointPath(tmp_path / "c").__enter__()
        assert str(caught.value).isprintable()
    with CheckpointPath(tmp_path / "c"):
        pass


def test_the_same_file_by_two_names(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    with CheckpointPath(tmp_path / "there" / "c"), pytest.raises(FileError, match="another training"):
        CheckpointPath(tmp_path / "link" / "c").__enter__()


def test_the_lock_of_a_dead_process_is_none(tmp_path):
    code = "import sys, os, pathlib; from chainrule.files.lock import Lock\n"
    code += "Lock(pathlib.Path(sys.argv[1])).__enter__(); os.kill(os.getpid(), 9)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "c")], check=False, env=environment)
    assert (tmp_path / "c.lock").exists()
    with Lock(tmp_path / "c"):
        pass
    assert not (tmp_path / "c.lock").exists()


def test_a_lock_that_cannot_be_made(tmp_path):
    (tmp_path / "c.lock").mkdir()
    with pytest.raises(FileError, match=r"c.lock cannot be made: Is a directory"):
        Lock(tmp_path / "c").__enter__()


def test_a_lock_that_is_removed_while_it_is_taken(tmp_path, monkeypatch):
    lock, taken = Lock(tmp_path / "c"), []

    def take(descriptor: int) -> None:
        taken.append(descriptor)
        if len(taken) < 3:
            lock.path.unlink()

    monkeypatch.setattr(lock, "take", take)
    with lock:
        assert len(taken) == 3
    taken.clear()
    monkeypatch.setattr(lock, "take", lambda descriptor: lock.path.unlink())
    with pytest.raises(FileError, match="others take it again and again"):
        lock.__enter__()


def test_what_is_there_is_not_written_over(tmp_path):
    path = tmp_path / "c"
    with CheckpointPath(path) as place:
        place.check_free()
        place.save(a_checkpoint())
        with pytest.raises(FileError, match="there is a checkpoint already; --resume goes on from it"):
            place.check_free()
        path.unlink()
        path.with_name("c.previous").write_bytes(a_checkpoint().to_bytes())
        with pytest.raises(FileError, match="there is a checkpoint already"):
            place.check_free()
    for content in (b"mine", a_model().to_bytes()):
        path.write_bytes(content)
        with CheckpointPath(path) as place, pytest.raises(FileError, match="there is a file that is no checkpoint"):
            place.check_free()
    with pytest.raises(FileError, match="there is no directory"):
        CheckpointPath(tmp_path / "no" / "c")


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({}, "must hold just network, numbers, provenance, settings"),
        ({"network": {}, "numbers": {}, "provenance": {}, "settings": []}, "must hold just"),
        ({"network": {}, "numbers": {"t": -1}, "provenance": {}, "settings": {}}, "t must be a whole number"),
        ({"network": {}, "numbers": {"t": 1}, "provenance": {}, "settings": {"steps_per_epoch": 0}}, "steps_per_epoch"),
        ({"network": {}, "numbers": {"t": 1}, "provenance": {}, "settings": {"steps_per_epoch": 1}}, "no network file"),
    ],
)
def test_a_record_that_is_none(tmp_path, record, message):
    (tmp_path / "c").write_bytes(to_bytes("chainrule checkpoint 1", record, {}))
    with pytest.raises(FileError, match=message):
        read_checkpoint(tmp_path / "c")


def test_writes_that_lie_are_noticed(tmp_path, monkeypatch):
    written = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: written(descriptor, data[:-1]) + 1)
    with pytest.raises(FileError, match="something else than it was given"):
        atomic.write_file(tmp_path / "x", b"content", tmp_path / "x.new")
    monkeypatch.setattr(os, "write", lambda descriptor, data: 0)
    with pytest.raises(FileError, match="Input/output error"):
        atomic.write_file(tmp_path / "x", b"content", tmp_path / "x.new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("code", "fails"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_directories_that_cannot_be_synced(tmp_path, monkeypatch, code, fails):
    def fail(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):  # noqa: PTH112
            raise OSError(code, os.strerror(code))

    if not os.path.isdir("/proc/self/fd"):  # noqa: PTH112
        pytest.skip("needs /proc")
    monkeypatch.setattr(os, "fsync", fail)
    if fails:
        with pytest.raises(FileError, match="Input/output error"):
            atomic.write_file(tmp_path / "x", b"content", tmp_path / "x.new")
    else:
        atomic.write_file(tmp_path / "x", b"content", tmp_path / "x.new")
    assert (tmp_path / "x").read_bytes() == b"content"
