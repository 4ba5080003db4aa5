"""What came of a stage that a worker was given."""

from concurrent.futures import CancelledError
from datetime import UTC, datetime

from distributed.scheduler import KilledWorker

from stages.study.failures import FailedRun
from stages.training.settings import Run
from tools.engine.messages import Failure, Outcome

SHOWN_LOG_LINES = 30


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
