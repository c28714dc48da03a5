# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - Base URL of the OtterScale API, with C(http) or C(https). A path prefix is kept.
      - A URL with a user name or a password in it is refused, without showing it.
      - If not given, the environment variable E(OTTERSCALE_API_URL) is used.
    type: str
    required: true
  api_token:
    description:
      - Bearer token, an OIDC access token of OtterScale's realm. It is used as it is until it expires.
      - It comes before the C(oidc_*) options. Where a task and its environment give both, they are not looked at. An
        empty one is none, so C(api_token="") makes a task use them in spite of E(OTTERSCALE_API_TOKEN).
      - If not given, the environment variable E(OTTERSCALE_API_TOKEN) is used.
      - A token that travels to another host over plain C(http) makes the task warn, wherever it comes from.
    type: str
  oidc_issuer_url:
    description:
      - Issuer of an OpenID Connect provider, with C(http) or C(https), such as the URL of a Keycloak realm. Its
        discovery document must name the same issuer, and a token endpoint with C(https) unless the issuer has C(http).
      - With this option or O(oidc_token_url), tokens are fetched when the first call to the API needs one. A token that
        expires while the task runs is renewed, once for each call that the server refuses.
      - The user is O(oidc_username) with O(oidc_password) (password grant), or else the client O(oidc_client_id) itself
        with O(oidc_client_secret) (client credentials grant).
      - O(validate_certs), O(ca_path), O(timeout), O(retries) and proxies hold for the provider too. O(timeout) is for
        one token, apart from the call that needs it.
      - If not given, the environment variable E(OTTERSCALE_OIDC_ISSUER_URL) is used.
    type: str
  oidc_token_url:
    description:
      - Token endpoint of the provider, with C(http) or C(https). Then nothing is discovered, and O(oidc_issuer_url) is
        not used.
      - If not given, the environment variable E(OTTERSCALE_OIDC_TOKEN_URL) is used.
    type: str
  oidc_client_id:
    description:
      - The client at the provider. Every other C(oidc_*) option needs it.
      - If not given, the environment variable E(OTTERSCALE_OIDC_CLIENT_ID) is used.
    type: str
  oidc_client_secret:
    description:
      - Secret of the client. Only a public client with O(oidc_username) has none.
      - It is sent with HTTP Basic authentication, or in the body where the provider discovered at O(oidc_issuer_url)
        offers only C(client_secret_post).
      - If not given, the environment variable E(OTTERSCALE_OIDC_CLIENT_SECRET) is used.
    type: str
  oidc_username:
    description:
      - User whose tokens are fetched, together with O(oidc_password).
      - If not given, the environment variable E(OTTERSCALE_OIDC_USERNAME) is used.
    type: str
  oidc_password:
    description:
      - Password of O(oidc_username).
      - If not given, the environment variable E(OTTERSCALE_OIDC_PASSWORD) is used.
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
      - Seconds for one call to the API, at most 86400. They are sent to the server and enforced on the whole call.
      - If not given, the environment variable E(OTTERSCALE_TIMEOUT) is used.
    type: float
    default: 30
  retries:
    description:
      - Extra tries of a call that is safe to repeat, at most 100. A write is repeated only when it is known not to have
        taken effect.
      - If not given, the environment variable E(OTTERSCALE_RETRIES) is used.
    type: int
    default: 4
requirements:
  - requests >= 2.28
  - oauthlib >= 3.1 (only with the C(oidc_*) options)
notes:
  - An environment variable that is empty counts as not set.
  - Proxies are taken from the usual environment variables (C(HTTPS_PROXY), C(NO_PROXY) and so on).
  - The Python library C(googleapis-common-protos), if it is installed, decodes error details of the server.
"""

    INVENTORY = r"""
