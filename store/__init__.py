"""What is remembered: frozen records, and the keepers that read and write them.

Nothing above this package sees a session, a row or a cursor: keepers take a
:class:`store.database.Transaction` and hand out records of :mod:`store.records`;
whatever goes wrong leaves as an error of :mod:`store.errors`.

    database.py   open, transactions, locks          tables/     what stands in the database
    records/      what is handed out                 errors.py   what can go wrong
    items.py  topics.py  publications.py  newsletters.py  issues.py  subscribers.py  deliveries.py
                  the keepers                        migrations/ from any version to this one
"""
