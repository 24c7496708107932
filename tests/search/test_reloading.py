"""Following what is published, with fakes for what is opened, for the stamp and for the clock."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from search.errors import EngineClosed
from search.reloading import Reloading


@dataclass
class Opened:
    """A resource that knows its name and whether it was closed."""

    name: str
    closed: int = 0

    def close(self) -> None:
        """Count."""
        self.closed += 1


@dataclass
class Publisher:
    """What is published now, all that was opened of it, and a clock that stands still."""

    stamp: str | None = "1"
    broken: set[str] = field(default_factory=set)
    opened: list[Opened] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    looks: int = 0
    now: float = 0.0

    def look(self) -> str:
        """The stamp."""
        self.looks += 1
        if self.stamp is None:
            raise LookupError("nothing published")
        return self.stamp

    def open(self) -> Opened:
        """Open what is published."""
        stamp = self.look()
        if stamp in self.broken:
            raise OSError(f"{stamp} is broken")
        self.opened.append(Opened(stamp))
        return self.opened[-1]

    def following(self) -> Reloading[Opened]:
        """A `Reloading` that looks every second and tries failures again after ten."""
        return Reloading(
            open_current=self.open,
            stamp=self.look,
            check_every_s=1.0,
            retry_after_s=10.0,
            report=self.failures.append,
            clock=lambda: self.now,
        )


@pytest.fixture
def publisher() -> Publisher:
    """A publisher that has published "1"."""
    return Publisher()


def lent(following: Reloading[Opened]) -> str:
    """The name of what is lent now."""
    with following.lease() as resource:
        return resource.name


def test_what_is_unchanged_is_opened_once_and_looked_at_no_more_often_than_asked(publisher: Publisher) -> None:
    """Many leases within the interval cost one look and one opening."""
    following = publisher.following()
    assert [lent(following) for _ in range(5)] == ["1"] * 5
    assert len(publisher.opened) == 1
    looks = publisher.looks
    publisher.now = 1.5
    assert lent(following) == "1"
    assert publisher.looks == looks + 1


def test_a_new_stamp_is_followed_after_the_interval(publisher: Publisher) -> None:
    """The next lease after the interval gets what was published meanwhile, and the old one is closed."""
    following = publisher.following()
    assert lent(following) == "1"
    publisher.stamp = "2"
    assert lent(following) == "1"
    publisher.now = 1.0
    assert lent(following) == "2"
    assert [resource.closed for resource in publisher.opened] == [1, 0]


def test_the_old_resource_is_closed_after_its_last_user(publisher: Publisher) -> None:
    """Who has a lease keeps it whole, however many are published meanwhile."""
    following = publisher.following()
    with following.lease() as first, following.lease() as same:
        publisher.stamp, publisher.now = "2", 1.0
        assert lent(following) == "2"
        assert first is same
        assert first.closed == 0
    assert [resource.closed for resource in publisher.opened] == [1, 0]


def test_what_cannot_be_opened_leaves_the_old_one_answering(publisher: Publisher) -> None:
    """A broken generation is reported once, tried again later, and replaced by the next good one."""
    following = publisher.following()
    assert lent(following) == "1"
    publisher.stamp, publisher.broken = "2", {"2"}
    for publisher.now in (1.0, 2.0, 3.0, 12.0):
        assert lent(following) == "1"
    assert isinstance(following.failure, OSError)
    assert len(publisher.failures) == 1
    publisher.broken = set()
    publisher.now = 30.0
    assert lent(following) == "2"
    assert following.failure is None


def test_going_back_to_what_is_lent_is_no_failure(publisher: Publisher) -> None:
    """When the pointer names again what is open, nothing is opened and nothing is wrong."""
    following = publisher.following()
    assert lent(following) == "1"
    publisher.stamp, publisher.broken, publisher.now = "2", {"2"}, 1.0
    assert lent(following) == "1"
    publisher.stamp, publisher.now = "1", 2.0
    assert lent(following) == "1"
    assert following.failure is None
    assert len(publisher.opened) == 1


def test_nothing_published_raises_until_something_is(publisher: Publisher) -> None:
    """The first look's error is everybody's until the next look finds something."""
    publisher.stamp = None
    following = publisher.following()
    for _ in range(2):
        with pytest.raises(LookupError, match="nothing published"), following.lease():
            pytest.fail("there is nothing to lend")
    assert len(publisher.failures) == 1
    publisher.stamp, publisher.now = "1", 1.0
    assert lent(following) == "1"


def test_a_closed_one_lends_nothing_more(publisher: Publisher) -> None:
    """Closing closes what is lent after its last user, and may be done twice."""
    following = publisher.following()
    with following.lease() as resource:
        following.close()
        following.close()
        assert resource.closed == 0
    assert resource.closed == 1
    with pytest.raises(EngineClosed), following.lease():
        pytest.fail("it is closed")


def test_many_threads_never_get_a_closed_resource() -> None:
    """While generations are published as fast as possible, every lease is of an open resource and all others close."""
    publisher = Publisher()
    following = Reloading(open_current=publisher.open, stamp=publisher.look, check_every_s=0.0)
    closed_while_lent: list[str] = []

    def read() -> None:
        for _ in range(300):
            with following.lease() as resource:
                if resource.closed:
                    closed_while_lent.append(resource.name)

    readers = [threading.Thread(target=read) for _ in range(8)]
    for reader in readers:
        reader.start()
    number = 1
    while any(reader.is_alive() for reader in readers):
        number += 1
        publisher.stamp = str(number)
    for reader in readers:
        reader.join()
    following.close()
    assert closed_while_lent == []
    assert {resource.closed for resource in publisher.opened} == {1}
