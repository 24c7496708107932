#!/bin/sh
# What a cluster of OpenSearch needs before it starts, made in a folder once; what is there already is left alone:
#
#   prepare.sh FOLDER [NAME-OR-ADDRESS …]
#
#   ca.pem, ca.key                       who vouches for the nodes; keep ca.key away from them
#   node.pem, node.key                   what nodes show to one another and to Dateline, for localhost and those names
#   indexer.password, web.password       of the two users that Dateline is to the cluster
#   web/                                 of all that, what a web service needs
#
# Needs openssl. Files are readable by the owner and the group of whoever runs this.
set -eu
umask 027
folder=$1
shift
mkdir -p "$folder"
cd "$folder"

names=DNS:localhost,IP:127.0.0.1
for name in "$@"; do
    case $name in
        *[!0-9.]*) names=$names,DNS:$name ;;
        *) names=$names,IP:$name ;;
    esac
done

if [ ! -e ca.pem ]; then
    openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -subj "/CN=Dateline cluster" -keyout ca.key -out ca.pem.new 2>/dev/null
    chmod 600 ca.key
    mv ca.pem.new ca.pem
fi
if [ ! -e node.pem ]; then
    openssl req -newkey rsa:3072 -nodes -subj "/CN=node" -keyout node.new -out node.csr 2>/dev/null
    printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$names" >node.extensions
    openssl x509 -req -days 825 -in node.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile node.extensions -out node.pem.new 2>/dev/null
    openssl pkcs8 -topk8 -nocrypt -in node.new -out node.key
    chmod 640 node.key
    rm node.csr node.new node.extensions
    mv node.pem.new node.pem
fi
for user in indexer web; do
    if [ ! -e "$user.password" ]; then
        openssl rand -hex 24 >"$user.password.new"
        mv "$user.password.new" "$user.password"
    fi
done
mkdir -p web
cp ca.pem web.password web/
