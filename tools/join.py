"""Start one worker of a study in this folder: ``make worker SCHEDULER=tcp://host:port``.

The folder is the head's own, shared between machines, or a clone at the same commit (then the head is given a REMOTE).
"""

import argparse
import asyncio

from stages.core.errors import InputError, run_stage


def main(scheduler: str) -> None:
    """Serve until the scheduler ends or Ctrl-C.

    Raises:
        InputError: nothing answers at the address.
    """
    try:
        asyncio.run(serve(scheduler))
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError(f"SCHEDULER={scheduler}: no Dask scheduler answers: {error}") from error
    except KeyboardInterrupt:
        return


async def serve(scheduler: str) -> None:
    import dask
    from distributed import Nanny

    from tools.engine.cluster import TIMEOUT, UNTOUCHED

    dask.config.set(UNTOUCHED)
    async with Nanny(scheduler, nthreads=1, memory_limit=0, dashboard=False, death_timeout=TIMEOUT) as nanny:
        print(f"worker {nanny.worker_address} of {scheduler}", flush=True)
        await nanny.finished()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scheduler", help="tcp://host:port")
    run_stage(main, **vars(parser.parse_args()))
