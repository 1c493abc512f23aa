"""Archives: the edge's inference over millions of films, spread by Ray over cores and machines.

`listing` finds the films, `storage` reaches folders and object stores, `run` hands films to `worker`s, each of which
has a `judge`: a process of the edge's own, `judging`, that reads and judges films as `covid-xray classify` does.
`table` keeps the results as Parquet, and `done` knows what a table has already. `figures`, `drawings` and `chapters`
make the report, `command` is the command.
"""
