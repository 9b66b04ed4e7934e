"""The DNS: texts are whole, nothing is nothing, and no answer is told apart from both."""

import pytest

from publisher.config import Config
from publisher.errors import DnsError
from publisher.resolving import Resolver
from tests.fakes import Names, free_port
from tests.verifier import rsa


def test_a_long_text_comes_whole(config: Config) -> None:
    record = rsa().record
    assert len(record) > 255
    with Names().open() as names:
        names.texts = {"a.example.org": [record, "other"]}
        assert sorted(Resolver(names.serves(config)).texts("a.example.org")) == ["other", record]


def test_a_name_without_texts_and_a_name_that_is_not_there_have_none(config: Config) -> None:
    with Names().open() as names:
        names.texts = {"empty.example.org": []}
        resolver = Resolver(names.serves(config))
        assert resolver.texts("empty.example.org") == []
        assert resolver.texts("nowhere.example.org") == []


def test_a_server_that_cannot_help_is_no_answer(config: Config) -> None:
    with Names().open() as names:
        names.fails = True
        served = names.serves(config)
        with pytest.raises(DnsError, match=r"a\.example\.org: no name server answers"):
            Resolver(served).texts("a.example.org")


def test_nobody_at_all_is_no_answer(config: Config) -> None:
    section = config.dns.model_copy(
        update={"servers": (f"127.0.0.1:{free_port()}",), "timeout": 0.1}
    )
    with pytest.raises(DnsError):
        Resolver(config.model_copy(update={"dns": section})).texts("a.example.org")


def test_what_is_no_name_is_told_of_as_well(config: Config) -> None:
    with Names().open() as names, pytest.raises(DnsError):
        Resolver(names.serves(config)).texts(f"{'a' * 64}.example.org")
