#!/usr/bin/env bash
# Builds real Kubernetes API servers for the tests, from Debian packages alone:
#
#   kube-apiserver  1.20, the whole server, from the last source package that has it
#   crdserver       over the libraries of Debian unstable, see crdserver/main.go
#   etcd            as Debian packages it; always there with the others
#
# usage: tests/apiserver/build.sh [kube-apiserver|crdserver|etcd]...
#
# They go to $NETPLAN2K8S_SERVERS, by default ~/.cache/netplan2k8s/servers; what is there
# and was built by this recipe stays. It takes apt and dpkg-deb, the Debian mirror that
# apt knows (or DEBIAN_MIRROR), four gigabytes on the way and some minutes; no root.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
servers=${NETPLAN2K8S_SERVERS:-${XDG_CACHE_HOME:-$HOME/.cache}/netplan2k8s/servers}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
kube_version=1.20.2
scratch=

say() { printf '%4d s  %s\n' "$SECONDS" "$*"; }

fail() {
    printf 'tests/apiserver/build.sh: %s\n' "$*" >&2
    exit 1
}

needs() {
    local tool
    for tool; do
        command -v "$tool" >/dev/null || fail "needs $tool, as Debian has it"
    done
}

remove() {
    [ -e "$1" ] || return 0
    chmod -R u+w "$1"
    rm -rf "$1"
}

# -- what is there ---------------------------------------------------------------------

