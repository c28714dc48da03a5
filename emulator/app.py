# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""The ASGI application: authentication, the journal and the faults around the two Connect services."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from otterscale.health.v1.health_connect import HealthASGIApplication
from otterscale.instance.v1.instance_connect import InstanceServiceASGIApplication
from otterscale.link.v1.link_connect import LinkServiceASGIApplication
from otterscale.resource.v1.resource_connect import ResourceServiceASGIApplication
from otterscale.storage.v1.storage_connect import StorageServiceASGIApplication

from . import faults, kubernetes, rest
from .apigee import ApigeeApi
from .context import Context
from .control import Control
from .errors import BackendError
from .generation import Generation
from .health import HealthService
from .ief import IamApi, IefApi
from .journal import Call, Journal, current, is_write
from .objects.clusters import Clusters
from .objects.codec import ObjectJson
from .objects.resource_service import Links, Resources
from .objects.store import Settings
from .rpc_instance import Instance
from .rpc_storage import Storage
from .world import World

# What a client makes of an HTTP status when there is no Connect error in the body.
_STATUS_CODES = {
    400: "internal",
    401: "unauthenticated",
    403: "permission_denied",
    404: "unimplemented",
    429: "unavailable",
    502: "unavailable",
    503: "unavailable",
    504: "unavailable",
}
# Go's net/http, which a real server is built on, gives a little more than the 8 KiB that are configured.
HEADER_LIMIT = 8192 + 4096
# The REST APIs beside OtterScale. Which one is meant is told by the path.
APIS: tuple[type[rest.Api], ...] = (IefApi, IamApi, ApigeeApi)


class Interceptor:
    """Runs around every handler, after Connect has read the request and before it writes the answer."""

    def __init__(
        self,
        world: World,
        generation: Generation,
        journal: Journal,
        disabled: frozenset[str],
        restart: Callable[[], None],
    ) -> None:
        self._world = world
        self._mapped = generation.errors == "mapped" or generation.api == "resource_v1"
        self._journal = journal
        self._disabled = disabled
        self._restart = restart
        self.put: Callable[[Any], Any] = lambda body: None  # what /_emulator/put does

    async def intercept_unary(
        self, call_next: Callable[[Any, Context], Awaitable[Any]], request: Any, ctx: Context
    ) -> Any:
        if (feature := ctx.method.service_name.split(".")[1]) in self._disabled:
            raise ConnectError(Code.UNIMPLEMENTED, f"feature {feature} is disabled")
        fault = faults.take(self._world, ctx.method.name)
        if fault is not None and fault.when == "before":
            await self.inject(fault)
        response: Any = None
        failure: ConnectError | None = None
        try:
            response = await self._call(call_next, request, ctx)
        except ConnectError as error:
            failure = error  # a call that fails by itself may have had an effect too: the fault still comes
        if fault is not None and fault.when == "after":
            await self.inject(fault)
        if failure is not None:
            raise failure
        return response

    async def _call(self, call_next: Callable[[Any, Context], Awaitable[Any]], request: Any, ctx: Context) -> Any:
        """Nothing in here waits for anything, so no other call can come between its steps."""
        self._world.settle()
        try:
            return await call_next(request, ctx)
        except BackendError as error:
            raise ConnectError(Code(error.code) if self._mapped else Code.UNKNOWN, error.text) from None
        except ConnectError as error:
            if error.code is Code.UNIMPLEMENTED:
                raise ConnectError(error.code, f"the emulator does not implement {ctx.method.name}") from None
            raise
        finally:
            # A call that fails may have done half of its work: ask the state, not the outcome.
            if is_write(ctx.method.name):
                current.get().effect = self._world.commit()

    async def inject(self, fault: faults.Rule) -> None:
        call = current.get()
        call.fault = fault.kind
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        elif fault.kind == "put":
            self.put(json.loads(fault.body))
        elif fault.kind == "error":
            raise ConnectError(Code(fault.code), fault.message)
        elif fault.kind == "restart":
            self._journal.died("restart")
            self._restart()
        else:
            call.override = dict(vars(fault))
            if fault.when == "before":  # the text is never seen: the override replaces the answer
                raise ConnectError(Code.ABORTED, "injected fault")


