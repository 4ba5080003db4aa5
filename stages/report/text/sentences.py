r"""A sentence stands only where this grid has every number in it: no template has to ask first.

Before a template is compiled it is taken apart into sentences, and each of them is made a call. A number that the grid
lacks (``MissingNumberError``) leaves out the sentence around it and nothing else; a key that no grid has is a
``KeyError`` as before.
A part of a sentence is marked in the template, ``\BLOCK{clause}...\BLOCK{else}...\BLOCK{endclause}``: it is said where
its numbers are there, and what follows ``else`` where one is missing.
"""

import re
from collections.abc import Callable, Iterator

from jinja2 import Environment, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from stages.report.numbers.ledger import Ledger, MissingNumberError

# Lines that are LaTeX's own end what stands before them, and most of them end with themselves.
SETTING = "begin|end|section|subsection|label|centering|footnotesize|scriptsize|input|includegraphics|vspace"
BREAKS = re.compile(
    r"(?P<stop>[.?!](?:''|\))*(?=\s|\Z))|(?P<blank>\n[ \t]*\n)|(?P<newline>\n)"
    rf"|(?P<setting>(?:\A|(?<=\n))[ \t]*\\(?:{SETTING})\b)|(?P<start>(?:\A|(?<=\n))[ \t]*\\(?:caption|item)\b)"
)
BRACES = re.compile(r"(?<!\\)[{}]")


class Sentences:
    """What templates call for each sentence and clause: the text, or nothing where a number is missing.

    Attributes:
        left_out: ``file:line: key`` of each sentence that is not said.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.left_out: list[str] = []

    def sentence(self, place: str, keys: tuple[str, ...], caller: Callable[[], str]) -> str:
        """``caller``'s text; ``keys`` are those that the template names in it."""
        printed_before = set(self._ledger.printed)
        try:
            return caller()
        except MissingNumberError as missing:
            self._ledger.leave_out(keys, printed_before)
            self.left_out.append(f"{place}: {missing.key}")
            return ""

    def clause(self, place: str, keys: tuple[str, ...], caller: Callable[[bool], str]) -> str:
        """``caller``'s text, which it makes without the missing numbers where it is told that some are."""
        printed_before = set(self._ledger.printed)
        try:
            return caller(False)
        except MissingNumberError:
            self._ledger.leave_out(keys, printed_before)
            return caller(True)


class Clause(Extension):
    r"""The tag ``\BLOCK{clause}``."""

    tags = frozenset({"clause"})

    def parse(self, parser: Parser) -> nodes.CallBlock:
        line = next(parser.stream).lineno
        said, otherwise = parser.parse_statements(("name:else", "name:endclause")), []
        if next(parser.stream).value == "else":
            otherwise = parser.parse_statements(("name:endclause",), drop_needle=True)
        choice = nodes.If(nodes.Name("missing", "load"), otherwise, [], said)
        call = _call("clause", f"{parser.name}:{line}", said)
        return nodes.CallBlock(call, [nodes.Name("missing", "param")], [], [choice]).set_lineno(line)


class SentenceEnvironment(Environment):
    """Jinja2's environment, which compiles a template sentence by sentence."""

    def compile(self, source: str | nodes.Template, name: str | None = None, filename: str | None = None, **kwargs):
        """As Jinja2 compiles it; ``sentence`` and ``clause`` have to be among the names that it is rendered with."""
        template = self.parse(source, name, filename) if isinstance(source, str) else source
        body = _Body(str(filename or name), starts=True)
        body.take(template.body)
        body.end_sentence()  # a template's end is one
        template.body = body.done
        return super().compile(template.set_environment(self), name, filename, **kwargs)


