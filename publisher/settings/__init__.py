"""What may be set: a frozen model for each section of the configuration.

    site       [site] [feeds] [signup]
    mail       [mail] [[relays]] [bounces] [dkim] [dns] [staff]
    running    [database] [delivery] [ingest] [scheduler]

:mod:`publisher.config` puts them together and reads them.
"""
