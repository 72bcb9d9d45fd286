"""``analyze refs``."""

from __future__ import annotations

from cli.options import NoIndex
from cli.picturing import (
    Cycles,
    CyclesOption,
    DepthOption,
    FilterOption,
    HighlightOption,
    IgnoreOption,
    InfoOption,
    OutputOption,
    RefcountsOption,
    ShortnamesOption,
    SnapshotArgument,
    TooManyOption,
    draw,
)
from cli.selecting import AddressOption, PathOption, SqlOption, TypeOption, selection


def refs(
    snapshot: SnapshotArgument,
    output: OutputOption,
    address: AddressOption = None,
    type_name: TypeOption = None,
    path: PathOption = None,
    sql: SqlOption = None,
    max_depth: DepthOption = 3,
    too_many: TooManyOption = 10,
    filter: FilterOption = None,  # noqa: A002 - objgraph's name
    extra_ignore: IgnoreOption = None,
    highlight: HighlightOption = None,
    extra_info: InfoOption = None,
    refcounts: RefcountsOption = False,
    shortnames: ShortnamesOption = True,
    cycles: CyclesOption = Cycles.FOLD,
    no_index: NoIndex = False,
) -> None:
    """Draw what some objects refer to, directly and further."""
    selected = selection(address, type_name, path, sql)
    import analyze

    options = {
        **selected,
        "max_depth": max_depth,
        "too_many": too_many,
        "filter": filter,
        "highlight": highlight,
        "extra_info": extra_info or (),
        "refcounts": refcounts,
        "shortnames": shortnames,
        "cycles": cycles.value,
    }
    draw(analyze.refs, snapshot, output, extra_ignore or (), options, index=not no_index)