class _Body:
    """A template's body, or that of a condition or a loop, put together anew with its sentences as calls.

    Args:
        starts: whether a sentence begins where the body does; else what comes first belongs to one around it.
    """

    def __init__(self, file: str, starts: bool) -> None:
        self.done: list[nodes.Node] = []
        self.at_end = starts  # of a sentence: what comes next begins one
        self._file, self._is_part = file, not starts
        self._sentence: list[nodes.Node] = []  # what there is of the current one
        self._braces = 0  # open in it: no sentence ends inside a group of LaTeX
        self._is_setting = False  # the line is LaTeX's own
        self._follows_block = False  # whose own end of line Jinja2 took

    def take(self, body: list[nodes.Node]) -> None:
        for node in body:
            parts = node.nodes if isinstance(node, nodes.Output) else [node]
            for part in parts:
                if isinstance(part, nodes.TemplateData):
                    self._take_text(part)
                elif isinstance(part, nodes.If | nodes.For):
                    self._take_branches(part)
                elif isinstance(part, nodes.Include):
                    self.end_sentence()
                    self.done.append(part)
                else:
                    is_printed = isinstance(node, nodes.Output)
                    self._add(nodes.Output([part]).set_lineno(part.lineno) if is_printed else part)

    def end_sentence(self) -> None:
        self.at_end = True
        if self._braces:
            return
        self.done += self._sentence if self._is_part else _called(self._sentence, self._file)
        self._sentence, self._is_part = [], False

    def finished(self) -> list[nodes.Node]:
        """All of it; what has no end belongs to a sentence around the body."""
        return [*self.done, *self._sentence]

    def _take_text(self, text: nodes.TemplateData) -> None:
        line, at = text.lineno, 0
        if self._follows_block and text.data.lstrip(" \t").startswith("\n"):  # an empty line
            self.end_sentence()
        self._follows_block = False
        for mark in BREAKS.finditer(text.data):
            kind = mark.lastgroup
            cut = mark.start() if kind in ("blank", "setting", "start") else mark.end()
            line = self._add_text(text.data[at:cut], line)
            at = cut
            if kind in ("stop", "blank", "setting", "start") or self._is_setting:
                self.end_sentence()
            if kind != "stop":
                self._is_setting = kind == "setting"
        self._add_text(text.data[at:], line)

    def _add_text(self, data: str, line: int) -> int:
        """Add it, white space between sentences to none; return the line of its end."""
        space = len(data) - len(data.lstrip()) if not self._sentence else 0
        for part, target in ((data[:space], self.done), (data[space:], self._sentence)):
            if part:
                target.append(nodes.Output([nodes.TemplateData(part).set_lineno(line)]).set_lineno(line))
                line += part.count("\n")
        self.at_end = self.at_end and not data.strip()
        self._braces += _braces(data)
        return line

    def _add(self, node: nodes.Node) -> None:
        self._follows_block = False
        self._sentence.append(node)
        self.at_end = False

    def _take_branches(self, node: nodes.If | nodes.For) -> None:
        """One that holds whole sentences is one, for its condition may ask for a number; else it is a part of one."""
        is_closed = all(self._branch(branch, self.at_end).at_end for branch in _branches(node))
        starts = self.at_end and (is_closed or isinstance(node, nodes.If))  # a loop's second turn starts where it ends
        arranged = self._with_branches(node, starts)
        self._follows_block = True
        if self.at_end and is_closed:
            whole = [arranged] if node.find(nodes.Include) else _called([arranged], self._file)
            (self._sentence or self.done).extend(whole)
            return
        self._add(arranged)
        self._follows_block = True
        self._braces += _open_braces(node.body)
        if is_closed:
            self.end_sentence()

    def _with_branches(self, node: nodes.If | nodes.For, starts: bool) -> nodes.If | nodes.For:
        body, otherwise = (self._branch(branch, starts).finished() for branch in (node.body, node.else_))
        if isinstance(node, nodes.For):
            built = nodes.For(node.target, node.iter, body, otherwise, node.test, node.recursive)
        else:
            built = nodes.If(node.test, body, [self._with_branches(each, starts) for each in node.elif_], otherwise)
        return built.set_lineno(node.lineno)

    def _branch(self, branch: list[nodes.Node], starts: bool) -> "_Body":
        body = _Body(self._file, starts)
        body.take(branch)
        return body


def _branches(node: nodes.If | nodes.For) -> Iterator[list[nodes.Node]]:
    """What stands in its place, the nothing where no condition holds included."""
    yield node.body
    for other in node.elif_ if isinstance(node, nodes.If) else []:
        yield other.body
    yield node.else_


def _open_braces(body: list[nodes.Node]) -> int:
    """How many groups of LaTeX it opens and leaves open; alike in all branches of a condition."""
    depth = 0
    for node in body:
        if isinstance(node, nodes.Output):
            depth += sum(_braces(part.data) for part in node.nodes if isinstance(part, nodes.TemplateData))
        elif isinstance(node, nodes.If | nodes.For):
            depth += _open_braces(node.body)
    return depth


def _braces(text: str) -> int:
    return sum(1 if brace == "{" else -1 for brace in BRACES.findall(text))


def _called(sentence: list[nodes.Node], file: str) -> list[nodes.Node]:
    """A sentence as a call, one without a name as it is."""
    if not any(node.find(nodes.Name) for node in sentence):
        return sentence
    line = sentence[0].lineno
    return [nodes.CallBlock(_call("sentence", f"{file}:{line}", sentence), [], [], sentence).set_lineno(line)]


def _call(function: str, place: str, body: list[nodes.Node]) -> nodes.Call:
    calls = [call for node in body for call in node.find_all(nodes.Call)]
    numbers = [call for call in calls if isinstance(call.node, nodes.Name) and call.node.name == "number"]
    keys = tuple(call.args[0].value for call in numbers if isinstance(call.args[0], nodes.Const))
    return nodes.Call(nodes.Name(function, "load"), [nodes.Const(place), nodes.Const(keys)], [], None, None)
