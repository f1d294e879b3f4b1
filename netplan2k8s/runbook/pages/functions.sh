# What is done with the nodes of the wave at hand. Every function prints nothing when
# all is well, and else a line for each node that is not as it must be.
export LC_ALL=C
declare -A RAILS_OF=()

# each FUNCTION...: the function with each of $NODES, 32 at a time; what it says, by node.
each() (
    [ -n "$NODES" ] || echo "NODES is empty"
    for node in $NODES; do
        while [ "$(jobs -rp | wc -l)" -ge 32 ]; do wait -n; done
        { "$@@" "$node" 2>&1 || echo "failed"; } < /dev/null | sed "s/^/$node: /" &
    done | sort -s -V -k 1,1
)

# as_root NODE SCRIPT: the script on the node, where $rails are its rails.
as_root() {
    local rails=${RAILS_OF[$1]-$RAILS} script quote="'\\''"
    if [ -z "$rails" ] && [[ $2 = *\$rails* ]]; then
        echo "RAILS is empty"
        return 1
    fi
    script="LC_ALL=C rails='$rails'
$2"
    ssh -o BatchMode=yes -o ConnectTimeout=10 "$1" "sudo -n sh -c '${script//\'/$quote}'"
}

# sums PART NODE: the sums of the node's files in PART.
sums() { (cd "@{stripped}/$1/$2" && sha256sum etc/netplan/*.yaml); }

# others PART NODE: the sums of what netplan reads beside etc/netplan.
others() { (cd "@{stripped}/$1/$2" && sh -c "$SUM_OTHERS"); }
SUM_OTHERS='for file in lib/netplan/*.yaml run/netplan/*.yaml; do
    [ ! -e "$file" ] || sha256sum "$file"
done'

# files_are PART: is etc/netplan of the nodes, names and contents, that of PART? And is what
# netplan reads beside it, in lib and run, what was collected?
files_are() { each has_files "$1"; }
has_files() {
    local ours theirs
    ours=$(sums "$1" "$2") || return
    theirs=$(as_root "$2" 'cd / && sha256sum etc/netplan/*.yaml; true') || return
    [ "$ours" = "$theirs" ] || echo "etc/netplan is not that of $1"
    ours=$(others "$1" "$2") || return
    theirs=$(as_root "$2" "cd / && $SUM_OTHERS") || return
    [ "$ours" = "$theirs" ] || echo "lib/netplan or run/netplan is not what was collected"
}

# push PART: put etc/netplan of PART in place. A node whose files are neither those that
# were collected nor those that strip made is refused. The files are unpacked beside the
# old ones and compared, then each comes by one rename. What was there first stays in
# /var/backups/netplan2k8s.
push() { each push_to "$1"; }
push_to() {
    local known new
    known=$(sums rollback "$2" && sums hosts "$2") || return
    new=$(sums "$1" "$2") || return
    (cd "@{stripped}/$1/$2" && tar -cf - etc/netplan/*.yaml) | as_root "$2" "
        set -e
        cd /
        now=\$(sha256sum etc/netplan/*.yaml)
        if printf '%s\n' \"\$now\" | grep -Fvx '$known' ||
            [ \"\$(printf '%s\n' \"\$now\" | wc -l)\" != $(printf '%s\n' "$new" | wc -l) ]; then
            echo 'etc/netplan is not as it was collected; nothing was changed'
            exit 1
        fi
        if ! [ -e /var/backups/netplan2k8s ]; then
            mkdir -p /var/backups
            rm -rf /var/backups/netplan2k8s.new
            cp -a /etc/netplan /var/backups/netplan2k8s.new
            mv /var/backups/netplan2k8s.new /var/backups/netplan2k8s
        fi
        rm -rf /etc/netplan/.new
        mkdir -m 700 /etc/netplan/.new
        tar -C /etc/netplan/.new --no-same-owner -p -xf -
        cd /etc/netplan/.new
        printf '%s\n' '$new' | sha256sum --check --quiet --strict
        sync
        mv -f etc/netplan/*.yaml /etc/netplan/
        cd /etc/netplan
        rm -r .new
        sync"
}

# accepted: does netplan itself take the files? It writes to /run alone. What it warns of
# where it takes them, as of files that others may read, is as before.
accepted() { each accepts; }
accepts() { as_root "$1" 'said=$(netplan generate 2>&1) || { printf "%s\n" "$said"; false; }'; }

# drained: drain the nodes; only what goes wrong is said.
drained() { each drain_node; }
drain_node() {
    local said
    said=$(kubectl drain "$1" --ignore-daemonsets --delete-emptydir-data --timeout=30m 2>&1) ||
        printf '%s\n' "$said"
}

# pods_left: pods on the nodes that no DaemonSet and no static file makes.
pods_left() { each has_pods; }
has_pods() {
    kubectl get pods --all-namespaces --field-selector "spec.nodeName=$1" -o \
        jsonpath='{range .items[*]}{.metadata.ownerReferences[0].kind} {.metadata.namespace}/{.metadata.name} {.status.phase}{"\n"}{end}' |
        sed -e '/^DaemonSet /d' -e '/^Node /d' -e '/ Succeeded$/d' -e '/ Failed$/d' -e 's/^ *//'
}

# in_use: sockets on the hosts that have the address of a rail.
in_use() { each has_sockets; }
has_sockets() { as_root "$1" 'for cidr in @{cidrs}; do ss -H -t -a -n src $cidr; done'; }

# boots: the boot that each node is in, as the cluster knows it.
boots() {
    kubectl get nodes $NODES --no-headers \
        -o custom-columns='NODE:.metadata.name,BOOT:.status.nodeInfo.bootID' |
        awk '$2 != "<none>" { print $1, $2 }'
}

# reboot_all: reboot the nodes at once, and wait until all are in another boot and Ready.
reboot_all() {
    local before now waiting try count
    count=$(echo $NODES | wc -w)
    before=$(boots)
    if [ "$(printf '%s\n' "$before" | grep -c .)" -ne "$count" ]; then
        echo "the cluster does not know the boot of every node; nothing was rebooted"
        return 1
    fi
    each boot_again > /dev/null
    for try in $(seq 120); do
        sleep 10
        now=$(boots)
        waiting=$(printf '%s\n' "$now" | grep -Fx "$before")
        [ -n "$waiting" ] || [ "$(printf '%s\n' "$now" | grep -c .)" -ne "$count" ] || break
    done
    [ -z "$waiting" ] || printf '%s\n' "$waiting" | sed 's/ .*/: has not booted/'
    each is_ready
}
boot_again() { as_root "$1" 'systemctl --no-block reboot'; }
is_ready() {
    kubectl wait --for=condition=Ready "node/$1" --timeout=20m > /dev/null 2>&1 ||
        echo "is not Ready"
}

# bare: has a rail an address or a route on its host, or does a policy rule name one?
bare() { each is_bare; }
is_bare() {
    as_root "$1" 'for nic in $rails; do
        ip -o address show dev $nic scope global
        ip -4 -o route show table all dev $nic
        ip -6 -o route show table all dev $nic | grep -v -e " table local " -e "^fe80" -e "^multicast" -e "^ff00"
    done
    for cidr in @{cidrs}; do
        case $cidr in *:*) family=-6 ;; *) family=-4 ;; esac
        ip $family rule show from $cidr
        ip $family rule show to $cidr
    done | sort -u'
}

