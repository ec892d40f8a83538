"""The values for Kubernetes hold for Dagster's chart, its launcher and its settings, and agree with compose.

What the chart takes and makes of it is written down here as facts about chart 1.13.27; what comes out is
judged by Dagster, by its launcher and by the Kubernetes client themselves.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster._config import process_config, resolve_to_config_type
from dagster._core.instance.config import dagster_instance_config
from dagster._core.instance.ref import InstanceRef
from dagster._core.run_coordinator import QueuedRunCoordinator
from dagster_k8s import K8sRunLauncher
from dagster_k8s.container_context import K8sContainerContext
from dagster_k8s.job import construct_dagster_k8s_job
from kubernetes.client import ApiClient  # type: ignore[import-untyped] # has no types

ROOT = Path(__file__).parents[1]
PRODUCTION = ROOT / "dagster_home" / "production"
FREE = "free"
IMAGE = {"repository": str, "tag": str, "pullPolicy": str}
POD = {
    "resources": FREE,
    "podSecurityContext": FREE,
    "securityContext": FREE,
    "volumes": FREE,
    "volumeMounts": FREE,
    "readinessProbe": FREE,
}

CHART: dict[str, Any] = {
    "global": {"dagsterHome": str, "postgresqlSecretName": str, "serviceAccountName": str},
    "postgresql": {
        "enabled": bool,
        "postgresqlScheme": str,
        "postgresqlHost": str,
        "postgresqlUsername": str,
        "postgresqlDatabase": str,
        "postgresqlParams": FREE,
        "service": {"port": int},
    },
    "generatePostgresqlPasswordSecret": bool,
    "dagster-user-deployments": {
        "enabled": bool,
        "enableSubchart": bool,
        "imagePullSecrets": FREE,
        "deployments": [
            {
                "name": str,
                "image": IMAGE,
                "codeServerArgs": [str],
                "dagsterApiGrpcArgs": [str],
                "port": int,
                "env": FREE,
                "envSecrets": [{"name": str}],
                "includeConfigInLaunchedRuns": {"enabled": bool},
                **POD,
            }
        ],
    },
    "runLauncher": {
        "type": str,
        "config": {
            "k8sRunLauncher": {
                "imagePullPolicy": str,
                "jobNamespace": str,
                "loadInclusterConfig": bool,
                "envSecrets": [{"name": str}],
                "volumes": FREE,
                "volumeMounts": FREE,
                "failPodOnRunFailure": bool,
                "resources": FREE,
                "runK8sConfig": {
                    "containerConfig": FREE,
                    "podSpecConfig": FREE,
                    "podTemplateSpecMetadata": FREE,
                    "jobSpecConfig": FREE,
                    "jobMetadata": FREE,
                },
            }
        },
    },
    "dagsterWebserver": {
        "image": IMAGE,
        "replicaCount": int,
        "service": {"type": str, "port": int, "annotations": FREE},
        "enableReadOnly": bool,
        **POD,
    },
    "dagsterDaemon": {
        "enabled": bool,
        "image": IMAGE,
        "runCoordinator": {"enabled": bool, "type": str, "config": FREE},
        "runMonitoring": {
            "enabled": bool,
            "startTimeoutSeconds": int,
            "cancelTimeoutSeconds": int,
            "maxRuntimeSeconds": int,
            "pollIntervalSeconds": int,
            "freeSlotsAfterRunEndSeconds": int,
            "maxResumeRunAttempts": int,
        },
        "runRetries": {"enabled": bool, "maxRetries": int, "retryOnAssetOrOpFailure": bool},
        **POD,
    },
    "concurrency": {
        "enabled": bool,
        "pools": {"defaultLimit": int, "granularity": str, "opGranularityRunBuffer": int},
        "runs": {"maxConcurrentRuns": int, "tagConcurrencyLimits": [{"key": str, "limit": int}]},
    },
    "computeLogManager": {"type": str, "config": FREE},
    "pythonLogs": {"pythonLogLevel": str, "managedPythonLoggers": [str]},
    "telemetry": {"enabled": bool},
    "retention": {
        "enabled": bool,
        "schedule": {"purgeAfterDays": int},
        "sensor": {"purgeAfterDays": {"skipped": int, "success": int, "failure": int, "started": int}},
        "autoMaterialize": {
            "purgeAfterDays": {"skipped": int, "success": int, "failure": int, "started": int}
        },
    },
    "additionalInstanceConfig": FREE,
}
"""What the chart's schema takes, as far as it is of use here."""


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((PRODUCTION / "kubernetes.yaml").read_text())
    return found


