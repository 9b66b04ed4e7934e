r"""To and from translators: files that their programs open, and that come back.

    item --outgoing--> sheet --xliff, po--> file --translator--> file --> returned
                         \--------------- the same sheet again ------------\--incoming--> revision

A file says which revisions it was made of (its ticket). These are kept for ever, so whoever
takes the file back lays it beside the very sheet that went out, and sees what was done to it.

    blocks.py    a body in pieces, and back           markdown.py  a text as Markdown file
    sheet.py     what there is to translate           outgoing.py  what goes out
    ticket.py    which texts a file was made of       incoming.py  what comes back
    xliff.py, po.py  the forms of a file              returned.py  what was done to a sheet
    files.py     reading and writing them
"""
