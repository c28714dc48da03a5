# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - Base URL of the OtterScale API, with C(http) or C(https). A path prefix is kept.
      - A URL that contains a user name or a password is refused, and not shown.
      - If not given, the environment variable E(OTTERSCALE_API_URL) is used.
    type: str
    required: true
  api_token:
    description:
      - Bearer token, an OIDC access token of OtterScale's realm. It is used as it is until it expires.
      - It takes precedence over the C(oidc_*) options, also when it comes from the environment. An empty token counts
        as not given, so C(api_token="") makes a task use those options even if E(OTTERSCALE_API_TOKEN) is set.
      - If not given, the environment variable E(OTTERSCALE_API_TOKEN) is used.
      - The task warns if a token is sent to another host over unencrypted C(http), wherever the token comes from.
    type: str
  oidc_issuer_url:
    description:
      - Issuer of an OpenID Connect provider, with C(http) or C(https), such as the URL of a Keycloak realm. Its
        discovery document must name the same issuer, and a token endpoint with C(https) unless the issuer has C(http).
      - With this option or O(oidc_token_url), tokens are fetched when the first call to the API needs one. A token that
        expires while the task runs is renewed, once for each call that the server refuses.
      - The user is O(oidc_username) with O(oidc_password) (password grant), or else the client O(oidc_client_id) itself
        with O(oidc_client_secret) (client credentials grant).
      - O(validate_certs), O(ca_path), O(timeout), O(retries) and proxies apply to the provider too. O(timeout) limits
        fetching one token, separately from the call that needs it.
      - If not given, the environment variable E(OTTERSCALE_OIDC_ISSUER_URL) is used.
    type: str
  oidc_token_url:
    description:
      - Token endpoint of the provider, with C(http) or C(https). With this option nothing is discovered, and
        O(oidc_issuer_url) is not used.
      - If not given, the environment variable E(OTTERSCALE_OIDC_TOKEN_URL) is used.
    type: str
  oidc_client_id:
    description:
      - Client ID at the provider. Required by all other C(oidc_*) options.
      - If not given, the environment variable E(OTTERSCALE_OIDC_CLIENT_ID) is used.
    type: str
  oidc_client_secret:
    description:
      - Secret of the client. Only a public client that is used with O(oidc_username) does not need one.
      - It is sent with HTTP Basic authentication, or in the body where the provider discovered at O(oidc_issuer_url)
        offers only C(client_secret_post).
      - If not given, the environment variable E(OTTERSCALE_OIDC_CLIENT_SECRET) is used.
    type: str
  oidc_username:
    description:
      - User to fetch tokens for. Requires O(oidc_password).
      - If not given, the environment variable E(OTTERSCALE_OIDC_USERNAME) is used.
    type: str
  oidc_password:
    description:
      - Password of O(oidc_username).
      - If not given, the environment variable E(OTTERSCALE_OIDC_PASSWORD) is used.
    type: str
  scope:
    description:
      - Name of the OtterScale scope that holds the resource. With OtterScale 1.x this is the name of a cluster.
      - If not given, the environment variable E(OTTERSCALE_SCOPE) is used.
    type: str
    required: true
    aliases: [cluster]
  server_api:
    description:
      - Which API the server has. V(instance_v1) is that of 2025, with a service for each type of resource.
        V(resource_v1) is that of OtterScale 1.x, which serves Kubernetes objects.
      - With V(auto), the API of 2025 is called. Only if the server does not know that call, the task asks it once which
        API it has.
      - If not given, the environment variable E(OTTERSCALE_SERVER_API) is used.
    type: str
    choices: [auto, instance_v1, resource_v1]
    default: auto
  validate_certs:
    description:
      - Whether the server's TLS certificate must be valid.
      - If not given, the environment variable E(OTTERSCALE_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - Path of a CA bundle that the server's TLS certificate is verified against.
      - If not given, the environment variable E(OTTERSCALE_CA_PATH) is used, then C(REQUESTS_CA_BUNDLE),
        then the bundle of the Python library C(requests).
    type: path
  timeout:
    description:
      - Time limit for one call to the API in seconds, at most 86400. It covers the whole call, and is also sent to the
        server.
      - If not given, the environment variable E(OTTERSCALE_TIMEOUT) is used.
    type: float
    default: 30
  retries:
    description:
      - Number of further attempts after a failed call that is safe to repeat, at most 100. A write is repeated only if
        it is known not to have taken effect.
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
      - A URL that contains a user name or a password is refused, and not shown.
      - If not given, the environment variable E(OTTERSCALE_API_URL) is used.
    type: str
    required: true
    env:
      - name: OTTERSCALE_API_URL
  api_token:
    description:
      - Bearer token, an OIDC access token of OtterScale's realm. It is used as it is until it
        expires.
      - It takes precedence over the C(oidc_*) options, also when it comes from the environment.
        An empty token counts as not given, so C(api_token="") makes a task use those options
        even if E(OTTERSCALE_API_TOKEN) is set.
      - If not given, the environment variable E(OTTERSCALE_API_TOKEN) is used.
      - The task warns if a token is sent to another host over unencrypted C(http), wherever the
        token comes from.
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
      - O(validate_certs), O(ca_path), O(timeout), O(retries) and proxies apply to the provider
        too. O(timeout) limits fetching one token, separately from the call that needs it.
      - If not given, the environment variable E(OTTERSCALE_OIDC_ISSUER_URL) is used.
    type: str
    env:
      - name: OTTERSCALE_OIDC_ISSUER_URL
  oidc_token_url:
    description:
      - Token endpoint of the provider, with C(http) or C(https). With this option nothing is
        discovered, and O(oidc_issuer_url) is not used.
      - If not given, the environment variable E(OTTERSCALE_OIDC_TOKEN_URL) is used.
    type: str
    env:
      - name: OTTERSCALE_OIDC_TOKEN_URL
  oidc_client_id:
    description:
      - Client ID at the provider. Required by all other C(oidc_*) options.
      - If not given, the environment variable E(OTTERSCALE_OIDC_CLIENT_ID) is used.
    type: str
    env:
      - name: OTTERSCALE_OIDC_CLIENT_ID
  oidc_client_secret:
    description:
      - Secret of the client. Only a public client that is used with O(oidc_username) does not
        need one.
      - It is sent with HTTP Basic authentication, or in the body where the provider discovered
        at O(oidc_issuer_url) offers only C(client_secret_post).
      - If not given, the environment variable E(OTTERSCALE_OIDC_CLIENT_SECRET) is used.
    type: str
    env:
      - name: OTTERSCALE_OIDC_CLIENT_SECRET
  oidc_username:
    description:
      - User to fetch tokens for. Requires O(oidc_password).
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
      - Name of the OtterScale scope that holds the resource. With OtterScale 1.x this is the
        name of a cluster.
      - If not given, the environment variable E(OTTERSCALE_SCOPE) is used.
    type: str
    required: true
    aliases:
      - cluster
    env:
      - name: OTTERSCALE_SCOPE
  server_api:
    description:
      - Which API the server has. V(instance_v1) is that of 2025, with a service for each type
        of resource. V(resource_v1) is that of OtterScale 1.x, which serves Kubernetes objects.
      - With V(auto), the API of 2025 is called. Only if the server does not know that call, the
        task asks it once which API it has.
      - If not given, the environment variable E(OTTERSCALE_SERVER_API) is used.
    type: str
    default: auto
    env:
      - name: OTTERSCALE_SERVER_API
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
      - Path of a CA bundle that the server's TLS certificate is verified against.
      - If not given, the environment variable E(OTTERSCALE_CA_PATH) is used, then C(REQUESTS_CA_BUNDLE),
        then the bundle of the Python library C(requests).
    type: path
    env:
      - name: OTTERSCALE_CA_PATH
  timeout:
    description:
      - Time limit for one call to the API in seconds, at most 86400. It covers the whole call,
        and is also sent to the server.
      - If not given, the environment variable E(OTTERSCALE_TIMEOUT) is used.
    type: float
    default: 30
    env:
      - name: OTTERSCALE_TIMEOUT
  retries:
    description:
      - Number of further attempts after a failed call that is safe to repeat, at most 100. A
        write is repeated only if it is known not to have taken effect.
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