# BEGIN generated: environment
options:
  api_url:
    description:
      - Base URL of the OtterScale API, with C(http) or C(https). A path prefix is kept.
      - A URL with a user name or a password in it is refused, without showing it.
      - If not given, the environment variable E(OTTERSCALE_API_URL) is used.
    type: str
    required: true
    env:
      - name: OTTERSCALE_API_URL
  api_token:
    description:
      - Bearer token, an OIDC access token of OtterScale's realm. It is used as it is until it
        expires.
      - It comes before the C(oidc_*) options. Where a task and its environment give both, they
        are not looked at. An empty one is none, so C(api_token="") makes a task use them in spite
        of E(OTTERSCALE_API_TOKEN).
      - If not given, the environment variable E(OTTERSCALE_API_TOKEN) is used.
      - A token that travels to another host over plain C(http) makes the task warn, wherever
        it comes from.
    type: str
    env:
      - name: OTTERSCALE_API_TOKEN
  oidc_issuer_url:
    description:
      - Issuer of an OpenID Connect provider, with C(http) or C(https), such as the URL of a Keycloak
        realm. Its discovery document must name the same issuer, and a token endpoint with C(https)
        unless the issuer has C(http).
      - With this option or O(oidc_token_url), tokens are fetched when the first call to the API
        needs one. A token that expires while the task runs is renewed, once for each call that
        the server refuses.
      - The user is O(oidc_username) with O(oidc_password) (password grant), or else the client
        O(oidc_client_id) itself with O(oidc_client_secret) (client credentials grant).
      - O(validate_certs), O(ca_path), O(timeout), O(retries) and proxies hold for the provider
        too. O(timeout) is for one token, apart from the call that needs it.
      - If not given, the environment variable E(OTTERSCALE_OIDC_ISSUER_URL) is used.
    type: str
    env:
      - name: OTTERSCALE_OIDC_ISSUER_URL
  oidc_token_url:
    description:
      - Token endpoint of the provider, with C(http) or C(https). Then nothing is discovered,
        and O(oidc_issuer_url) is not used.
      - If not given, the environment variable E(OTTERSCALE_OIDC_TOKEN_URL) is used.
    type: str
    env:
      - name: OTTERSCALE_OIDC_TOKEN_URL
  oidc_client_id:
    description:
      - The client at the provider. Every other C(oidc_*) option needs it.
      - If not given, the environment variable E(OTTERSCALE_OIDC_CLIENT_ID) is used.
    type: str
    env:
      - name: OTTERSCALE_OIDC_CLIENT_ID
  oidc_client_secret:
    description:
      - Secret of the client. Only a public client with O(oidc_username) has none.
      - It is sent with HTTP Basic authentication, or in the body where the provider discovered
        at O(oidc_issuer_url) offers only C(client_secret_post).
      - If not given, the environment variable E(OTTERSCALE_OIDC_CLIENT_SECRET) is used.
    type: str
    env:
      - name: OTTERSCALE_OIDC_CLIENT_SECRET
  oidc_username:
    description:
      - User whose tokens are fetched, together with O(oidc_password).
      - If not given, the environment variable E(OTTERSCALE_OIDC_USERNAME) is used.
    type: str
    env:
      - name: OTTERSCALE_OIDC_USERNAME
  oidc_password:
    description:
      - Password of O(oidc_username).
      - If not given, the environment variable E(OTTERSCALE_OIDC_PASSWORD) is used.
    type: str
    env:
      - name: OTTERSCALE_OIDC_PASSWORD
  scope:
    description:
      - Name of the OtterScale scope that holds the resource.
      - If not given, the environment variable E(OTTERSCALE_SCOPE) is used.
    type: str
    required: true
    env:
      - name: OTTERSCALE_SCOPE
  validate_certs:
    description:
      - Whether the server's TLS certificate must be valid.
      - If not given, the environment variable E(OTTERSCALE_VALIDATE_CERTS) is used.
    type: bool
    default: true
    env:
      - name: OTTERSCALE_VALIDATE_CERTS
  ca_path:
    description:
      - Path of a CA bundle that the server's TLS certificate is checked with.
      - If not given, the environment variable E(OTTERSCALE_CA_PATH) is used, then C(REQUESTS_CA_BUNDLE),
        then the bundle of the Python library C(requests).
    type: path
    env:
      - name: OTTERSCALE_CA_PATH
  timeout:
    description:
      - Seconds for one call to the API, at most 86400. They are sent to the server and enforced
        on the whole call.
      - If not given, the environment variable E(OTTERSCALE_TIMEOUT) is used.
    type: float
    default: 30
    env:
      - name: OTTERSCALE_TIMEOUT
  retries:
    description:
      - Extra tries of a call that is safe to repeat, at most 100. A write is repeated only when
        it is known not to have taken effect.
      - If not given, the environment variable E(OTTERSCALE_RETRIES) is used.
    type: int
    default: 4
    env:
      - name: OTTERSCALE_RETRIES
requirements:
  - requests >= 2.28
  - oauthlib >= 3.1 (only with the C(oidc_*) options)
notes:
  - An environment variable that is empty counts as not set.
  - Proxies are taken from the usual environment variables (C(HTTPS_PROXY), C(NO_PROXY) and so
    on).
  - The Python library C(googleapis-common-protos), if it is installed, decodes error details
    of the server.
# END generated
"""
