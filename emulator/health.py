# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""The health check, which needs no token: it tells which services a server has."""

from __future__ import annotations

from collections.abc import Collection

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from otterscale.health.v1 import health_pb as pb
from otterscale.health.v1.health_connect import Health

from .context import Context


class HealthService(Health):
    def __init__(self, services: Collection[str]) -> None:
        self._services = services

    async def check(self, request: pb.HealthCheckRequest, ctx: Context) -> pb.HealthCheckResponse:
        if request.service and request.service not in self._services:
            raise ConnectError(Code.NOT_FOUND, f"unknown service {request.service}")
        return pb.HealthCheckResponse(status=pb.HealthCheckResponse.ServingStatus.SERVING)
