"""The house register (房产台账) file: read as it comes, compared with the estate, written back.

`sheet` turns bytes into cells, `headings` finds the columns, `normalise` gives one spelling to each
value, `reading` turns rows into rooms and findings, `diff` says what an import would do, `export`
writes rooms in the same form. Nothing here knows AWS, the clock or the table (PJ-03, D12).
"""
