#!/bin/sh
# What the container runs. Files that were written for Unleash's image ask for `node index.js`: that means the server.
set -eu
case "${1:-serve} ${2:-}" in
    "node index.js" | "node server.js" | "npm start" | "yarn start") set -- serve ;;
    "flagkeeper "*) shift ;;
esac
[ $# -gt 0 ] || set -- serve
case "$1" in
    /*) exec "$@" ;;
    *) exec flagkeeper "$@" ;;
esac
