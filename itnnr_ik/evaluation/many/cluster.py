"""Evaluates many recordings on an existing Dask cluster."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from itnnr_ik.evaluation.many.evaluator import Evaluator, Result
from itnnr_ik.evaluation.many.places import Place
from itnnr_ik.evaluation.many.running import Results, Runner

#: Time [s] to wait for the scheduler, and for a worker.
_CONNECT_TIMEOUT = 20.0


def run_on_cluster(address: str) -> Runner:
    """Evaluate on the workers of a scheduler; recordings of a lost worker are evaluated by another.

    Args:
        address: Address of the scheduler, such as ``tcp://host:8786``.

    Raises:
        ImportError: dask.distributed is not installed.
    """
    distributed: Any = _distributed()

    def run(evaluator: Evaluator, places: Sequence[Place]) -> Results:
        with _connected(distributed, address) as client:
            # As a task of its own it is sent only once, and computed again if its worker is lost.
            shared = client.submit(_identity, evaluator, pure=False)
            futures = {
                client.submit(_evaluate, shared, place, pure=False): number
                for number, place in enumerate(places)
            }
            try:
                for future in distributed.as_completed(futures):
                    number = futures[future]
                    yield number, _result(future, places[number])
                    future.release()
            finally:
                client.cancel([shared, *futures])

    return run


def _connected(distributed: Any, address: str) -> Any:
    """A client of the scheduler at an address; OSError if it cannot be reached or has no worker."""
    try:
        client = distributed.Client(address, timeout=_CONNECT_TIMEOUT)
    except (OSError, ValueError) as error:
        raise OSError(f"no Dask scheduler at {address}: {error}") from None
    try:
        client.wait_for_workers(1, timeout=_CONNECT_TIMEOUT)
    except OSError:
        client.close()
        raise OSError(f"the Dask scheduler at {address} has no worker") from None
    return client


def _identity(evaluator: Evaluator) -> Evaluator:
    return evaluator


def _evaluate(evaluator: Evaluator, place: Place) -> Result:
    return evaluator(place)


def _result(future: Any, place: Place) -> Result:
    """The result of a worker, or a failed one with the reason."""
    try:
        result: Result = future.result()
    # Any error of a worker is raised here, such as ModuleNotFoundError without this package.
    except Exception as error:
        return Result.failed(place.name, error)
    return result


def _distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError:
        raise ImportError("--dask needs dask.distributed: pip install itnnr_ik[dask]") from None
