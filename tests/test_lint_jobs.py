"""Training jobs in lint: what webhooks, CRDs and controllers refuse of them."""

from __future__ import annotations

import pytest

from tests.linted import check, message, messages


def pytorch(name: str = "a", master: str = "replicas: 1", worker: str = "") -> str:
    """A PyTorchJob; a Worker only where it is given."""
    pods = "template: {spec: {containers: [{name: pytorch, image: i}]}}"
    text = (
        "apiVersion: kubeflow.org/v1\nkind: PyTorchJob\n"
        f"metadata: {{name: {name}}}\nspec:\n  pytorchReplicaSpecs:\n"
        f"    Master: {{{master}, {pods}}}\n"
    )
    return text + (f"    Worker: {{{worker}, {pods}}}\n" if worker else "")


def mpi(name: str = "a", worker: str = "replicas: 2", policy: str = "") -> str:
    pods = "template: {spec: {containers: [{name: a, image: i}]}}"
    text = (
        "apiVersion: kubeflow.org/v2beta1\nkind: MPIJob\n"
        f"metadata: {{name: {name}}}\nspec:\n{policy}  mpiReplicaSpecs:\n"
        f"    Launcher: {{{pods}}}\n"
    )
    return text + (f"    Worker: {{{worker}, {pods}}}\n" if worker else "")


def train(name: str = "a", more: str = "") -> str:
    return (
        "apiVersion: trainer.kubeflow.org/v1alpha1\nkind: TrainJob\n"
        f"metadata: {{name: {name}}}\nspec:\n  runtimeRef: {{name: torch}}\n{more}"
    )


@pytest.mark.parametrize(
    "text", [pytorch(), pytorch(worker="replicas: 3"), mpi(), train()]
)
def test_job_without_rails_is_judged_and_fine(text):
    check(text)


# -- names ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["My_Job", "-a", "1a", "a.b", '"1"', "a" * 64])
def test_bad_name_of_a_pytorch_job_is_said_once(name):
    check(pytorch(f"»{name}"), "NK404")


@pytest.mark.parametrize(
    ("length", "worker", "pod"),
    [
        (55, "", "master-0"),
        (55, "replicas: 3", "worker-2"),
        (54, "replicas: 11", "worker-10"),
    ],
)
def test_pod_name_that_grows_too_long(length, worker, pod):
    text = pytorch("»" + "a" * length, worker=worker)

    check(text, "NK404")
    assert message(text, "NK404") == (
        f"pod name {'a' * length}-{pod} has over 63 characters"
    )


@pytest.mark.parametrize(
    ("length", "worker"), [(54, ""), (54, "replicas: 10"), (53, "replicas: 11")]
)
def test_pod_name_at_its_limit(length, worker):
    check(pytorch("a" * length, worker=worker))


@pytest.mark.parametrize("worker", ["", "replicas: 2"])
@pytest.mark.parametrize("name", ["a.b", "1a", "My_Job", "a" * 55])
def test_host_name_of_an_mpi_worker(name, worker):
    check(mpi(f"»{name}", worker), "NK404")


def test_host_name_at_its_limit():
    check(mpi("a" * 54, "replicas: 10"))
    check(mpi("»" + "a" * 54, "replicas: 11"), "NK404")


@pytest.mark.parametrize("name", ["1a", "a.b", "My_Job", "a" * 64])
def test_name_of_a_train_job_is_the_crd_s_to_refuse(name):
    check(train(f"»{name}"), "NK411")


# -- PyTorchJob -------------------------------------------------------------------


@pytest.mark.parametrize("master", ["replicas: »2", "replicas: »0"])
def test_master_is_one(master):
    check(pytorch(master=master), "NK432")


def test_place_of_a_master_without_replicas_is_the_master():
    text = pytorch().replace("{replicas: 1, ", "»{")
    check(text, "NK432")


@pytest.mark.parametrize("count", [0, -1])
def test_worker_is_one_or_more(count):
    check(pytorch(worker=f"replicas: »{count}"), "NK432")


def test_worker_may_leave_its_number_out():
    check(pytorch(worker="restartPolicy: Never"))


def test_job_of_workers_alone():
    check(pytorch(worker="replicas: 2").replace("Master", "»master"), "NK432")


def test_replicas_that_are_empty():
    text = pytorch().partition("    Master")[0].rstrip() + " {}\n"
    assert messages(text, "NK432") == ["pytorchReplicaSpecs is empty"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (", image: i", "", "container pytorch of Master has no image"),
        ("image: i", 'image: ""', "container pytorch of Master has no image"),
        ("name: pytorch", "name: torch", "Master has no container named pytorch"),
        ("[{name: pytorch, image: i}]", "[]", "Master has no container"),
    ],
)
def test_containers_of_a_replica(old, new, words):
    assert messages(pytorch().replace(old, new), "NK432") == [words]


def test_manager_is_one_of_two():
    text = pytorch().replace("spec:\n", "spec:\n  runPolicy: {managedBy: »me}\n", 1)
    check(text, "NK432")
    check(text.replace("»me", "kueue.x-k8s.io/multikueue"))


def test_elastic_policy_without_workers():
    text = pytorch().replace(
        "spec:\n", "spec:\n  elasticPolicy: »{maxReplicas: 2}\n", 1
    )
    check(text, "NK432")


def test_two_numbers_of_processes():
    more = 'spec:\n  nprocPerNode: "8"\n  elasticPolicy: {nProcPerNode: »8}\n'
    check(pytorch(worker="replicas: 2").replace("spec:\n", more, 1), "NK432")


# -- MPIJob -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Launcher: {", "Launcher: {replicas: »2, "),
        ("Launcher: {", "Launcher: {replicas: »0, "),
        ("Worker: {replicas: 2", "Worker: {replicas: »0"),
        ("Launcher: {", "Launcher: {restartPolicy: »Always, "),
        ("Worker:", "»worker:"),
    ],
)
def test_replicas_of_an_mpi_job(old, new):
    check(mpi().replace(old, new), "NK432")


def test_launcher_may_be_written_as_one():
    check(mpi().replace("Launcher: {", "Launcher: {replicas: 1, "))


def test_mpi_job_without_a_launcher():
    text = mpi().replace("Launcher:", "Other:")
    assert set(messages(text, "NK432")) == {
        "mpiReplicaSpecs has no Launcher",
        "a replica is called Launcher or Worker, not Other",
    }


@pytest.mark.parametrize(
    "policy",
    ["  runPolicy: {cleanPodPolicy: »Never}\n", "  slotsPerWorker: »-1\n"],
)
def test_policy_of_an_mpi_job(policy):
    check(mpi(policy=policy), "NK432")


# -- TrainJob ---------------------------------------------------------------------


def test_manager_of_a_train_job_is_the_crd_s_to_refuse():
    text = train(more="  managedBy: »me\n")

    check(text, "NK411")
    assert message(text, "NK411") == (
        "spec.managedBy 'me' is none of trainer.kubeflow.org/trainjob-controller,"
        " kueue.x-k8s.io/multikueue"
    )
