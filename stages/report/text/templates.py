"""The Jinja2 environment of the templates, and how one is filled in."""

import re
from pathlib import Path

import jinja2

from stages.core.errors import InputError
from stages.report.numbers.latex import Latex, escape, listing
from stages.report.numbers.ledger import MissingNumberError
from stages.report.text.sentences import Clause, SentenceEnvironment


def environment(folder: Path) -> jinja2.Environment:
    r"""Templates of ``folder`` with ``\VAR{}``, ``\BLOCK{}`` and ``\#{}``, which TeX editors leave alone.

    Every string that a template prints is escaped unless it is ``Latex``. A bare number is refused:
    numbers reach the text through the ledger.
    """
    built = SentenceEnvironment(
        extensions=[Clause],
        loader=jinja2.FileSystemLoader(folder),
        block_start_string=r"\BLOCK{",
        block_end_string="}",
        variable_start_string=r"\VAR{",
        variable_end_string="}",
        comment_start_string=r"\#{",
        comment_end_string="}",
        line_comment_prefix="%#",
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
        undefined=jinja2.StrictUndefined,
        finalize=_finalise,
        keep_trailing_newline=True,  # a section ends its last line
    )
    built.filters["listing"] = listing
    built.filters["capitalised"] = lambda latex: Latex(latex[:1].upper() + latex[1:])
    built.filters["latex"] = Latex  # for a string that is LaTeX, or means something to LaTeX, already
    built.globals |= {"comma": comma, "stop": stop}
    # without a ledger, no number is missing; the report's own stand in its context
    built.globals |= {"sentence": lambda place, keys, caller: caller()}
    built.globals |= {"clause": lambda place, keys, caller: caller(False)}
    return built


def comma(loop) -> Latex:
    """What stands after an item of a loop: ``, ``, `` and ``, ``, and `` or nothing."""
    if loop.last:
        return Latex("")
    if loop.revindex == 2:
        return Latex(" and " if loop.length == 2 else ", and ")
    return Latex(", ")


def stop(loop) -> Latex:
    """What stands after a part of a sentence that a loop makes."""
    return Latex("." if loop.last else ";")


def _finalise(value: object) -> object:
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, jinja2.Undefined):
        return value  # StrictUndefined raises where it is printed
    raise TypeError(f"{value!r}: only text may be printed; enter numbers in the ledger and print number(key)")


def render(template: Path, context: dict[str, object]) -> str:
    """Fill a template in, with those that it includes.

    Punctuation that a block left at the start of a line joins the line before.

    Raises:
        InputError: a fault in a template, with its file and line.
    """
    try:
        text = environment(template.parent).get_template(template.name).render(context)
    except jinja2.TemplateSyntaxError as error:
        raise InputError(f"{error.filename}:{error.lineno}: {error.message}") from error
    except jinja2.TemplateNotFound as error:
        raise InputError(f"{_place(error, template)}: {template.parent / error.name}: not found") from error
    except (jinja2.UndefinedError, KeyError, TypeError, MissingNumberError) as error:
        raise InputError(f"{_place(error, template)}: {type(error).__name__}: {error}") from error
    return re.sub(r"\s*\n\s*(?=[.,;:])", "", text)


def _place(error: BaseException, template: Path) -> str:
    """File and line of the innermost template in the traceback: Jinja2 maps its generated code back to them."""
    place = f"{template}:1"
    frame = error.__traceback__
    while frame is not None:
        file = frame.tb_frame.f_code.co_filename
        if Path(file).is_relative_to(template.parent):
            place = f"{file}:{frame.tb_lineno}"
        frame = frame.tb_next
    return place
