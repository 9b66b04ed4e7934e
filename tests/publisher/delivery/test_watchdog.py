"""The watchdog ends what stands still, and nothing else."""

from threading import Event

from publisher.delivery.watchdog import STOOD_STILL, Pulse, Watch, watching


def test_what_beats_between_two_looks_is_alive() -> None:
    watch = Watch(limit=2)
    assert [watch.look(beats) for beats in (0, 1, 2, 3)] == [False] * 4


def test_what_has_not_moved_for_so_many_looks_stands_still() -> None:
    watch = Watch(limit=2)
    assert [watch.look(beats) for beats in (5, 5, 5)] == [False, False, True]


def test_one_beat_is_enough_to_begin_anew() -> None:
    watch = Watch(limit=2)
    assert [watch.look(beats) for beats in (5, 5, 6, 6, 6)] == [False, False, False, False, True]


def test_a_process_is_as_alive_as_the_part_of_it_that_is_least_so() -> None:
    pulse = Pulse()
    pulse.begin("batches", "letters")
    before = pulse.beats
    pulse.beat("batches")
    assert pulse.beats == before
    pulse.beat("letters")
    assert pulse.beats == before + 1


def test_who_begins_anew_is_alive() -> None:
    pulse = Pulse()
    pulse.begin("batches", "letters")
    before = pulse.beats
    pulse.begin("batches", "letters")
    assert pulse.beats > before


def test_the_process_is_ended_with_a_code_by_which_it_is_begun_again() -> None:
    ended, codes, said = Event(), list[int](), list[str]()

    def end(code: int) -> None:
        codes.append(code)
        ended.set()

    with watching(Pulse(), 1.0, said.append, end=end):
        assert ended.wait(60)
    assert codes == [STOOD_STILL]
    assert "stood still" in said[0]


def test_a_block_that_ends_is_watched_no_more() -> None:
    said, codes = list[str](), list[int]()
    with watching(Pulse(), 1.0, said.append, end=codes.append):
        pass
    assert (said, codes) == ([], [])
