"""What came of a stage that a worker was given, and whether a head may take it.

A worker writes on the head what its stage declares in dvc.yaml, under the hashes that DVC makes, and nothing else.
"""

import re
from concurrent.futures import CancelledError
from datetime import UTC, datetime

from distributed.scheduler import KilledWorker
from dvc.dependency import ParamsDependency
from dvc.stage import PipelineStage

from stages.study.failures import FailedRun
from stages.training.settings import Run
from tools.engine.messages import Failure, Outcome

SHOWN_LOG_LINES = 30
LONGEST_LOG = 1_000_000  # characters, from its end
LONGEST_CAUSE = 1_000
HASH = re.compile(r"[0-9a-f]{32}(\.dir)?")  # as DVC names files and folders in its cache
OF_AN_ENTRY = {"cmd", "deps", "params", "outs"}


def result_of(name: str, future) -> Outcome | Failure:
    """What a worker returned, or why it could not."""
    try:
        error = future.exception()
    except CancelledError as cancelled:
        error = cancelled
    if isinstance(error, KilledWorker):
        cause = f"its worker died {error.allowed_failures + 1} times, last {error.last_worker.address}"
        return Failure(stage=name, kind="killed", cause=cause, log="")
    if error is not None:
        cause = f"worker: {type(error).__name__}: {' '.join(str(error).split())}"
        return Failure(stage=name, kind="error", cause=cause, log="")
    try:
        return Failure.model_validate_json(future.result())
    except ValueError:
        return Outcome.model_validate_json(future.result())


def accepted(result: Outcome | Failure, stage: PipelineStage) -> Outcome | Failure:
    """A worker's result of ``stage``; a failure of that stage where it says or brings what the stage does not declare.

    A failure's text is cut, and has no character that a terminal takes for a command.
    """
    if isinstance(result, Failure):
        cause = _printable(result.cause)[:LONGEST_CAUSE]
        log = "\n".join(map(_printable, result.log[-LONGEST_LOG:].splitlines()))
        return result.model_copy(update={"stage": stage.name, "cause": cause, "log": log})
    fault = undeclared(result, stage)
    if fault is None:
        return result
    cause = f"worker: {_printable(fault)[:LONGEST_CAUSE]}; allowed: what dvc.yaml says of {stage.name}"
    return Failure(stage=stage.name, kind="error", cause=cause, log="")


def undeclared(outcome: Outcome, stage: PipelineStage) -> str | None:
    """What a worker says of a stage, or brings from it, that the stage does not have; None: nothing."""
    if outcome.stage != stage.name:
        return f"reports on {outcome.stage!r}"
    uncached = {out.def_path for out in stage.outs if not out.use_cache}
    for path in outcome.files:
        if path not in uncached:
            return f"brings {path!r}"
    for key in outcome.lock:
        if key not in OF_AN_ENTRY:
            return f"its entry of dvc.lock has {key!r}"
    if outcome.lock.get("cmd") != stage.cmd:
        return f"ran {outcome.lock.get('cmd')!r}"
    declared = {
        "deps": {dependency.def_path for dependency in stage.deps if not isinstance(dependency, ParamsDependency)},
        "outs": {out.def_path for out in stage.outs},
    }
    for key, paths in declared.items():
        fault = _other_paths(outcome.lock.get(key, []), key, paths)
        if fault is not None:
            return fault
    return None


def _other_paths(entries: object, key: str, declared: set[str]) -> str | None:
    """What is wrong with an entry's dependencies or outputs."""
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return f"its entry of dvc.lock has no list of {key}"
    for entry in entries:
        path, digest = entry.get("path"), entry.get("md5")
        if path not in declared:
            return f"its entry of dvc.lock has {path!r} among {key}"
        if not isinstance(digest, str) or not HASH.fullmatch(digest):
            return f"its entry of dvc.lock gives {path} the hash {digest!r}"
    if len(entries) != len(declared):
        return f"its entry of dvc.lock has {len(entries)} of {len(declared)} {key}"
    return None


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def failed_run(run: Run, failure: Failure) -> FailedRun:
    """What is kept of a run that failed."""
    return FailedRun(
        **run.model_dump(include={"architecture", "configuration", "seed"}),
        kind=failure.kind,
        cause=failure.cause,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        inputs=failure.inputs,
        log=failure.log.splitlines()[-SHOWN_LOG_LINES:],
    )
