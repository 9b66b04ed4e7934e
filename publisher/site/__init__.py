"""The public files: feeds, pages and maps, derived from the store and nothing else.

    stale marks --> what they touch --> documents --> put in place, durable --> marks taken back

:mod:`publisher.site.touched` says which documents show what has changed; the others make them.
"""

from publisher.site.build import FeedFile, feed_files, rebuild, refresh

__all__ = ["FeedFile", "feed_files", "rebuild", "refresh"]
