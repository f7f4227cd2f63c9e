"""Fingerprints: a set that forgets nothing it was given, errs as seldom as it says, and believes no stranger."""

from __future__ import annotations

import contextlib
import hashlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersong.errors import InstrumentFileError
from undersong.keeping import fingerprints
from undersong.keeping.fingerprints import WINDOW, Fingerprints, digests, digests_in_parts, mixed, rolled


def letters(text):
    return np.array([ord(letter) for letter in text], np.uint32)


def noise(length, seed, kinds=40):
    return np.random.default_rng(seed).integers(0, kinds, length).astype(np.uint32)


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 33))
def test_a_digest_is_that_of_the_window_alone(elements, length):
    """Wherever it stands, and by the formula: a polynomial of mixed elements, mixed."""
    found = digests(np.array(elements, np.uint64), length).tolist()
    windows = [elements[at : at + length] for at in range(len(elements) - length + 1)]
    expected = [
        mixed(sum(mixed(x) * pow(0xD1342543DE82EF95, length - 1 - k, 2**64) for k, x in enumerate(window)) % 2**64)
        for window in windows
    ]

    assert expected == found


def test_a_digest_rolls_on_by_one_element():
    """What the live meter adds up is what is hashed at once."""
    elements = noise(60, seed=1).tolist()
    total, found = 0, []
    for at, element in enumerate(elements):
        goes = mixed(elements[at - WINDOW]) if at >= WINDOW else 0
        total = rolled(total, goes, mixed(element))
        found.append(mixed(total))

    assert digests(np.array(elements)).tolist() == found[WINDOW - 1 :]


def test_digests_come_in_parts_as_at_once(monkeypatch):
    """No window is lost or doubled where two parts meet."""
    elements = noise(1000, seed=2)
    whole = digests(elements)
    monkeypatch.setattr(fingerprints, "_PART", 7)
    parts = list(digests_in_parts(elements, WINDOW))

    assert len(parts) > 10
    np.testing.assert_array_equal(whole, np.concatenate([part for _, part in parts]))
    assert [at for at, _ in parts] == np.cumsum([0, *(len(part) for _, part in parts[:-1])]).tolist()


def test_the_same_material_has_the_same_fingerprints_everywhere():
    """On any machine, for a file travels: these bytes are pinned."""
    made = Fingerprints.of([letters("It was the lamp that kept us awake, and the sea that kept the lamp.")])

    assert "dd2482a829d469e5" == hashlib.sha256(made.to_bytes()).hexdigest()[:16]


def test_everything_that_was_given_is_found():
    """In one piece or in many; asked all at once or one by one."""
    pieces = [noise(length, seed=length) for length in (0, 5, 11, 12, 13, 500)]
    made = Fingerprints.of(pieces)

    for piece in pieces:
        windows = digests(piece)
        assert made.found(windows).all()
        assert all(map(made.holds, windows.tolist()))
    assert (1, 1 + 2 + 489) == (made.every, made.count)


def test_of_what_was_not_given_one_in_120_is_found():
    """As ten bits for each window promise, and one by one the same ones as all at once."""
    made = Fingerprints.of([noise(200_000, seed=3)])
    others = digests(noise(200_000, seed=4))
    found = made.found(others)

    assert 1 / 140 < found.mean() < 1 / 105
    assert found[:3000].tolist() == [made.holds(window) for window in others[:3000].tolist()]


def test_ten_bits_are_kept_for_each_window():
    """And the few of the header."""
    made = Fingerprints.of([noise(80_011, seed=5)])

    assert 80_000 == made.count
    assert 100_000 + 24 == len(made.to_bytes())


@pytest.mark.parametrize(("most", "every"), [(10_000, 11), (20_000, 6), (100_024, 1)])
def test_long_material_is_sampled_so_that_it_fits(most, every):
    """Every n-th window, counted through all pieces; what is surely caught grows with n, and is told."""
    pieces = [noise(1_011, seed=seed) for seed in range(80)]
    made = Fingerprints.of(pieces, most)
    windows = np.concatenate([digests(piece) for piece in pieces])

    assert every == made.every
    assert len(made.to_bytes()) <= most
    assert made.found(windows[::every]).all()
    assert (11 + 3 * every, 12 + 2 * every, 11 + every) == (made.surely, made.shortest, made.guess)


@given(st.lists(st.integers(0, 90), max_size=6), st.sampled_from([60, 100, 8_000_000]), st.integers(4, 99), st.data())
def test_material_that_comes_in_parts_has_the_same_fingerprints(lengths, most, size, data):
    """To the byte: sampled or whole, however it is cut."""
    pieces = [noise(length, seed=length) for length in lengths]
    cuts = st.lists(st.integers(0, 90), max_size=5).map(sorted)
    parts = [np.split(piece, data.draw(cuts)) for piece in pieces]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fingerprints, "_PART", size)
        made = Fingerprints.of_parts(lambda: map(iter, parts), most)
    windows = np.concatenate([np.zeros(0, np.uint64), *map(digests, pieces)])[:: made.every]

    assert Fingerprints.of(pieces, most).to_bytes() == made.to_bytes()
    assert (len(set(windows.tolist())), True) == (made.count, made.found(windows).all())


def test_nothing_has_fingerprints_too():
    """In which nothing is found."""
    made = Fingerprints.of([])

    assert not made.found(digests(noise(100, seed=1))).any()
    assert made == Fingerprints.from_bytes(made.to_bytes())


# ── from strangers ─────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.integers(0, 300), st.integers(100, 8_000_000))
def test_fingerprints_come_back_from_their_bytes(length, most):
    """As they were."""
    made = Fingerprints.of([noise(length, seed=6)], most)

    assert made == Fingerprints.from_bytes(made.to_bytes())


def header(magic=b"USPRINT\1", window=12, every=1, count=89):
    return struct.pack("<8sIIQ", magic, window, every, count)


BITS = Fingerprints.of([noise(100, seed=7)]).bits


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is not one that this version reads"),
        (header()[:-1], "is not one that this version reads"),
        (header(magic=b"USPRINT\2") + BITS, "is not one that this version reads"),
        (header(window=11) + BITS, "has windows of 11, every 1; windows of 12 are what we read"),
        (header(every=0) + BITS, "has windows of 12, every 0"),
        (header(every=2**31 + 1) + BITS, "has windows of 12, every 2,147,483,649"),
        (header(count=2**64 - 1) + BITS, "has another length than it says"),
        (header(count=0) + BITS, "has another length than it says"),
        (header() + BITS[:-1], "has another length than it says"),
        (header() + BITS + b"\0", "has another length than it says"),
        (header() + b"\xff" * len(BITS), "says of more windows than it holds that they are there"),
        (bytes(8_000_001), "is 8,000,001 bytes long; 8,000,000 are allowed"),
    ],
    ids=lambda case: case[:40] if isinstance(case, str) else "",
)
def test_what_is_no_set_of_fingerprints_is_refused(data, says):
    """By name, before anything is asked of it."""
    assert header() + BITS == Fingerprints.from_bytes(header() + BITS).to_bytes()
    with pytest.raises(InstrumentFileError, match=f"its fingerprints.bin {says}"):
        Fingerprints.from_bytes(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(data):
    """Nothing else can happen."""
    with contextlib.suppress(InstrumentFileError):
        assert data == Fingerprints.from_bytes(data).to_bytes()
