"""Deliver on any number of hosts; Procrastinate's one home.

    job of a batch  --> still due, and free? --> deliver(), from this batch on
                                                 as many at once as are allowed
    job of letters  --> send()                   beside these
    every few seconds: what the dead left is settled, their jobs are removed,
                       and what is due and has no job gets one

Procrastinate only wakes: who has which batch says the store (:mod:`store.batches`), what became
of a mail the journal, so a job that is run twice, too late or never does no harm. A loss of the
database ends a *shift*: what is in flight ends, the rest is given back, and the worker begins anew
under another number, whatever the old one had is recovered like that of the dead.

    process.py   the process, shift by shift          station.py   what its shifts share
    shift.py     from one loss of the database to the next
    tasks.py     what the jobs do                     keeper.py    finds what is left again
    adapters.py  Procrastinate's worker and manager, which tell how they are
"""
