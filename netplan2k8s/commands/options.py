"""The options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from netplan2k8s.settings import OPERATOR_RELEASES

HostsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="HOSTS...",
        help="Host roots (with etc/netplan), directories of them, <node>.yaml files,"
        " tar archives, or any mix.",
        show_default=False,
    ),
]
ConfigOption = Annotated[
    str,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings file; by default netplan2k8s.yaml here or in a directory above.",
        show_default=False,
    ),
]
NoConfigOption = Annotated[
    bool, typer.Option("--no-config", help="Use no settings file.")
]
InventoryOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE",
        help="Table of many hosts, .csv or .json: node, interface or mac, pci.",
        show_default=False,
    ),
]
NodeNamesOption = Annotated[
    str,
    typer.Option(
        metavar="FILE",
        help="Two columns: directory or file name, node name.",
        show_default=False,
    ),
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="GLOB",
        help="Leave out the nodes whose names match; repeatable.",
        show_default=False,
    ),
]
WavesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--nodes",
        metavar="GLOB,...",
        help="Nodes that are moved and verified together: a wave each time it is given;"
        " by default scalable units.",
        show_default=False,
    ),
]
FormatOption = Annotated[
    str, typer.Option("--format", metavar="text|json", help="How to report.")
]
ColorOption = Annotated[
    str,
    typer.Option(
        metavar="auto|always|never", help="Color; NO_COLOR and FORCE_COLOR hold too."
    ),
]
StrictOption = Annotated[
    bool, typer.Option("--strict", help="Exit with 1 on warnings too.")
]
ReleaseOption = Annotated[
    str,
    typer.Option(
        metavar="|".join(OPERATOR_RELEASES),
        help="Network operator release the manifests are for.",
        show_default=False,
    ),
]
ManifestsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH...",
        help="Files and directories of manifests; - is standard input.",
        show_default=False,
    ),
]
DiffedArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="MANIFESTS | OLD NEW",
        help="A file or directory of manifests, or two; - is standard input.",
        show_default=False,
    ),
]
ProvenHostsOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="HOSTS",
        help="Prove the manifests against these hosts: what convert reads; repeatable.",
        show_default=False,
    ),
]
SelectOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="RULE,...",
        help="Only these rules: codes, beginnings of codes, names.",
        show_default=False,
    ),
]
IgnoreOption = Annotated[
    list[str] | None,
    typer.Option(metavar="RULE,...", help="Not these rules.", show_default=False),
]
SeverityOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="RULE=LEVEL",
        help="Another level for a rule: error, warning, info, off; repeatable.",
        show_default=False,
    ),
]
AllowOpenOption = Annotated[
    bool,
    typer.Option(
        "--allow-open", help="Accept pools from which any node gets an address."
    ),
]
ReportOption = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="text|json|sarif|junit|github|gitlab",
        help="How to report; github by itself in a GitHub workflow.",
        show_default=False,
    ),
]
OutputFileOption = Annotated[
    str,
    typer.Option(metavar="FILE", help="Write the report there.", show_default=False),
]
KubeconfigOption = Annotated[
    str,
    typer.Option(
        metavar="FILE",
        help="By default KUBECONFIG, then ~/.kube/config.",
        show_default=False,
    ),
]
ContextOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Context of the kubeconfig; by default its current one.",
        show_default=False,
    ),
]
FieldManagerOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Whose server-side apply is tried: what kubectl apply will be given.",
    ),
]
