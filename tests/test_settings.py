"""netplan2k8s.yaml: found upward, every mistake at its place, as its schema says."""

from __future__ import annotations

import dataclasses

import jsonschema
import pytest
import yaml

from netplan2k8s import json_schemas, settings_file
from netplan2k8s.findings import InputError
from netplan2k8s.settings import Settings

FULL = """\
rails:
  - {number: 1, name: alpha, interface: "eth_rail*", mac: "02:00:00:00:00:01"}
  - {number: 2, pci: ["1a:00.0", "0000:1b:00.0"], cidr: 172.16.0.0/15}
rail_name: "lane-{n}"
first_rail: 0
operator_release: "26.1"
operator_namespace: network
network_namespace: training
admission_controller: true
network_kind: nad
meta_plugins: [sbr, tuning]
policy: full
images:
  nvIpam: {repository: example.com/mirror, image: nvidia-k8s-ipam, version: v1}
job:
  name: train
  namespace: training
  image: example.com/pytorch
  mpi_image: example.com/nccl-tests
  command: [python, train.py]
  gpus_per_node: 4
  shared_memory: 8Gi
  ipc_lock: true
node_groups:
  - {name: a, nodes: ["a-*"], node_selector: {model: a}}
node_name: "{name}.example"
node_names: names.txt
inventory: table.csv
exclude_nodes: ["login-*"]
ignore_interfaces: storage*
waves: ["a-0,a-1", "b-*"]
pci:
  eth_rail0: "0000:1a:00.0"
"""


def load(tmp_path, text: str) -> Settings:
    path = tmp_path / "netplan2k8s.yaml"
    path.write_text(text)
    return settings_file.load(str(path))


def mistakes(tmp_path, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    return [
        f"{f.span.line}:{f.span.column}: {f.rule.code} {f.message}"
        for f in caught.value.findings
    ]


def test_every_setting_is_read(tmp_path):
    settings = load(tmp_path, FULL)
    defaults = Settings()
    same = [
        field.name
        for field in dataclasses.fields(Settings)
        if getattr(settings, field.name) == getattr(defaults, field.name)
    ]
    assert same == [], "a setting of the file that changed nothing"
    assert settings.rails[1].pci_addresses == ("0000:1a:00.0", "0000:1b:00.0")
    assert settings.node_names == str(tmp_path / "names.txt"), "paths are the file's"
    assert settings.job.command == ("python", "train.py")


def test_empty_file_is_the_defaults(tmp_path):
    assert load(tmp_path, "# nothing\n") == Settings()


def test_schema_and_reader_know_the_same_keys():
    schema = json_schemas.schema("settings")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(FULL), schema)
    assert set(schema["properties"]) == {
        field.name for field in dataclasses.fields(Settings)
    }
    assert set(schema["properties"]) == set(yaml.safe_load(FULL)), "the test shows all"


def test_schema_and_reader_agree_on_defaults():
    defaults = Settings()
    for name, key in json_schemas.schema("settings")["properties"].items():
        if "default" in key:
            assert key["default"] == getattr(defaults, name)
    job = json_schemas.schema("settings")["properties"]["job"]["properties"]
    for name, key in job.items():
        if "default" in key:
            assert key["default"] == getattr(defaults.job, name)


BAD = [
    (
        "railz: 1\n",
        "1:1: NK008 unknown key 'railz' in the settings; did you mean 'rails'?",
    ),
    ("policy: parch\n", "1:9: NK008 policy 'parch' is none of patch, full"),
    ("policy: [a]\n", "1:9: NK008 policy must be text"),
    (
        "admission_controller: maybe\n",
        "1:23: NK008 admission_controller 'maybe' is neither true nor false",
    ),
    ("first_rail: 256\n", "1:13: NK008 first_rail '256' is no number from 0 to 255"),
    ("rail_name: rail\n", "1:12: NK008 rail_name 'rail' must contain {n} once"),
    (
        "rail_name: 'Rail {n}'\n",
        "1:12: NK008 rail_name 'Rail 1' can be no name in Kubernetes, as rail-1 can",
    ),
    (
        "rails: [{number: 1}]\n",
        "1:9: NK008 a rail needs interface, mac, pci or cidr to be recognised by",
    ),
    (
        "rails: [{cidr: 10.0.0.1/8, number: 1}]\n",
        "1:16: NK008 '10.0.0.1/8' has host bits or is not canonical; write 10.0.0.0/8",
    ),
    ("rails: [{interface: a}]\n", "1:9: NK008 rails lacks number"),
    (
        "pci: {eth0: '1a:00'}\n",
        "1:13: NK008 '1a:00' is no PCI address such as 0000:1a:00.0",
    ),
    (
        "rails: [{number: 1, mac: 1}]\n",
        "1:26: NK008 '1' is no MAC address such as 02:00:00:00:00:01",
    ),
    (
        "policy: patch\npolicy: full\n",
        "2:1: NK008 key 'policy' is repeated in the settings",
    ),
    (
        "job: {name: T}\n",
        "1:13: NK008 name 'T' can be no name in Kubernetes, as rail-1 can",
    ),
    ("- a\n", "1:1: NK008 the settings must be a mapping of"),
    ("job: 1\n", "1:6: NK008 job must be a mapping of"),
    ("a: [\n", "2:1: NK020 Invalid YAML"),
]


@pytest.mark.parametrize(("text", "expected"), BAD)
def test_mistake_is_named_at_its_place(tmp_path, text, expected):
    (found,) = mistakes(tmp_path, text)
    assert found.startswith(expected)


# Bad YAML, a repeated key, arithmetic and names made of two keys are beyond a schema.
BEYOND_A_SCHEMA = ("NK020", "repeated", "host bits", "Rail 1")


@pytest.mark.parametrize(
    "text",
    [text for text, said in BAD if not any(word in said for word in BEYOND_A_SCHEMA)],
)
def test_what_the_reader_refuses_the_schema_does_too(text):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text), json_schemas.schema("settings"))


def test_all_mistakes_come_together(tmp_path):
    text = "railz: 1\npolicy: x\nrails: [{number: 1, cidr: x}, {number: 1, interface: a}]\n"
    assert len(mistakes(tmp_path, text)) == 4


def test_found_upward(tmp_path, monkeypatch):
    (tmp_path / "netplan2k8s.yaml").write_text("first_rail: 3\n")
    inner = tmp_path / "a/b"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert settings_file.find(".") == "../../netplan2k8s.yaml"
    (tmp_path / "a/netplan2k8s.yaml").write_text("")
    assert settings_file.find(".") == "../netplan2k8s.yaml"


def test_flags_win(fixture_copy, run):
    fixture_copy("flat")
    with open("netplan2k8s.yaml", "w") as file:
        file.write('operator_release: "25.10"\n')
    old = run("convert", "hosts", "--stdout", "--kinds", "cidrpool")
    assert "perNodeExclusions" not in old.out
    new = run(
        "convert",
        "hosts",
        "--stdout",
        "--kinds",
        "cidrpool",
        "--operator-release",
        "26.7",
    )
    assert "perNodeExclusions" in new.out
    none = run("convert", "hosts", "--stdout", "--kinds", "cidrpool", "--no-config")
    assert "perNodeExclusions" in none.out


def test_mistake_in_the_settings_exits_with_2(fixture_copy, run):
    fixture_copy("flat")
    with open("netplan2k8s.yaml", "w") as file:
        file.write("polcy: full\n")
    done = run("convert", "hosts", "-o", "out")
    assert done.code == 2
    assert done.err.startswith("netplan2k8s.yaml:1:1: NK008 unknown key 'polcy'")
