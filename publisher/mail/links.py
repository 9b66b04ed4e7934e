"""Links that are each reader's own: where they stand in a frozen edition, and what they are.

An edition is frozen once for all its readers, with slots where each reader's links go: when it is
sent they are filled for its reader, in the archive for everybody.
"""

from dataclasses import dataclass
from html import escape

from publisher import addresses
from publisher.config import Config
from publisher.tokens import Purpose, Tokens

#: The slots. No text holds such characters: they are taken out of it on the way in.
LEAVE, PREFERENCES = "\x02leave\x03", "\x02preferences\x03"


@dataclass(frozen=True, kw_only=True)
class Links:
    """What goes into the slots: absolute addresses."""

    #: Leaves the newsletter: a page, and one click for mail programs (RFC 8058).
    leave: str
    preferences: str

    def by_mail(self, address: str) -> str:
        """Return the ``mailto:`` of who leaves by mail, to which the reader's token is added.

        It is that of the link, at the end of the subject: anybody can write in anybody's name.
        """
        return f"{address}%20{self.leave.rpartition('/')[2]}"

    def fill(self, text: str) -> str:
        """Return a text with these in its slots."""
        return text.replace(LEAVE, self.leave).replace(PREFERENCES, self.preferences)

    def fill_html(self, page: str) -> str:
        """Return a page with these in its slots."""
        return Links(leave=escape(self.leave), preferences=escape(self.preferences)).fill(page)


def own(tokens: Tokens, config: Config, subscriber_id: int, newsletter: str) -> Links:
    """Return a reader's links: they never age, for the mails that hold them do not either."""
    leave = tokens.make(Purpose.LEAVE, subscriber_id, newsletter)
    preferences = tokens.make(Purpose.PREFERENCES, subscriber_id)
    # A token stands in an address as it is: only what all have before it is to be quoted.
    return Links(
        leave=addresses.link(config.site.url, addresses.leave("")) + leave,
        preferences=addresses.link(config.site.url, addresses.preferences("")) + preferences,
    )


def public(config: Config, language: str) -> Links:
    """Return what stands in the slots where everybody reads: the way to sign up."""
    there = addresses.link(config.site.url, addresses.subscribe(language))
    return Links(leave=there, preferences=there)