class App:
    def __init__(
        self,
        world: World,
        generation: Generation,
        journal: Journal,
        *,
        token: str,
        disabled: frozenset[str],
        import_seconds: float,
        deletion_seconds: float,
        prefix: str,
        restart: Callable[[], None],
    ) -> None:
        self._interceptor = Interceptor(world, generation, journal, disabled, restart)
        interceptors = [self._interceptor]
        self._clusters: Clusters | None = None
        services: tuple[Any, ...]
        if generation.api == "resource_v1":
            settings = Settings(
                generation.claims,
                generation.collected == "true",
                import_seconds,
                deletion_seconds,
                agent_version="1.1.0" if generation.update == "missing" else "1.4.1",
            )
            self._clusters = clusters = Clusters(world, settings)
            services = (
                ResourceServiceASGIApplication(Resources(clusters), interceptors=interceptors, codecs=[ObjectJson()]),
                LinkServiceASGIApplication(Links(clusters), interceptors=interceptors),
            )
        else:
            instance = Instance(world, generation, journal, import_seconds)
            services = (
                InstanceServiceASGIApplication(instance, interceptors=interceptors),
                StorageServiceASGIApplication(Storage(world, generation), interceptors=interceptors),
            )
        health = HealthASGIApplication(
            HealthService([service.path.strip("/") for service in services]), interceptors=interceptors
        )
        self._services: dict[str, Any] = {service.path: service for service in (*services, health)}
        # Calls that a server of this version does not know, and the one that anybody may make.
        self._unknown = {"/otterscale.resource.v1.ResourceService/Update"} if generation.update == "missing" else set()
        self._public = {f"{health.path}/Check"}
        self._apis = [api(world, token) for api in APIS]
        self._world = world
        self._journal = journal
        self._control = Control(world, generation, journal, self._clusters)
        self._interceptor.put = self._control.put
        self._authorization = f"Bearer {token}".encode()
        self._prefix = prefix.rstrip("/")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if sum(len(name) + len(value) + 4 for name, value in scope["headers"]) > HEADER_LIMIT:
            await _send_text(send, 431, "431 Request Header Fields Too Large")
            return
        path = scope["path"]
        if not path.startswith(self._prefix + "/"):
            await faults.send_json(send, 404, {"error": f"everything is below {self._prefix}/"})
            return
        path = path[len(self._prefix) :]
        if path.startswith("/_emulator/"):
            await self._serve_control(scope, path, receive, send)
        elif path.startswith("/kubernetes/"):
            await self._serve_kubernetes(scope, path, send)
        elif api := next((api for api in self._apis if path.startswith(api.prefixes)), None):
            await self._serve_rest(api, scope, path, receive, send)
        else:
            await self._serve_rpc({**scope, "path": path}, receive, send)

    async def _serve_control(self, scope: Any, path: str, receive: Any, send: Any) -> None:
        if not self._authorized(scope):
            await faults.send_json(send, 401, {"error": "the control endpoints need the bearer token"})
            return
        body = await _read_body(receive)
        try:
            value = json.loads(body) if body else None
        except ValueError:
            await faults.send_json(send, 400, {"error": "the body is not valid JSON"})
            return
        status, answer = self._control.answer(scope["method"], path, scope["query_string"].decode(), value)
        await faults.send_json(send, status, answer)

    async def _serve_kubernetes(self, scope: Any, path: str, send: Any) -> None:
        call = self._journal.begin(path, scope["http_version"], _shown_headers(scope), rpc=kubernetes.RPC)
        out = _Outgoing(self._journal, call, send)
        if not self._authorized(scope):
            status, answer = kubernetes.status(401, "Unauthorized", "Unauthorized")
        else:
            self._world.settle()
            status, answer = kubernetes.answer(self._world, scope["method"], path, self._clusters)
            try:
                if fault := faults.take(self._world, kubernetes.RPC):
                    await self._interceptor.inject(fault)
            except ConnectError as error:
                code = next((status for status, code in _STATUS_CODES.items() if code == error.code.value), 500)
                status, answer = kubernetes.status(code, "InternalError", error.message)
        try:
            await faults.send_json(out, status, answer)
        finally:
            self._journal.end(call, "lost")  # only where no answer was given

    async def _serve_rest(self, api: rest.Api, scope: Any, path: str, receive: Any, send: Any) -> None:
        route, place = api.route(scope["method"], path)
        headers = _shown_headers(scope, api.secret_headers)
        rpc = route.rpc if route else scope["method"].capitalize()
        call = self._journal.begin(path, scope["http_version"], headers, rpc=rpc)
        body = await _read_body(receive)
        try:
            answer = await self._answer_rest(api, route, api.request(scope, place, body), call)
        except rest.RestError as error:
            answer = api.failed(error)
        out = _Outgoing(self._journal, call, send, answer.code)
        try:
            await faults.send_json(out, answer.status, answer.body, answer.headers)
        finally:
            self._journal.end(call, "lost")  # only where no answer was given

    async def _answer_rest(
        self, api: rest.Api, route: rest.Route | None, request: rest.Request, call: Call
    ) -> rest.Answer:
        """Raises a RestError: a refusal, or a fault of kind error."""
        call.body += json.dumps(shown).encode() if (shown := api.shown_request(request)) else b""
        if route is None:
            raise rest.RestError("unimplemented", f"there is no {call.rpc.upper()} /{call.service}", 404)
        if not route.public:
            api.authorize(request)
            self._world.commit()  # a token may be worn out by that, which is no effect of the call
        fault = faults.take(self._world, route.rpc)
        try:
            if fault is not None and fault.when == "before":
                await self._interceptor.inject(fault)
            try:
                answer = route.handler(api, request)
            except rest.RestError as error:
                answer = api.failed(error)
            finally:
                call.effect = self._world.commit() and is_write(route.rpc)
            if fault is not None and fault.when == "after":
                await self._interceptor.inject(fault)
        except ConnectError as error:  # which is how inject() says it
            raise rest.RestError(error.code.value, error.message) from None
        return answer

    async def _serve_rpc(self, scope: Any, receive: Any, send: Any) -> None:
        call = self._journal.begin(scope["path"], scope["http_version"], _shown_headers(scope))
        out = _Outgoing(self._journal, call, send)
        path = scope["path"]
        if path not in self._public and not self._authorized(scope):
            message = "invalid or missing bearer token" if self._clusters is None else _refused_token(scope)
            await faults.send_json(out, 401, {"code": "unauthenticated", "message": message})
            return
        service = self._services.get(path.rpartition("/")[0])
        if service is None or path in self._unknown:
            # An unknown service: the HTTP router of a real server answers, not Connect.
            call.body += await _read_body(receive)
            await _send_text(out, 404, "404 page not found\n")
            return

        async def record() -> Any:
            message = await receive()
            if message["type"] == "http.request":
                call.body += message.get("body", b"")
            return message

        try:
            await service(scope, record, out)
        finally:
            self._journal.end(call, "lost")  # only where no answer was given

    def _authorized(self, scope: Any) -> bool:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        return len(given) == 1 and hmac.compare_digest(given[0], self._authorization)


