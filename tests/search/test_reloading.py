"""Following what is published, with fakes for what is opened, for the stamp and for the clock."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from search.errors import EngineClosed, StillOpening, Withdrawn
from search.reloading import Opening, Reloading


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
    unusable: bool = False
    opened: list[Opened] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    looks: int = 0
    now: float = 0.0

    def look(self) -> str:
        """The stamp."""
        self.looks += 1
        if self.stamp is None:
            raise LookupError("nothing published")
        return self.stamp

    def open(self, lent: Opened | None) -> Opening[Opened]:
        """What is published, opened, or lent on if it is that; an error, or nothing, if it is broken."""
        stamp = self.look()
        if self.unusable:
            return Opening(None, OSError(f"{stamp} cannot be used"))
        if stamp in self.broken:
            raise OSError(f"{stamp} is broken")
        if lent and lent.name == stamp:
            return Opening(lent)
        self.opened.append(Opened(stamp))
        return Opening(self.opened[-1])

    def following(self) -> Reloading[Opened]:
        """A `Reloading` that looks every second and tries failures again after ten."""
        return Reloading(
            open_current=self.open,
            stamp=self.look,
            check_every_s=1.0,
            retry_after_s=10.0,
            withdraw_after_s=60.0,
            report=self.failures.append,
            after_open=lambda resource: self.shown.append(resource.name),
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
    assert publisher.shown == ["1", "2"]


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
    assert publisher.shown == ["1"]
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


def test_what_cannot_be_used_any_more_is_lent_no_more(publisher: Publisher) -> None:
    """Nothing is better than something wrong: leases then raise why, until there is something to lend."""
    following = publisher.following()
    assert lent(following) == "1"
    publisher.stamp, publisher.unusable, publisher.now = "2", True, 1.0
    for _ in range(2):
        with pytest.raises(OSError, match="cannot be used"), following.lease():
            pytest.fail("there is nothing to lend")
    assert publisher.opened[0].closed == 1
    assert following.open_count == 0
    publisher.unusable, publisher.now = False, 12.0
    assert lent(following) == "2"
    assert following.failure is None


def test_what_is_lent_instead_is_a_failure_all_the_same(publisher: Publisher) -> None:
    """An opening may say why it isn't what is published: it is lent, the failure is told once, and tried again."""
    instead = Opened("0")
    tries: list[Opened | None] = []

    def open_instead(lent: Opened | None) -> Opening[Opened]:
        tries.append(lent)
        return Opening(instead, OSError("damaged"))

    publisher.open = open_instead  # type: ignore[method-assign]  # what is published is damaged
    following = publisher.following()
    for publisher.now in (0.0, 5.0, 10.0, 20.0):
        assert lent(following) == "0"
    assert tries == [None, instead, instead]
    assert [str(failure) for failure in publisher.failures] == ["damaged"]
    assert instead.closed == 0


def test_two_are_open_at_most(publisher: Publisher) -> None:
    """While what was replaced has a user, further ones wait; when it is given back, the newest is opened."""
    following = publisher.following()
    with following.lease():
        for number in range(2, 6):
            publisher.stamp, publisher.now = str(number), float(number)
            assert lent(following) == "2"
            assert following.open_count == 2
    publisher.now = 6.0
    assert lent(following) == "5"
    assert [resource.name for resource in publisher.opened] == ["1", "2", "5"]
    assert [resource.closed for resource in publisher.opened] == [1, 1, 0]
    assert following.open_count == 1


def test_who_takes_too_long_is_not_waited_for(publisher: Publisher) -> None:
    """A minute after it was replaced, a resource is closed under its user, once, and the newest is opened."""
    following = publisher.following()
    with following.lease() as slow:
        publisher.stamp, publisher.now = "2", 1.0
        assert lent(following) == "2"
        publisher.stamp, publisher.now = "3", 60.0
        assert lent(following) == "2"
        assert slow.closed == 0
        publisher.now = 61.0
        assert lent(following) == "3"
        assert slow.closed == 1
    assert [resource.closed for resource in publisher.opened] == [1, 1, 0]
    assert [type(failure) for failure in publisher.failures] == [Withdrawn]


def test_a_lease_waits_for_the_first_opening_and_never_again() -> None:
    """With a thread that follows, what is open is lent while the next is being opened, however long that takes."""
    may_open = threading.Semaphore(1)
    opened: list[Opened] = []
    stamp = ["1"]

    def open_slowly(_lent: Opened | None) -> Opening[Opened]:
        may_open.acquire()
        opened.append(Opened(stamp[0]))
        return Opening(opened[-1])

    following = Reloading(open_current=open_slowly, stamp=lambda: stamp[0], check_every_s=0.001)
    following.start()
    assert lent(following) == "1"
    stamp[0] = "2"
    assert [lent(following) for _ in range(100)] == ["1"] * 100
    may_open.release()
    while lent(following) != "2":
        pass
    following.close()
    assert [resource.closed for resource in opened] == [1, 1]
    with pytest.raises(EngineClosed), following.lease():
        pytest.fail("it is closed")


def test_a_first_opening_that_takes_long_is_said_to() -> None:
    """A lease does not wait for ever: it says that there will be something soon."""
    may_open = threading.Event()

    def open_slowly(_lent: Opened | None) -> Opening[Opened]:
        may_open.wait()
        return Opening(Opened("1"))

    following = Reloading(open_current=open_slowly, stamp=lambda: "1", check_every_s=0.001, patience_s=0.01)
    following.start()
    with pytest.raises(StillOpening), following.lease():
        pytest.fail("nothing is open")
    may_open.set()
    following.start(wait_s=10)
    assert lent(following) == "1"
    following.close()


@pytest.mark.parametrize("in_background", [False, True])
def test_many_threads_never_get_a_closed_resource(in_background: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """While generations are published as fast as possible, every lease is of an open resource and all others close."""
    publisher = Publisher()
    following = Reloading(open_current=publisher.open, stamp=publisher.look, check_every_s=0.0)
    if in_background:
        following.start()
    closed_while_lent: list[str] = []
    most_open = 0

    def read() -> None:
        nonlocal most_open
        for _ in range(300):
            with following.lease() as resource:
                most_open = max(most_open, following.open_count)
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
    assert most_open <= 2
    assert {resource.closed for resource in publisher.opened} == {1}
