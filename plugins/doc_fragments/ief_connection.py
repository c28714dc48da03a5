# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  endpoint:
    description:
      - Base URL of IEF in a region, with C(http) or C(https). A path prefix is kept.
      - A URL with a user name or a password in it is refused, without showing it.
      - If not given, the environment variable E(IEF_ENDPOINT) is used.
    type: str
    required: true
  project_id:
    description:
      - ID of the project that holds the service.
      - If not given, the environment variable E(IEF_PROJECT_ID) is used.
    type: str
    required: true
  instance_id:
    description:
      - ID of the IEF instance, sent in the header C(ief-instance-id). Only instances of the platinum edition have
        services.
      - If not given, the environment variable E(IEF_INSTANCE_ID) is used.
    type: str
  auth_token:
    description:
      - Token of IAM for the project. It is used as it is until it expires.
      - It comes before the C(iam_*) options. Where a task and its environment give both, they are not looked at. An
        empty one is none, so C(auth_token="") makes a task use them in spite of E(IEF_AUTH_TOKEN).
      - If not given, the environment variable E(IEF_AUTH_TOKEN) is used.
      - A token that travels to another host over plain C(http) makes the task warn, wherever it comes from.
    type: str
  iam_endpoint:
    description:
      - Base URL of IAM, with C(http) or C(https).
      - With this option, O(iam_user), O(iam_password) and O(iam_domain), a token for the project is fetched when the
        first call needs one. A token that expires while the task runs is renewed, once for each call that IEF refuses.
      - O(validate_certs), O(ca_path), O(timeout), O(retries) and proxies hold for IAM too. O(timeout) is for one token,
        apart from the call that needs it.
      - If not given, the environment variable E(IEF_IAM_ENDPOINT) is used.
    type: str
  iam_user:
    description:
      - Name of an IAM user.
      - If not given, the environment variable E(IEF_IAM_USER) is used.
    type: str
  iam_password:
    description:
      - Password of O(iam_user).
      - If not given, the environment variable E(IEF_IAM_PASSWORD) is used.
    type: str
  iam_domain:
    description:
      - Name of the account that O(iam_user) belongs to.
      - If not given, the environment variable E(IEF_IAM_DOMAIN) is used.
    type: str
  validate_certs:
    description:
      - Whether the server's TLS certificate must be valid.
      - If not given, the environment variable E(IEF_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - Path of a CA bundle that the server's TLS certificate is checked with.
      - If not given, the environment variable E(IEF_CA_PATH) is used, then C(REQUESTS_CA_BUNDLE), then the bundle of
        the Python library C(requests).
    type: path
  timeout:
    description:
      - Seconds for one call, at most 86400. They are enforced on the whole call.
      - If not given, the environment variable E(IEF_TIMEOUT) is used.
    type: float
    default: 30
  retries:
    description:
      - Extra tries of a call that is safe to repeat, at most 100. A write is repeated only when it is known not to have
        taken effect.
      - If not given, the environment variable E(IEF_RETRIES) is used.
    type: int
    default: 4
requirements:
  - Python >= 3.10
  - requests >= 2.28
notes:
  - An environment variable that is empty counts as not set.
  - Proxies are taken from the usual environment variables (C(HTTPS_PROXY), C(NO_PROXY) and so on).
"""
