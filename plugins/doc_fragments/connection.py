# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - Base URL of the OtterScale API, with C(http) or C(https). A path prefix is kept.
      - If not given, the environment variable E(OTTERSCALE_API_URL) is used.
    type: str
    required: true
  api_token:
    description:
      - Bearer token, an OIDC access token of OtterScale's realm.
      - If not given, the environment variable E(OTTERSCALE_API_TOKEN) is used.
    type: str
  scope:
    description:
      - Name of the OtterScale scope that holds the resource.
      - If not given, the environment variable E(OTTERSCALE_SCOPE) is used.
    type: str
    required: true
  validate_certs:
    description:
      - Whether the server's TLS certificate must be valid.
      - If not given, the environment variable E(OTTERSCALE_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - Path of a CA bundle that the server's TLS certificate is checked with.
      - If not given, the environment variable E(OTTERSCALE_CA_PATH) is used, then C(REQUESTS_CA_BUNDLE),
        then the bundle of the Python library C(requests).
    type: path
  timeout:
    description:
      - Seconds for one call to the API. They are sent to the server and enforced on the whole call.
      - If not given, the environment variable E(OTTERSCALE_TIMEOUT) is used.
    type: float
    default: 30
  retries:
    description:
      - Extra tries of a call that is safe to repeat. A write is repeated only when it is known not to have
        taken effect.
      - If not given, the environment variable E(OTTERSCALE_RETRIES) is used.
    type: int
    default: 4
requirements:
  - requests >= 2.28
notes:
  - Proxies are taken from the usual environment variables (C(HTTPS_PROXY), C(NO_PROXY) and so on).
  - The Python library C(googleapis-common-protos), if it is installed, decodes error details of the server.
"""