# leftovers: the commands that take away what a rail still has. They are only printed.
leftovers() { each has_left; }
has_left() {
    as_root "$1" 'for nic in $rails; do
        [ -z "$(ip -o address show dev $nic scope global)" ] || echo "ip address flush dev $nic scope global"
        for family in -4 -6; do
            ip -d -o $family route show table all dev $nic | sed -n "s/.* proto \([^ ]*\).*/\1/p" |
                grep -vx kernel | sort -u | sed "s/^/ip $family route flush table all dev $nic proto /"
        done
    done
    for cidr in @{cidrs}; do
        case $cidr in *:*) family=-6 ;; *) family=-4 ;; esac
        { ip $family rule show from $cidr; ip $family rule show to $cidr; } |
            sed "s/^\([0-9]*\):[[:space:]]*\(.*[^[:space:]]\)[[:space:]]*$/ip $family rule del priority \1 \2/"
    done | sort -u'
}

# take_away: run such commands, as leftovers prints them.
take_away() {
    local line
    while IFS= read -r line; do
        case $line in
            *": ip "*) as_root "${line%%: *}" "${line#*: }" < /dev/null || echo "$line: failed" ;;
            *) echo "$line" ;;
        esac
    done
}

# reconfigured: let networkd take the new files, on the rails alone.
reconfigured() { each is_reconfigured; }
is_reconfigured() {
    accepts "$1" && as_root "$1" 'networkctl reload && networkctl reconfigure $rails && sleep 5'
}

