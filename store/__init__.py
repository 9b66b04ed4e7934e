"""What is remembered: frozen records, and the keepers that read and write them.

Nothing above this package sees a session, a row or a cursor: keepers take a
:class:`store.database.Transaction` and hand out records of :mod:`store.records`;
whatever goes wrong leaves as an error of :mod:`store.errors`.

    database.py   open, transactions                 tables/      what stands in the database
    engines.py, locks.py, schema.py                  under it: connections, locks, its version
    records/      what is handed out                 errors.py    what can go wrong
    loading.py, values.py  many rows, many values    migrations/  from any version to this one

All others are keepers, each of what its name says:

    items.py  translations.py  revisions.py  origins.py  topics.py  images.py     news
    publications.py  entries.py  stale.py  pings.py                               what was told
    newsletters.py  issues.py  editions.py  offers.py  candidates.py              newsletters
    subscribers.py  members.py  subscribing.py  consents.py  suppressions.py      people
    deliveries.py  queueing.py  cancelling.py  batches.py  claims.py  unknowns.py  mails
"""
