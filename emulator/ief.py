# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""Huawei Cloud IEF: the services of an edge instance, and the tokens of IAM for them.

What the vendor's API reference leaves open is marked "not documented" here.

A word in an instance's id makes it another kind: in one whose id holds `twins` a name may be taken twice.
"""

from __future__ import annotations

import re
import time
import uuid
from datetime import datetime, timezone
from http import HTTPStatus
from typing import Any, ClassVar

from .model import EdgeService, Iam, IamToken, Ief, to_json
from .rest import Answer, Api, Request, RestError, Route

PAGE, LARGEST_PAGE = 10, 100
NODE_PORTS = range(30000, 32768)
_NAME = re.compile(r"[a-z]([-a-z0-9]{0,62}[a-z0-9])?")
_PORT_NAME = re.compile(r"(tcp|http)-[-a-z0-9]*[a-z0-9]")
_PORT_MEMBERS = ("name", "protocol", "port", "target_port", "node_port")
_SERVICES = r"/v2/(?P<project_id>[^/]+)/edgemgr/services"
# The vendor's codes are numbers behind the name of the service; which number means what is not documented.
_ERROR_CODES = {
    400: "IEF.100012",
    401: "IEF.100001",
    403: "IEF.100003",
    404: "IEF.100404",
    409: "IEF.100409",
    500: "IEF.100500",
}


class IamApi(Api):
    """As much of IAM as a login by password needs."""

    prefixes = ("/v3/",)
    secret_members = ("password",)

    def authorize(self, request: Request) -> None:
        raise RestError("unauthenticated", "The emulator's IAM serves logins only.")

    def error(self, error: RestError) -> Any:
        title = HTTPStatus(error.status).phrase if error.status != 499 else "Client Closed Request"
        return {"error": {"code": error.status, "message": error.message, "title": title}}

    def create_token(self, request: Request) -> Answer:
        """A login for a project. The token is in a header."""
        try:
            auth = request.body["auth"]
            if auth["identity"]["methods"] != ["password"]:
                raise RestError("invalid_argument", "identity.methods is not [password]")
            given = auth["identity"]["password"]["user"]
            project_id = str(auth["scope"]["project"]["id"])
            domain, name, password = given["domain"]["name"], given["name"], given["password"]
        except (KeyError, TypeError):
            raise RestError("invalid_argument", "The request body is invalid.") from None
        iam: Iam = self.world.apis["iam"]
        user = iam.users.get(f"{domain}/{name}")
        if user is None or user.password != password:
            raise RestError("unauthenticated", "The username or password is wrong.")
        token = f"iam-{uuid.uuid4().hex}"
        expires_at = time.time() + user.token_seconds
        iam.tokens[token] = IamToken(token, project_id, expires_at, user.token_calls)
        shown = datetime.fromtimestamp(expires_at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
        body = {"token": {"expires_at": shown, "methods": ["password"], "project": {"id": project_id}}}
        return Answer(body, 201, {"X-Subject-Token": token})

    routes: ClassVar[tuple[Route, ...]] = (Route("POST", "/v3/auth/tokens", "CreateToken", create_token, public=True),)


class IefApi(Api):
    prefixes = ("/v2/",)
    secret_headers = (*Api.secret_headers, "x-auth-token")

    @property
    def ief(self) -> Ief:
        state: Ief = self.world.apis["ief"]
        return state

    def error(self, error: RestError) -> Any:
        code = _ERROR_CODES.get(error.status, "IEF.100500")
        return {"error_code": code, "error_message": error.message}

    def authorize(self, request: Request) -> None:
        given = request.headers.get("x-auth-token", "")
        if given == self.token:
            return
        token = self.world.apis["iam"].tokens.get(given)
        if token is None or time.time() >= token.expires_at or token.calls_left == 0:
            raise RestError("unauthenticated", "The token is missing, wrong or expired.")
        if token.project_id != request.place["project_id"]:
            raise RestError("permission_denied", "The token is for another project.")
        token.calls_left -= token.calls_left > 0

    # Services

    def list_services(self, request: Request) -> Answer:
        limit, offset = _number(request, "limit", PAGE), _number(request, "offset", 0)
        if not 1 <= limit <= LARGEST_PAGE:
            raise RestError("invalid_argument", f"limit is not from 1 to {LARGEST_PAGE}")
        found = [service for service in self._here(request) if request.query.get("name", "") in service.name]
        page = [_shown(service) for service in found[offset : offset + limit]]
        return Answer({"count": len(found), "services": page})

    def get_service(self, request: Request) -> Answer:
        return Answer({"service": _shown(self._found(request))})

    def create_service(self, request: Request) -> Answer:
        made_at = now()
        # The same creations give the same ids on every emulator, so that tests can compare two of them.
        service_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"ief/{self.ief.created}"))
        service = EdgeService(service_id, request.place["project_id"], _instance(request), created_at=made_at)
        self._replace(service, request, made_at)
        self.ief.services[service.id] = service
        self.ief.created += 1
        return Answer({"service": _shown(service)}, 201)

    def update_service(self, request: Request) -> Answer:
        """It replaces all: what the request leaves out is empty afterwards."""
        service = self._found(request)
        self._replace(service, request, now())
        return Answer({"service": _shown(service)})

    def delete_service(self, request: Request) -> Answer:
        del self.ief.services[self._found(request).id]
        return Answer(status=204)

    routes: ClassVar[tuple[Route, ...]] = (
        Route("GET", _SERVICES, "ListServices", list_services),
        Route("POST", _SERVICES, "CreateService", create_service),
        Route("GET", rf"{_SERVICES}/(?P<id>[^/]+)", "GetService", get_service),
        Route("PUT", rf"{_SERVICES}/(?P<id>[^/]+)", "UpdateService", update_service),
        Route("DELETE", rf"{_SERVICES}/(?P<id>[^/]+)", "DeleteService", delete_service),
    )

    def _here(self, request: Request) -> list[EdgeService]:
        """The services of the project, in the instance that the header names."""
        place = (request.place["project_id"], _instance(request))
        return [service for service in self.ief.services.values() if (service.project_id, service.instance_id) == place]

    def _found(self, request: Request) -> EdgeService:
        for service in self._here(request):
            if service.id == request.place["id"]:
                return service
        raise RestError("not_found", f"service {request.place['id']} not found")

    def _replace(self, service: EdgeService, request: Request, updated_at: str) -> None:
        """Check all of the request before anything of it is taken over."""
        metadata, spec = _parts(request.body)
        name = metadata.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise RestError("invalid_argument", f"invalid service name: {name}")
        taken = any(other.name == name and other.id != service.id for other in self._here(request))
        if taken and "twins" not in service.instance_id:  # not documented: other vendors refuse it
            raise RestError("already_exists", f"service {name} already exists")
        labels, selector = _texts(metadata, "labels"), _texts(spec, "selector")
        if not selector:
            raise RestError("invalid_argument", "spec.selector is required")
        ports = [_port(port) for port in spec.get("ports") or []]
        if not all(isinstance(spec.get(member) or "", str) for member in ("cluster_ip", "type", "external_name")):
            raise RestError("invalid_argument", "cluster_ip, type and external_name are strings")
        service.name, service.labels, service.selector, service.ports = name, labels, selector, ports
        service.type, service.cluster_ip = spec.get("type") or "", spec.get("cluster_ip") or ""
        service.external_ips, service.external_name = spec.get("external_ips") or [], spec.get("external_name") or ""
        service.updated_at = updated_at
        if service.type == "NodePort":  # not documented: as Kubernetes does it
            self._allocate(service)

    def _allocate(self, service: EdgeService) -> None:
        own = [port["node_port"] for port in service.ports if "node_port" in port]
        others = (other for other in self.ief.services.values() if other.id != service.id)
        taken = {port.get("node_port") for other in others for port in other.ports} | set(own)
        free = (str(number) for number in NODE_PORTS if str(number) not in taken)
        for port in service.ports:
            if "node_port" not in port:
                port["node_port"] = next(free)


def _instance(request: Request) -> str:
    return request.headers.get("ief-instance-id", "")


def _number(request: Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not re.fullmatch("[0-9]{1,9}", text):
        raise RestError("invalid_argument", f"{name} is no number")
    return int(text)


def _parts(body: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    service = body.get("service") if isinstance(body, dict) else None
    metadata, spec = (service.get("meta_data"), service.get("spec")) if isinstance(service, dict) else (None, None)
    if not (isinstance(metadata, dict) and isinstance(spec, dict)):
        raise RestError("invalid_argument", "service needs meta_data and spec")
    return metadata, spec


def _texts(part: dict[str, Any], name: str) -> dict[str, str]:
    value = part.get(name) or {}
    if not (isinstance(value, dict) and all(isinstance(item, str) for item in value.values())):
        raise RestError("invalid_argument", f"{name} is no map of strings")
    return value


def _port(given: Any) -> dict[str, str]:
    if not isinstance(given, dict) or not all(isinstance(item, str) for item in given.values()):
        raise RestError("invalid_argument", "the members of a port are strings")
    port = {member: given[member] for member in _PORT_MEMBERS if given.get(member)}
    if "name" in port and not _PORT_NAME.fullmatch(port["name"]):
        raise RestError("invalid_argument", f"invalid port name: {port['name']}")
    for member in ("port", "target_port", "node_port"):
        if member in port and not (port[member].isdecimal() and 1 <= int(port[member]) <= 65535):
            raise RestError("invalid_argument", f"invalid {member}: {port[member]}")
    return port


def _shown(service: EdgeService) -> dict[str, Any]:
    """Empty members are left out."""
    metadata = {"name": service.name, "labels": service.labels}
    members = ("selector", "ports", "cluster_ip", "external_ips", "external_name", "type")
    spec = {member: to_json(getattr(service, member)) for member in members}
    return {
        "id": service.id,
        "project_id": service.project_id,
        "meta_data": {key: value for key, value in metadata.items() if value},
        "spec": {key: value for key, value in spec.items() if value},
        "created_at": service.created_at,
        "updated_at": service.updated_at,
    }


def now() -> str:
    """The way Go prints a time."""
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%d %H:%M:%S}.{nanoseconds:09d} +0000 UTC"
