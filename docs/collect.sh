#!/bin/sh
# Collects Netplan files, interface names and the live state: collect.sh DIRECTORY HOST...
# Each HOST becomes DIRECTORY/HOST, so give the names the Kubernetes nodes have. What was
# collected there before is replaced, when the new is there; other files stay.
set -eu
directory=$1
shift
for host; do
    new=$directory/.$host.new
    rm -rf "$new"
    mkdir -p "$new" "$directory/$host"
    # What a host has not got, lldpd or IPv6, makes no file and stops nothing.
    ssh "$host" 'live=$(mktemp -d) && trap "rm -r $live" EXIT && cd "$live" &&
        ip -d -j link > ip-link.json &&
        ip -d -j addr > ip-addr.json &&
        ip -j route show table all > ip-route.json &&
        ip -j rule > ip-rule.json &&
        { ip -6 -j rule > ip-rule6.json 2>/dev/null || rm ip-rule6.json; } &&
        { sudo lldpctl -f json > lldp.json 2>/dev/null || rm lldp.json; } &&
        cd / && sudo tar -cf - -C "$live" $(ls "$live") -C / $(ls -d etc/netplan \
            lib/netplan run/netplan etc/udev/rules.d etc/systemd/network 2>/dev/null)' |
        tar -xf - -C "$new"
    (cd "$directory/$host" && rm -rf etc lib run ip-link.json ip-addr.json ip-route.json \
        ip-rule.json ip-rule6.json lldp.json)
    mv "$new"/* "$directory/$host"
    rmdir "$new"
    echo "$host"
done