@pytest.fixture(scope="module")
def home(values: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with dagster.yaml as the chart writes it."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "dagster.yaml").write_text(yaml.safe_dump(rendered(values)))
    return folder


@pytest.fixture(scope="module")
def instance(home: Path) -> dict[str, Any]:
    """dagster.yaml as the chart writes it, once Dagster has taken it."""
    taken, _ = dagster_instance_config(str(home))
    return dict(taken)


def rendered(values: dict[str, Any]) -> dict[str, Any]:
    """What the chart makes of the values for Dagster's instance."""
    database = {
        "postgres_db": {
            "username": values["postgresql"]["postgresqlUsername"],
            "password": {"env": "DAGSTER_PG_PASSWORD"},
            "hostname": values["postgresql"]["postgresqlHost"],
            "db_name": values["postgresql"]["postgresqlDatabase"],
            "port": 5432,
            "params": {},
            "scheme": values["postgresql"]["postgresqlScheme"],
        }
    }
    storages = {
        "schedule_storage": "ScheduleStorage",
        "run_storage": "RunStorage",
        "event_log": "EventLogStorage",
    }
    daemon, runs = values["dagsterDaemon"], values["concurrency"]["runs"]
    return {
        **{
            ("event_log_storage" if module == "event_log" else module): {
                "module": f"dagster_postgres.{module}",
                "class": f"Postgres{name}",
                "config": database,
            }
            for module, name in storages.items()
        },
        "run_launcher": {"module": "dagster_k8s", "class": "K8sRunLauncher", "config": launcher(values)},
        "run_coordinator": coordinator(daemon),
        "run_monitoring": snake(daemon["runMonitoring"]),
        "run_retries": {
            "enabled": daemon["runRetries"]["enabled"],
            "max_retries": daemon["runRetries"]["maxRetries"],
            "retry_on_asset_or_op_failure": daemon["runRetries"]["retryOnAssetOrOpFailure"],
        },
        "concurrency": {
            "pools": snake(values["concurrency"]["pools"]),
            "runs": {
                "max_concurrent_runs": runs["maxConcurrentRuns"],
                "tag_concurrency_limits": runs["tagConcurrencyLimits"],
            },
        },
        "compute_logs": {
            "module": "dagster._core.storage.noop_compute_log_manager",
            "class": values["computeLogManager"]["type"],
        },
        "python_logs": snake(values["pythonLogs"]),
        "telemetry": values["telemetry"],
        "retention": {
            name: snake(values["retention"][camel])
            for name, camel in (
                ("schedule", "schedule"),
                ("sensor", "sensor"),
                ("auto_materialize", "autoMaterialize"),
            )
        },
        **values["additionalInstanceConfig"],
    }


def coordinator(daemon: dict[str, Any]) -> dict[str, Any]:
    """Who starts runs: on from the start, and then without limits of its own beside `concurrency`."""
    if daemon.get("runCoordinator", {}).get("enabled", True):
        return {
            "module": "dagster._core.run_coordinator",
            "class": "QueuedRunCoordinator",
            "config": {"dequeue_use_threads": True, "dequeue_num_workers": 4},
        }
    module = "dagster._core.run_coordinator.sync_in_memory_run_coordinator"
    return {"module": module, "class": "SyncInMemoryRunCoordinator"}


def launcher(values: dict[str, Any]) -> dict[str, Any]:
    """The launcher's configuration as the chart writes it for a release in the namespace `crm`."""
    given = values["runLauncher"]["config"]["k8sRunLauncher"]
    config = {name: value for name, value in snake(given).items() if name != "run_k8s_config"}
    return config | {
        "load_incluster_config": True,
        "job_namespace": "crm",
        "service_account_name": "kundekort-dagster",
        "dagster_home": values["global"]["dagsterHome"],
        "instance_config_map": "kundekort-dagster-instance",
        "postgres_password_secret": values["global"]["postgresqlSecretName"],
        "env_secrets": [secret["name"] for secret in given["envSecrets"]],
        "run_k8s_config": snake(given["runK8sConfig"]),
    }


def snake(values: dict[str, Any]) -> dict[str, Any]:
    """Keys of the first level as Dagster writes them."""
    return {
        re.sub("([A-Z])", lambda found: f"_{found[1].lower()}", key): value for key, value in values.items()
    }


def strangers(values: Any, known: Any, path: str = "") -> list[str]:
    """Paths of values that the chart does not know, or of another type."""
    if known == FREE:
        return []
    if isinstance(known, dict):
        if not isinstance(values, dict):
            return [path]
        return [
            found
            for key, value in values.items()
            for found in (
                strangers(value, known[key], f"{path}.{key}") if key in known else [f"{path}.{key}"]
            )
        ]
    if isinstance(known, list):
        return [found for value in values for found in strangers(value, known[0], path)]
    return [] if type(values) is known else [path]


def test_the_chart_knows_every_value(values: dict[str, Any]) -> None:
    """A value that a chart does not know is ignored without a word."""
    assert strangers(values, CHART) == []
    assert strangers({"dagsterDaemon": {"replicas": 2}, "telemetry": {"enabled": 1}}, CHART) == [
        ".dagsterDaemon.replicas",
        ".telemetry.enabled",
    ]


def test_dagster_takes_what_the_chart_makes_of_them(instance: dict[str, Any]) -> None:
    assert instance["run_launcher"]["class"] == "K8sRunLauncher"
    assert instance["concurrency"]["pools"]["default_limit"] == 1


def test_dagsters_launcher_takes_its_part(values: dict[str, Any]) -> None:
    shape = K8sRunLauncher.config_type()  # type: ignore[no-untyped-call] # Dagster's
    done = process_config(resolve_to_config_type(shape), launcher(values))
    assert done.success, [error.message for error in done.errors or []]


@pytest.mark.parametrize(
    "section", ["concurrency", "retention", "compute_logs", "python_logs", "telemetry", "nux", "run_retries"]
)
def test_the_cluster_runs_by_the_settings_of_one_machine(values: dict[str, Any], section: str) -> None:
    alone = yaml.safe_load((PRODUCTION / "dagster.yaml").read_text())[section]
    there = rendered(values)[section]
    if section == "retention":
        # The chart asks for each kind of tick; without a number Dagster keeps those that have begun for ever.
        there["sensor"]["purge_after_days"].pop("started")
        alone["auto_materialize"] = {
            "purge_after_days": dict.fromkeys(("skipped", "success", "failure", "started"), 7)
        }
    assert there == alone


def test_a_run_whose_pod_is_gone_gives_its_pool_back_within_minutes(values: dict[str, Any]) -> None:
    monitoring = values["dagsterDaemon"]["runMonitoring"]
    assert monitoring["enabled"]
    assert monitoring["maxResumeRunAttempts"] == 0
    assert 2 * monitoring["pollIntervalSeconds"] + monitoring["freeSlotsAfterRunEndSeconds"] <= 180


def test_runs_wait_for_each_other(home: Path) -> None:
    """With its coordinator switched off the chart has runs started at once, whatever `concurrency` says."""
    assert isinstance(InstanceRef.from_dir(str(home)).run_coordinator, QueuedRunCoordinator)


def test_a_run_that_hangs_is_ended_when_it_is_on_one_machine(values: dict[str, Any]) -> None:
    alone = yaml.safe_load((PRODUCTION / "dagster.yaml").read_text())["run_monitoring"]
    there = snake(values["dagsterDaemon"]["runMonitoring"])
    assert there["max_runtime_seconds"] == alone["max_runtime_seconds"]


def test_the_web_server_is_asked_whether_it_is_ready_where_it_serves(values: dict[str, Any]) -> None:
    """Else the chart asks port 80, and no request ever reaches the pod."""
    served = values["dagsterWebserver"]["service"]["port"]
    assert values["dagsterWebserver"]["readinessProbe"] == {"httpGet": {"port": served}}


def test_commands_run_with_the_settings_and_in_the_home_of_the_runs(values: dict[str, Any]) -> None:
    [deployment] = values["dagster-user-deployments"]["deployments"]
    home, given = values["global"]["dagsterHome"], values["runLauncher"]["config"]["k8sRunLauncher"]
    mounted = {mount["mountPath"]: mount for mount in deployment["volumeMounts"]}
    assert mounted[home] in given["volumeMounts"]
    assert mounted[f"{home}/dagster.yaml"]["subPath"] == "dagster.yaml"
    [settings] = [volume for volume in deployment["volumes"] if volume["name"] == "instance"]
    assert settings["configMap"]["name"] == launcher(values)["instance_config_map"]
    assert deployment["envSecrets"] == given["envSecrets"]
    assert deployment["env"] == given["runK8sConfig"]["containerConfig"]["env"]


def test_every_pod_writes_to_volumes_only_and_mounts_each_once(values: dict[str, Any]) -> None:
    """Were runs given what the code location mounts, they would mount it twice, which no cluster takes."""
    [deployment] = values["dagster-user-deployments"]["deployments"]
    assert deployment["includeConfigInLaunchedRuns"] == {"enabled": False}
    given = values["runLauncher"]["config"]["k8sRunLauncher"]
    run = given | {"securityContext": given["runK8sConfig"]["containerConfig"]["securityContext"]}
    for pod in (deployment, run, values["dagsterWebserver"], values["dagsterDaemon"]):
        paths = [mount["mountPath"] for mount in pod["volumeMounts"]]
        assert len(paths) == len(set(paths))
        assert {mount["name"] for mount in pod["volumeMounts"]} == {
            volume["name"] for volume in pod["volumes"]
        }
        assert pod["securityContext"]["readOnlyRootFilesystem"]
        assert "/tmp" in paths


def test_the_job_of_a_run_is_a_job_that_kubernetes_takes(values: dict[str, Any]) -> None:
    """Built by Dagster's own code: without root, with the secrets by name, with a home that outlives it."""
    context = K8sContainerContext.create_from_config(
        {"k8s": {key: value for key, value in launcher(values).items() if key in CONTEXT}}
    )
    config = context.get_k8s_job_config(
        job_image="registry.example.no/kundekort:1.0.0", run_launcher=Launcher(values)
    )
    job = construct_dagster_k8s_job(
        job_config=config,
        args=["dagster", "api", "execute_run"],
        job_name="dagster-run-1",
        user_defined_k8s_config=context.run_k8s_config,
    )
    body = ApiClient().sanitize_for_serialization(job)
    pod = body["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert body["spec"]["ttlSecondsAfterFinished"] == 86400
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert [source["secretRef"]["name"] for source in container["envFrom"] if "secretRef" in source] == [
        "kundekort"
    ]
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/kundekort/home", "/tmp"}
    asked = {one["name"]: one["valueFrom"]["secretKeyRef"] for one in container["env"] if "valueFrom" in one}
    for name in ("CRM_DATABASE_URL", "PRIVACY_SECRET"):
        assert asked[name] == {"name": "kundekort", "key": name}
    assert "kundekort-home" in {
        volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["volumes"]
        if "persistentVolumeClaim" in volume
    }


CONTEXT = {
    "image_pull_policy",
    "service_account_name",
    "env_secrets",
    "resources",
    "volumes",
    "volume_mounts",
    "run_k8s_config",
}
"""What of the launcher's configuration belongs to each run's container."""


class Launcher:
    """The launcher as far as a job's configuration asks for it; the real one wants a cluster."""

    def __init__(self, values: dict[str, Any]) -> None:
        config = launcher(values)
        self.dagster_home = config["dagster_home"]
        self.instance_config_map = config["instance_config_map"]
        self.postgres_password_secret = config["postgres_password_secret"]


def test_no_secret_stands_in_the_file(values: dict[str, Any]) -> None:
    def words(node: Any) -> list[str]:
        if isinstance(node, dict):
            return [str(key) for key in node] + [word for value in node.values() for word in words(value)]
        if isinstance(node, list):
            return [word for value in node for word in words(value)]
        return []

    found = words(values)
    assert "envSecrets" in found
    named = {"envSecrets", "postgresqlSecretName", "generatePostgresqlPasswordSecret"}
    named |= {"secretKeyRef", "PRIVACY_SECRET"}
    told = {word for word in found if re.search("(?i)password|secret|token|key$", word)}
    assert told - named == {"key"}
    assert values["generatePostgresqlPasswordSecret"] is False


def test_only_the_code_location_and_its_runs_are_given_the_secrets(values: dict[str, Any]) -> None:
    for part in ("dagsterWebserver", "dagsterDaemon"):
        assert not {"env", "envSecrets", "envConfigMaps"} & values[part].keys()


def test_commands_are_sent_to_the_pod_by_the_name_that_the_chart_gives_it(values: dict[str, Any]) -> None:
    """The release's name, the part of the chart that makes code locations, the code location's name."""
    release = re.findall(
        r"helm upgrade --install (\S+) dagster ", (PRODUCTION / "kubernetes.yaml").read_text()
    )
    [deployment] = values["dagster-user-deployments"]["deployments"]
    told = re.findall(r"kubectl exec deploy/(\S+) -- ", (ROOT / "OPERATIONS.md").read_text())
    assert told == [f"{release[0]}-dagster-user-deployments-{deployment['name']}"]


def test_everything_is_of_the_image_of_the_dockerfile(values: dict[str, Any]) -> None:
    [deployment] = values["dagster-user-deployments"]["deployments"]
    images = [deployment["image"], values["dagsterWebserver"]["image"], values["dagsterDaemon"]["image"]]
    assert images == [images[0]] * 3
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert f"DAGSTER_HOME={values['global']['dagsterHome']}" in dockerfile
    assert f"USER {deployment['podSecurityContext']['runAsUser']}" in dockerfile
    assert deployment["name"] == "kundekort"
    assert deployment["codeServerArgs"][-2:] == ["--location-name", deployment["name"]]
    assert f"EXPOSE {values['dagsterWebserver']['service']['port']} {deployment['port']}" in dockerfile


def test_the_chart_has_the_version_of_the_locked_dagster() -> None:
    locked = re.search(r"^dagster==(\S+)", (ROOT / "requirements-kubernetes.lock").read_text(), re.MULTILINE)
    assert locked
    told = set(re.findall(r"1\.\d+\.\d+", (PRODUCTION / "kubernetes.yaml").read_text().split("global:")[0]))
    assert told == {locked[1]}


def test_the_locks_for_one_machine_and_for_a_cluster_agree() -> None:
    pins = [
        dict(re.findall(r"^([a-z0-9-]+)(?:\[[^\]]*\])?==([^ ;]+)", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-kubernetes.lock")
    ]
    assert pins[0].items() <= pins[1].items()
    assert {"dagster-k8s", "kubernetes"} <= pins[1].keys() - pins[0].keys()
