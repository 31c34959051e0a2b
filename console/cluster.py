"""The Kubernetes API, seen through the official client."""

import json
import os
import secrets
from datetime import UTC, datetime
from typing import Any, Protocol

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from urllib3.exceptions import HTTPError

from console import jobs, wishes
from console.jobs import Cluster
from console.wishes import Wish

TIMEOUT = (2.0, 5.0)
"""Seconds to connect and to answer: a scrape must end within Prometheus's ten."""
LOG_BYTES = 256 * 1024
NOT_FOUND = 404


class ClusterError(Exception):
    """What the cluster refused or could not do, in one sentence."""


class Api(Protocol):
    """What the pages, the metrics and the notifications need of the cluster."""

    def look(self) -> Cluster: ...
    def start(self, wish: Wish) -> str: ...
    def log(self, job: str) -> str: ...


class Kubernetes:
    """One namespace, as the pod's ServiceAccount (or, outside, the kubeconfig) may see it."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._api: client.ApiClient | None = None

    def look(self) -> Cluster:
        """CronJobs and Jobs, now; an API that does not answer is part of the answer."""
        try:
            cron_jobs = self._items("list_namespaced_cron_job")
            found = [jobs.job(each) for each in self._items("list_namespaced_job")]
            return Cluster(
                cron_jobs=tuple(
                    jobs.cron_job(each)
                    for each in cron_jobs
                    if each["metadata"]["name"] in {wishes.BACKUP, wishes.VERIFY}
                ),
                jobs=jobs.by_age([each for each in found if each]),
            )
        except ClusterError as error:
            return Cluster(why=str(error))
        except (KeyError, TypeError, AttributeError) as error:
            return Cluster(why=f"the API's answer cannot be read: {error!r}")

    def start(self, wish: Wish) -> str:
        """Creates the Job and returns its name."""
        batch = client.BatchV1Api(self._client())
        template = self._call(batch.read_namespaced_cron_job, wish.cron_job, self._namespace)
        name = wishes.job_name(wish.action, datetime.now(UTC), secrets.randbelow(10_000))
        body = wishes.made_from(template, wish, name)
        self._call(batch.create_namespaced_job, self._namespace, body)
        return name

    def log(self, job: str) -> str:
        """The end of the log of a Job's pods, and why one of them does not start."""
        core = client.CoreV1Api(self._client())
        selector = f"batch.kubernetes.io/job-name={job}"
        found = self._call(core.list_namespaced_pod, self._namespace, label_selector=selector)
        pods = found.get("items", [])
        texts = [jobs.pods_words(pods)]
        for pod in pods:
            first = jobs.failed_first(pod)
            chosen: dict[str, Any] = {"container": first} if first else {}
            try:
                answer: Any = core.read_namespaced_pod_log(
                    pod["metadata"]["name"],
                    self._namespace,
                    tail_lines=2000,
                    **chosen,
                    limit_bytes=LOG_BYTES,
                    _preload_content=False,
                    _request_timeout=TIMEOUT,
                )
                texts.append(answer.data.decode(errors="replace"))
            except (ApiException, HTTPError):
                continue  # its container has not started yet: pods_words says why
        return "\n".join(text for text in texts if text)

    def _items(self, method: str) -> list[dict[str, Any]]:
        batch = client.BatchV1Api(self._client())
        found = self._call(getattr(batch, method), self._namespace)
        items: list[dict[str, Any]] = found.get("items") or []
        return items

    def _call(self, method: Any, *arguments: object, **options: object) -> dict[str, Any]:
        """The API's own JSON: the client's models cost a scrape more than the request does."""
        try:
            answer = method(*arguments, **options, _preload_content=False, _request_timeout=TIMEOUT)
            found = json.loads(answer.data)
        except ApiException as error:
            raise ClusterError(f"the Kubernetes API refused: {_reason(error)}") from error
        except (HTTPError, OSError) as error:
            raise ClusterError(
                f"the Kubernetes API does not answer ({type(error).__name__})"
            ) from error
        except ValueError as error:
            raise ClusterError("the Kubernetes API did not answer with JSON") from error
        if not isinstance(found, dict):
            raise ClusterError("the Kubernetes API did not answer with an object")
        return found

    def _client(self) -> client.ApiClient:
        if self._api is None:
            self._api = client.ApiClient(_configuration())
        return self._api


def _configuration() -> client.Configuration:
    configuration = client.Configuration()
    try:
        if "KUBERNETES_SERVICE_HOST" in os.environ:
            config.load_incluster_config(  # type: ignore[no-untyped-call]
                client_configuration=configuration
            )
        else:
            config.load_kube_config(  # type: ignore[no-untyped-call]
                client_configuration=configuration
            )
    except ConfigException as error:
        raise ClusterError(f"no cluster can be found ({str(error).rstrip('.')})") from error
    # urllib3's own: a scrape would wait for four attempts.
    configuration.retries = False
    return configuration


def _reason(error: ApiException) -> str:
    try:
        return f"{json.loads(error.body or '')['message']} ({error.status})"
    except (ValueError, KeyError, TypeError):
        return f"{error.reason} ({error.status})"
