"""The store of answers: bounded, shared by processes, and whole whatever kills them (F9)."""

import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any

from pack_sync.http.stored_answers import LONGEST_AGE_SECONDS, StoredAnswers
from tests.http.validating_service import answers_below

MB = 1024 * 1024


def store(folder: Path, *, max_bytes: int = 16 * MB, account: str = "one") -> StoredAnswers:
    """The store of an account, as a new process opens it."""
    return StoredAnswers(folder, [account], max_bytes)


def keep(answers: StoredAnswers, name: str, body: bytes) -> None:
    """Keep an answer."""
    answers.keep([name.encode()], {"etag": f'"{name}"'}, body)


def found(answers: StoredAnswers, name: str) -> bytes | None:
    """The body that is kept under a name."""
    stored = answers.find([name.encode()])
    return answers.body_of(stored) if stored else None


def size_of(folder: Path) -> int:
    """The bytes of all answers."""
    return sum(path.stat().st_size for path in answers_below(folder))


def age(path: Path, seconds: float) -> None:
    """Let a file be older."""
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


def test_an_answer_is_found_by_its_request(tmp_path: Path) -> None:
    """And by nothing that reads alike; the newest of a request is kept (F9)."""
    answers = store(tmp_path)
    answers.keep([b"ab", b"c"], {"etag": '"1"', "x": "é"}, b"old")
    answers.keep([b"ab", b"c"], {"etag": '"2"', "x": "é" * 9_000}, b"new")
    later = store(tmp_path)
    stored = later.find([b"ab", b"c"])
    assert stored is not None
    assert stored.headers == {"etag": '"2"', "x": "é" * 9_000}
    assert later.body_of(stored) == b"new"
    assert len(answers_below(tmp_path)) == 1
    assert answers.find([b"a", b"bc"]) is None
    assert store(tmp_path, account="other").find([b"ab", b"c"]) is None
    answers.forget(stored)
    assert answers.find([b"ab", b"c"]) is None


def test_the_room_is_kept_to(tmp_path: Path) -> None:
    """At no time is there more, and what was confirmed last stays longest (F9)."""
    answers = store(tmp_path, max_bytes=MB)
    for number in range(40):
        keep(answers, str(number), bytes(60_000))
        for path in answers_below(tmp_path):
            age(path, 10)  # the clock goes on
        assert found(answers, "0") is not None
        assert size_of(tmp_path) <= MB
    kept = [number for number in range(40) if found(answers, str(number)) is not None]
    assert kept == [0, *range(40 - len(kept) + 1, 40)]
    assert len(kept) >= 14
    keep(answers, "huge", bytes(MB // 16))
    assert found(answers, "huge") is None


def test_small_answers_take_a_block_each(tmp_path: Path) -> None:
    """A million of them would fill a disk that their bytes do not (F9)."""
    answers = store(tmp_path, max_bytes=MB)
    for number in range(400):
        keep(answers, str(number), b"1")
    assert len(answers_below(tmp_path)) <= MB // 4096


def test_processes_that_were_killed_add_up_to_nothing(tmp_path: Path) -> None:
    """Each that begins makes room first, before it adds to what those before have left (F9)."""
    for number in range(40):
        keep(store(tmp_path, max_bytes=MB), str(number), bytes(60_000))
    assert size_of(tmp_path) <= MB


def test_what_is_old_goes(tmp_path: Path) -> None:
    """Answers, those of earlier credentials too, and what a killed process wrote halfway (F9)."""
    for account in ("earlier", "one"):
        keep(store(tmp_path, account=account), "old", b"1")
    for path in answers_below(tmp_path):
        age(path, LONGEST_AGE_SECONDS + 10)
        (path.parent / ".tmp-left").touch()
        (path.parent / ".tmp-new").touch()
        age(path.parent / ".tmp-left", 4_000)
    keep(store(tmp_path), "new", b"1")
    names = sorted(path.name for path in answers_below(tmp_path))
    assert names[:2] == [".tmp-new", ".tmp-new"]
    assert len(names) == 3


def write_and_read(folder: Path, number: int, go: Any) -> None:
    """In a process of its own: all write the same requests, each its own bodies."""
    go.wait()
    answers = store(folder, max_bytes=MB)
    for turn in range(150):
        name = str(turn % 7)
        keep(answers, name, f"{name} {number} {turn} ".encode() * 900)
        body = found(answers, name)
        if body is not None:
            words = body.split()
            assert words[0].decode() == name
            assert body == b" ".join([*words[:3], b""]) * 900


def processes(folder: Path, count: int) -> tuple[list[Any], Any]:
    """Processes that begin at once, when told to."""
    context = multiprocessing.get_context("spawn")
    go = context.Event()
    started = [
        context.Process(target=write_and_read, args=(folder, number, go)) for number in range(count)
    ]
    for process in started:
        process.start()
    return started, go


def test_processes_share_a_store(tmp_path: Path) -> None:
    """With one key, whoever makes it; each finds whole answers only (F9)."""
    started, go = processes(tmp_path / "answers", 3)
    go.set()
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0, 0, 0]
    folders = [path for path in (tmp_path / "answers").iterdir() if path.is_dir()]
    assert len(folders) == 1
    answers = store(tmp_path / "answers")
    assert all(found(answers, str(name)) for name in range(7))


def test_a_kill_leaves_no_lie(tmp_path: Path) -> None:
    """Whenever it comes, answers are whole or not there (F9)."""
    started, go = processes(tmp_path / "answers", 2)
    go.set()
    until = time.monotonic() + 30
    while not answers_below(tmp_path / "answers"):
        assert time.monotonic() < until
    for process in started:
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    answers = store(tmp_path / "answers")
    for name in range(7):
        body = found(answers, str(name))
        assert body is None or body.startswith(f"{name} ".encode())
    keep(answers, "0", b"1")
    assert found(answers, "0") == b"1"


def test_a_file_that_was_cut_is_unknown(tmp_path: Path) -> None:
    """At every length: a disk that lost its power may keep any part of it (F9)."""
    answers = store(tmp_path)
    keep(answers, "a", b"body")
    (path,) = answers_below(tmp_path)
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        assert found(answers, "a") is None
    path.write_bytes(content + b"more")
    assert found(answers, "a") is None
    path.write_bytes(b"\xff" * 5_000)
    assert found(answers, "a") is None