# What a binary is made by, as one checksum; taken once, before anything is made.
declare -A recipe=()
read_recipes() {
    local script=$here/${BASH_SOURCE[0]##*/}
    recipe[etcd]=$(checksum "$script")
    recipe[kube-apiserver]=${recipe[etcd]}
    recipe[crdserver]=$(checksum "$script" "$here"/crdserver/*)
}

checksum() { cat "$@" | sha256sum | cut -d ' ' -f 1; }

present() {
    [ -x "$servers/$1" ] && [ -r "$servers/$1.recipe" ] &&
        [ "$(head -n 1 "$servers/$1.recipe")" = "${recipe[$1]}" ]
}

# keep NAME FILE PACKAGE...: a binary counts once its recipe is there, which comes last.
keep() {
    local name=$1 file=$2
    shift 2
    rm -f "$servers/$name.recipe"
    install -m 755 "$file" "$scratch/finished"
    mv -f "$scratch/finished" "$servers/$name"
    printf '%s\n' "${recipe[$name]}" "$@" >"$scratch/finished"
    mv -f "$scratch/finished" "$servers/$name.recipe"
    say "$name is built, $(stat -c %s "$servers/$name") bytes"
}

# -- Debian ----------------------------------------------------------------------------

# The first archive that apt would update from and that is Debian's own: apt itself knows
# every format of its sources.
mirror() {
    if [ -n "${DEBIAN_MIRROR:-}" ]; then
        printf '%s\n' "$DEBIAN_MIRROR"
        return
    fi
    apt-get update --print-uris 2>/dev/null |
        sed -nE "s#^'([^']*/debian(\.list)?)/+dists/[^']*'.*#\1#p" | sed -n 1p
}

# apt_of SUITE COMMAND...: apt with nothing but one suite of Debian, and nothing installed.
apt_of() {
    local suite=$1 own=$scratch/apt-$1
    shift
    if [ ! -e "$own/apt.conf" ]; then
        mkdir -p "$own"/{lists,cache/archives}/partial
        : >"$own/status"
        cat >"$own/debian.sources" <<EOF
Types: deb deb-src
URIs: $archive
Suites: $suite
Components: main
Signed-By: $keyring
EOF
        cat >"$own/apt.conf" <<EOF
APT::Sandbox::User "";
APT::Install-Recommends "false";
APT::Update::Error-Mode "any";
Dir::Cache "$own/cache";
Dir::State::Lists "$own/lists";
Dir::State::status "$own/status";
Dir::Etc::sourcelist "$own/debian.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
EOF
        online "$own/apt.conf" apt-get update -qq
    fi
    online "$own/apt.conf" "$@"
}

# Its standard error is kept for the one line that is said when it fails.
online() {
    local config=$1
    shift
    APT_CONFIG=$config "$@" 2>"$scratch/apt.log" ||
        fail "$archive: $1 $2: $(grep -m 1 '^E:' "$scratch/apt.log" || tail -n 1 "$scratch/apt.log")"
}

# unpack DIRECTORY SUITE PACKAGE...: download and unpack; the files stay in DIRECTORY.debs.
unpack() {
    local target=$1 suite=$2 package
    shift 2
    mkdir -p "$target" "$target.debs"
    (cd "$target.debs" && apt_of "$suite" apt-get download -qq "$@")
    for package in "$target.debs"/*.deb; do
        dpkg-deb -x "$package" "$target"
    done
}

# -- Go --------------------------------------------------------------------------------

# with_go ROOT COMMAND...: ROOT holds unpacked packages. Nothing comes from the network,
# the user's settings or the machine's own Go.
with_go() {
    local roots=("$1"/usr/lib/go-1.*)
    shift
    env GOROOT="${roots[0]}" GOPATH="$gopath" GOCACHE="$scratch/go-cache" \
        GO111MODULE=off GOPROXY=off GOENV=off GOFLAGS= GOTOOLCHAIN=local CGO_ENABLED=0 \
        PATH="${roots[0]}/bin:$PATH" "$@"
}

# stamp VERSION PACKAGE...: linker flags that tell the packages their version.
stamp() {
    local version=$1 major minor package
    shift
    IFS=. read -r major minor _ <<<"$version"
    printf -- '-s -w'
    for package in "$@"; do
        printf -- ' -X %s.gitVersion=v%s' "$package" "$version"
        printf -- ' -X %s.gitMajor=%s -X %s.gitMinor=%s' "$package" "$major" "$package" "$minor"
    done
}

# -- what is built ---------------------------------------------------------------------

build_etcd() {
    unpack "$scratch/etcd" bookworm etcd-server
    keep etcd "$scratch/etcd/usr/bin/etcd" "$(basename "$scratch"/etcd.debs/*.deb)"
}

build_kube-apiserver() {
    local root=$scratch/kube source=$scratch/kube-gopath/src/k8s.io/kubernetes
    gopath=$scratch/kube-gopath
    unpack "$root" bookworm golang-1.19-go golang-1.19-src golang-github-modern-go-reflect2-dev
    # Debian changes kubectl only, so that the original is all that is needed.
    (cd "$root.debs" && apt_of bookworm apt-get source -qq --download-only kubernetes)
    mkdir -p "$source"
    tar -xzf "$root".debs/kubernetes_*.orig.tar.gz -C "$source" --strip-components=1
    say "kube-apiserver is unpacked"
    cd "$source"
    fit_newer_go "$root"
    generate_openapi "$root"
    say "kube-apiserver has its OpenAPI"
    local vendor=k8s.io/kubernetes/vendor/k8s.io
    with_go "$root" go build -trimpath -tags providerless -o "$scratch/kube-apiserver" \
        -ldflags "$(stamp $kube_version "$vendor/component-base/version" "$vendor/client-go/pkg/version")" \
        ./cmd/kube-apiserver
    keep kube-apiserver "$scratch/kube-apiserver" "$(cd "$root.debs" && printf '%s\n' *)"
    remove "$scratch/go-cache"
}

# What 1.20 vendors was written for Go before 1.18: reflect2 crashes on the first apply of
# a custom resource, and the validators take the default "" for none.
fit_newer_go() {
    local file
    rm -r vendor/github.com/modern-go/reflect2
    cp -rL "$1/usr/share/gocode/src/github.com/modern-go/reflect2" vendor/github.com/modern-go/
    for file in vendor/{github.com/go-openapi,k8s.io/kube-openapi/pkg/validation}/validate/type.go; do
        sed -i -E 's/(data == nil) \|\| reflect\.DeepEqual\(.*reflect\.ValueOf\(data\)\) \{/\1 {/' "$file"
        grep -q 'if data == nil {' "$file" || fail "$file is not the expected one"
    done
}

# The one generated file that upstream does not keep: models of all types served.
generate_openapi() {
    local root=$1 packages
    packages=$(
        cd staging/src/k8s.io
        grep -rl --include='*.go' '+k8s:openapi-gen=' \
            api apimachinery apiextensions-apiserver apiserver client-go component-base kube-aggregator kube-controller-manager \
            kube-proxy kubelet kube-scheduler metrics cloud-provider |
            grep -vE '/(testdata|examples?|testapigroup)/|_test\.go$|zz_generated' |
            xargs -n 1 dirname | LC_ALL=C sort -u |
            sed 's#^#k8s.io/kubernetes/vendor/k8s.io/#' | paste -s -d ,
    )
    with_go "$root" go build -o "$scratch/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
    with_go "$root" "$scratch/openapi-gen" --input-dirs "$packages" \
        --output-package k8s.io/kubernetes/pkg/generated/openapi \
        --output-file-base zz_generated.openapi \
        --go-header-file vendor/k8s.io/code-generator/hack/boilerplate.go.txt \
        --report-filename "$scratch/openapi.report" >"$scratch/openapi.log" 2>&1 ||
        fail "openapi-gen: $(tail -n 1 "$scratch/openapi.log")"
}

build_crdserver() {
    local root=$scratch/crd list packages version
    gopath=$scratch/crd-gopath:$root/usr/share/gocode
    list=$(libraries)
    mapfile -t packages <<<"$list"
    unpack "$root" sid "${packages[@]}"
    version=$(cd "$root.debs" && printf '%s\n' golang-k8s-apiextensions-apiserver-dev_0.* |
        sed -E 's/.*_0\.([0-9.]+).*/1.\1/')
    say "crdserver is unpacked: ${#packages[@]} packages, Kubernetes $version"
    mkdir -p "$scratch/crd-gopath/src/crdserver"
    cp "$here"/crdserver/* "$scratch/crd-gopath/src/crdserver"
    cd "$scratch/crd-gopath/src/crdserver"
    with_go "$root" go build -trimpath -o "$scratch/crdserver" \
        -ldflags "$(stamp "$version" k8s.io/component-base/version)" .
    keep crdserver "$scratch/crdserver" "$(cd "$root.debs" && printf '%s\n' golang-{k8s,1}*)"
    remove "$scratch/go-cache"
}

# What apt would install for the server, less large packages that only other parts of the
# libraries use.
libraries() {
    local unused=(
        apache-arrow aws-sdk azure charmbracelet circl docker-docker gin- go-control-plane
        gonum google-api google-cloud gopacket jwx klauspost mongo nats- nxadm pierrec pprof
        sha1cd sqlite x-image x-tools
    )
    apt_of sid apt-get install --print-uris -y golang-go golang-k8s-apiextensions-apiserver-dev |
        sed -nE "s/^'[^']*' (golang-[^_]+)_.*/\1/p" |
        grep -vE "$(IFS='|'; printf '%s' "${unused[*]}")"
}

# -- all of it -------------------------------------------------------------------------

main() {
    local name old wanted=(etcd) missing=()
    [ "$#" -gt 0 ] || set -- kube-apiserver crdserver
    for name; do
        case $name in
            etcd) ;;
            kube-apiserver | crdserver) wanted+=("$name") ;;
            *) fail "there is no $name: kube-apiserver, crdserver and etcd are built" ;;
        esac
    done

    needs flock
    mkdir -p "$servers"
    servers=$(cd "$servers" && pwd)
    exec 9>"$servers/.lock"
    flock -n 9 || { say "another build is under way"; flock 9; }

    read_recipes
    for name in "${wanted[@]}"; do
        present "$name" || missing+=("$name")
    done
    if [ "${#missing[@]}" = 0 ]; then
        say "all are there: ${wanted[*]} in $servers"
        return
    fi
    needs apt-get dpkg-deb
    [ -r "$keyring" ] || fail "needs $keyring, of debian-archive-keyring"
    archive=$(mirror)
    [ -n "$archive" ] || fail "apt knows no Debian mirror; DEBIAN_MIRROR names one"

    # What a build that was killed has left.
    for old in "$servers"/.scratch-*; do
        remove "$old"
    done
    scratch=$(mktemp -d "$servers/.scratch-XXXXXX")
    trap 'cd / && remove "$scratch"' EXIT
    for name in "${missing[@]}"; do
        "build_$name"
    done
    say "done: ${missing[*]} in $servers"
}

# In one piece, so that a change of this file does not reach a build under way.
main "$@"