# has_rails NODE, default_route NODE: are the NICs there; by what does the host leave?
has_rails() {
    as_root "$1" 'for nic in $rails; do [ -e /sys/class/net/$nic ] || echo "$nic is not on the host"; done'
}
default_route() {
    as_root "$1" '{ ip -4 -o route show default; ip -6 -o route show default; } | sed "s/ expires [^ ]*//; s/ *$//"'
}

# leaves: does each rail's gateway answer the host, from that rail?
leaves() { each sees_leaves; }
sees_leaves() {
    as_root "$1" 'for nic in $rails; do
        via=$({ ip -4 route show table all dev $nic; ip -6 route show table all dev $nic; } |
            sed -n "s/.* via \([^ ]*\).*/\1/p" | sort -u)
        [ -n "$via" ] || echo "$nic has no gateway"
        for leaf in $via; do
            ping -q -c 2 -i 0.2 -W 2 -I $nic $leaf > /dev/null || echo "$nic: no answer from $leaf"
        done
    done'
}

# tainted: has every node the taint of the unverified?
tainted() {
    kubectl get nodes $NODES --no-headers \
        -o custom-columns='NODE:.metadata.name,EFFECT:.spec.taints[?(@@.key=="@{taint}")].effect' |
        awk '$2 != "NoSchedule" { print $1 ": has no taint" }'
}

# offered: does every node offer one of each rail?
offered() {
    kubectl get nodes $NODES --no-headers \
        -o custom-columns='@{columns}' |
        awk -v names='@{resources}' 'BEGIN { split(names, rail, " ") }
            { for (i = 2; i <= NF; i++) if ($i != 1) print $1 ": offers " $i " of " rail[i - 1] }'
}

# renewed: new pods of the device plugin, which read its configuration anew.
renewed() { each renew; }
renew() {
    local said
    said=$(kubectl delete pods -n @{operator_namespace} -l app=sriovdp --field-selector "spec.nodeName=$1" --timeout=5m 2>&1)
    case $said in *deleted*) ;; *) echo "has no pod of the device plugin; $said" ;; esac
}

# pools: has each rail's pool given every node its prefix and gateway?
pools() {
    local pool
    for pool in @{pools}; do
        kubectl get cidrpools.nv-ipam.nvidia.com -n @{operator_namespace} "$pool" \
            -o jsonpath='{range .spec.staticAllocations[*]}want {.nodeName} {.prefix} {.gateway}{"\n"}{end}{range .status.allocations[*]}have {.nodeName} {.prefix} {.gateway}{"\n"}{end}' |
            awk -v pool="$pool" -v nodes="$(tr '\n' ' ' <<< "$NODES")" '
                $1 == "want" { want[$2] = $3; leaf[$2] = $4 }
                $1 == "have" { have[$2] = $3; via[$2] = $4 }
                END {
                    count = split(nodes, node, " ")
                    for (i = 1; i <= count; i++) {
                        n = node[i]
                        if (!(n in want)) print n ": " pool " has no entry"
                        else if (want[n] != have[n] || (leaf[n] && leaf[n] != via[n]))
                            print n ": " pool " gives " (have[n] ? have[n] " via " via[n] : "nothing") ", not " want[n] " via " leaf[n]
                    }
                }'
    done
}

# last_said JOB: the last that the Job's pods said of each link; all they said is in JOB.log.
last_said() {
    kubectl logs -n @{job_namespace} -l "job-name=$1" --tail=-1 --max-log-requests=256 > "$1.log"
    awk '$1 == "OK" || $1 == "FAIL" { last[$2 " " $3] = $0 } END { for (link in last) print last[link] }' "$1.log" |
        sort -V -b -k 2
}

# withdrawn: does no node offer a rail any more?
withdrawn() {
    kubectl get nodes $NODES --no-headers \
        -o custom-columns='@{columns}' |
        awk -v names='@{resources}' 'BEGIN { split(names, rail, " ") }
            { for (i = 2; i <= NF; i++) if ($i != 0 && $i != "<none>") print $1 ": offers " $i " of " rail[i - 1] }'
}
