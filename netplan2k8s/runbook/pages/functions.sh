# The nodes of the wave at hand, and what is done with each of them. Every function
# prints nothing when all is well, and a line for each node that is not as it must be.
export LC_ALL=C

# files_are PART: is etc/netplan of the nodes, names and contents, that of PART?
files_are() {
    for node in $NODES; do
        ours=$(cd "@{stripped}/$1/$node" && sha256sum etc/netplan/*.yaml)
        theirs=$(ssh "$node" "cd / && sudo sh -c 'LC_ALL=C; sha256sum etc/netplan/*.yaml'")
        [ "$ours" = "$theirs" ] || echo "$node: etc/netplan is not that of $1"
    done
}

# push PART: put etc/netplan of PART in place, each file by one rename. What was
# there before stays in /var/backups/netplan2k8s, and is never replaced there.
push() {
    for node in $NODES; do
        tar -C "@{stripped}/$1/$node" -cf - etc/netplan | ssh "$node" 'sudo sh -ec "
            mkdir -p /var/backups
            [ -e /var/backups/netplan2k8s ] || cp -a /etc/netplan /var/backups/netplan2k8s
            rm -rf /etc/netplan/.new
            mkdir -m 700 /etc/netplan/.new
            tar -C /etc/netplan/.new --no-same-owner -p -xf -
            sync
            mv -f /etc/netplan/.new/etc/netplan/*.yaml /etc/netplan/
            rm -r /etc/netplan/.new
            sync"' || echo "$node: not pushed"
    done
}

# accepted: does netplan itself take the files? It writes to /run alone.
accepted() {
    for node in $NODES; do
        ssh "$node" sudo netplan generate 2>&1 | sed "s/^/$node: /"
    done
}

# boots: the boot that each node is in, as the cluster knows it.
boots() {
    for node in $NODES; do
        kubectl get node "$node" \
            -o jsonpath='{.metadata.name} {.status.nodeInfo.bootID}{"\n"}'
    done
}

# reboot_all: reboot the nodes at once, and wait until all are back and Ready.
reboot_all() {
    boots > boots.before
    for node in $NODES; do ssh "$node" sudo systemctl reboot || true; done
    for try in $(seq 120); do
        boots | grep -Fxf boots.before > boots.waiting || break
        sleep 10
    done
    sed 's/ .*/: has not booted/' boots.waiting
    for node in $NODES; do
        kubectl wait --for=condition=Ready "node/$node" --timeout=20m > wait.out 2>&1 ||
            echo "$node: is not Ready"
    done
}

# bare: has any rail an address, a route, or a policy rule on the host?
bare() {
    for node in $NODES; do
        ssh "$node" "for nic in $RAILS; do
                ip -o address show dev \$nic scope global
                ip route show table all dev \$nic | grep -v ' table local '
                ip -6 route show table all dev \$nic | grep -v -e ' table local ' -e '^fe80' -e '^ff00' -e '^multicast'
            done 2>&1
            ip rule show | grep -v -e 'lookup local' -e 'lookup main' -e 'lookup default'
            ip -6 rule show | grep -v -e 'lookup local' -e 'lookup main'" |
            sed "s/^/$node: /"
    done
}

# leaves: does each rail's gateway answer the host, from that rail?
leaves() {
    for node in $NODES; do
        ssh "$node" "for nic in $RAILS; do
                via=\$({ ip route show table all dev \$nic; ip -6 route show table all dev \$nic; } |
                    sed -n 's/.* via \([^ ]*\).*/\1/p' | sort -u)
                [ -n \"\$via\" ] || echo \"\$nic has no gateway\"
                for leaf in \$via; do
                    ping -q -c 2 -W 2 -I \$nic \$leaf > /dev/null || echo \"\$nic: no answer from \$leaf\"
                done
            done" | sed "s/^/$node: /"
    done
}

# tainted: has every node the taint of the unverified?
tainted() {
    for node in $NODES; do
        kubectl get node "$node" -o jsonpath='{.spec.taints[*].key}' |
            grep -qw '@{taint}' || echo "$node: has no taint"
    done
}

# offered: does every node offer one of each rail?
offered() {
    for node in $NODES; do
        for rail in @{resources}; do
            count=$(kubectl get node "$node" \
                -o go-template="{{index .status.allocatable \"$rail\"}}")
            [ "$count" = 1 ] || echo "$node: offers $count of $rail"
        done
    done
}

# pods_left: pods on the nodes that no DaemonSet and no static file makes.
pods_left() {
    for node in $NODES; do
        kubectl get pods --all-namespaces --field-selector "spec.nodeName=$node" -o \
            jsonpath='{range .items[*]}{.metadata.ownerReferences[0].kind} {.metadata.namespace}/{.metadata.name} {.status.phase}{"\n"}{end}' |
            grep -v -e '^DaemonSet ' -e '^Node ' -e ' Succeeded$' -e ' Failed$' |
            sed "s/^/$node: /"
    done
}
