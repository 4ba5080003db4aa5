"""Every number of the report and of the page for its search: value, where it was read, and what makes that again."""

from stages.core.free_text import visible
from stages.report.numbers.ledger import Ledger, anchor
from stages.report.site.shown import with_unit


def number_index(ledger: Ledger, own: Ledger, shown: set[str]) -> dict[str, object]:
    """``numbers`` by the name that a link has, ``key`` included; lists of files, which many share, by their place.

    Args:
        own: what the page shows and the report's ledger has not.
        shown: keys of what the page shows.

    Raises:
        ValueError: two keys are one name in a link.
    """
    lists: dict[tuple[str, ...], int] = {(): 0}
    numbers: dict[str, dict] = {}
    for key, number in (*ledger.entries.items(), *own.entries.items()):
        if anchor(key) in numbers:
            raise ValueError(f"{key} and {numbers[anchor(key)]['key']}: one name in a link")
        entry = {
            "key": key,
            "shown": visible(with_unit(number)),
            "text": visible(number.text),
            "value": visible(str(number.value)),
            "source": number.source,
            "sourceKey": number.source_key,
            "command": number.command or f"git checkout -- {number.source}",
            "records": lists.setdefault(tuple(number.records), len(lists)),
            "parameters": lists.setdefault(tuple(number.parameters), len(lists)),
            "printed": key in ledger.printed,
            "onPage": key in shown or anchor(key) in shown,
        }
        numbers[anchor(key)] = entry
    return {"numbers": numbers, "files": [list(files) for files in lists]}
