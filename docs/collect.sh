#!/bin/sh
# Collects Netplan files and interface names from hosts: collect.sh DIRECTORY HOST...
# Each HOST becomes DIRECTORY/HOST, so give the names the Kubernetes nodes have.
set -eu
directory=$1
shift
for host; do
    mkdir -p "$directory/$host"
    ssh "$host" 'cd / && sudo tar -cf - $(ls -d etc/netplan lib/netplan run/netplan \
        etc/udev/rules.d etc/systemd/network 2>/dev/null)' |
        tar -xf - -C "$directory/$host"
    ssh "$host" 'ip -d -j link' > "$directory/$host/ip-link.json"
    echo "$host"
done