def _refused_token(scope: Any) -> str:
    """In the words of OtterScale 1.x, which tells a token that it cannot verify from none."""
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    bearer = len(given) == 1 and given[0].lower().startswith(b"bearer ") and given[0][7:].strip()
    if not bearer:
        return "missing or invalid bearer token"
    return "invalid token: oidc: malformed jwt: oidc: malformed jwt, expected 3 parts got 1"


class _Outgoing:
    """A `send` that looks at the answer: its code goes to the journal, and a fault may replace it."""

    def __init__(self, journal: Journal, call: Call, send: Any, code: str = "") -> None:
        """code: of the answer, where its form does not tell it."""
        self._journal = journal
        self._call = call
        self._send = send
        self._told = code
        self._answer = faults.Answer(0, [], b"")

    async def __call__(self, message: dict[str, Any]) -> None:
        # All answers here are small and complete: keep them until the last part has come.
        if message["type"] == "http.response.start":
            self._answer = faults.Answer(message["status"], list(message["headers"]), b"")
            return
        self._answer.body += message.get("body", b"")
        if message.get("more_body"):
            return
        override = self._call.override
        if override is not None:
            self._journal.end(self._call, "ok" if override["kind"] == "drip" else "lost")
            await faults.deliver(override, self._answer, self._send)
            return
        self._journal.end(self._call, self._told or _code(self._answer))
        await self._send(
            {"type": "http.response.start", "status": self._answer.status, "headers": self._answer.headers}
        )
        await self._send({"type": "http.response.body", "body": self._answer.body, "more_body": False})


def _code(answer: faults.Answer) -> str:
    if answer.status == HTTPStatus.OK:
        return "ok"
    try:
        return str(json.loads(answer.body)["code"])
    except (ValueError, KeyError, TypeError):
        return _STATUS_CODES.get(answer.status, "unknown")


async def _send_text(send: Any, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode(), "more_body": False})


async def _read_body(receive: Any) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return body


def _shown_headers(scope: Any, hidden: tuple[str, ...] = rest.Api.secret_headers) -> dict[str, str]:
    """The request's headers for the journal. Of a secret, it keeps only that there was one, and its scheme."""
    shown = {}
    for name, value in ((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]):
        shown[name] = f"{value.split(' ')[0] if ' ' in value else ''} (hidden)" if name in hidden else value
    return shown
