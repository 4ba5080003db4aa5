"""Who has no business at a port: clients of Dask without its keys, and a browser. Does one get in?"""

import asyncio
import http.client
import ssl
from collections.abc import Callable

from distributed import comm
from distributed.security import Security

from stages.core.types import Strict

SECONDS = 5.0  # Dask itself waits without an end for a greeting, as from an HTTP server
PAGES = ("/", "/health", "/metrics", "/json/identity.json", "/info/main/workers.html", "/status")


class Attempt(Strict):
    """``taken``: it was answered; ``said``: with what, or why not."""

    stranger: str
    taken: bool
    said: str


def try_all(ip: str, port: int) -> list[Attempt]:
    """One attempt of each stranger."""
    address = f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
    attempts = [dask_client(name, f"{scheme}://{address}", make()) for name, (scheme, make) in CLIENTS.items()]
    return [*attempts, browser(ip, port)]


def without_keys() -> dict[str, object]:
    return {"ssl_context": trusting(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)), "require_encryption": True}


def other_keys() -> dict[str, object]:
    arguments = Security.temporary().get_connection_args("client")
    return arguments | {"ssl_context": trusting(arguments["ssl_context"])}


def trusting(context: ssl.SSLContext) -> ssl.SSLContext:
    """One that takes any server's certificate: who breaks in does not mind whom he speaks to."""
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


CLIENTS: dict[str, tuple[str, Callable[[], dict]]] = {
    "no TLS": ("tcp", dict),
    "TLS without keys": ("tls", without_keys),
    "TLS with other keys": ("tls", other_keys),
}


def dask_client(name: str, address: str, arguments: dict[str, object]) -> Attempt:
    """Ask who is there, as every client of Dask does first: whoever is answered may have code run."""
    try:
        answer = asyncio.run(asyncio.wait_for(identity(address, arguments), SECONDS))
    except (OSError, TimeoutError, ValueError) as error:  # Dask's own are of OSError
        return Attempt(stranger=name, taken=False, said=reason(error))
    return Attempt(stranger=name, taken=True, said=str(answer.get("type", answer)))


async def identity(address: str, arguments: dict[str, object]) -> dict:
    connection = await comm.connect(address, **arguments)
    try:
        await connection.write({"op": "identity", "reply": True})
        return await connection.read()
    finally:
        connection.abort()


def browser(ip: str, port: int) -> Attempt:
    """Taken where a page is shown."""
    said = ""
    for page in PAGES:
        connection = http.client.HTTPConnection(ip, port, timeout=SECONDS)
        try:
            connection.request("GET", page)
            answer = connection.getresponse()
            said = f"{answer.status} {answer.reason}"
            if answer.status < http.client.BAD_REQUEST:
                return Attempt(stranger="browser", taken=True, said=f"{page}: {said}")
        except (OSError, http.client.HTTPException) as error:
            return Attempt(stranger="browser", taken=False, said=reason(error))
        finally:
            connection.close()
    return Attempt(stranger="browser", taken=False, said=said)


def reason(error: Exception) -> str:
    """The innermost one: Dask's own say little."""
    while error.__cause__ is not None:
        error = error.__cause__
    return type(error).__name__
