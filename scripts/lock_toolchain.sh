#!/bin/sh
# Writes toolchain/requirements/*.txt from the .in files beside them: hashes and versions, wheels only, no hosts.
set -eu
cd "$(dirname "$0")/../toolchain/requirements"
for name in tf2 keras3; do
    "$1" pip compile $name.in --override $name.overrides --universal --python-version 3.11 --only-binary :all: \
        --generate-hashes --no-header --no-annotate --quiet --output-file $name.txt
done
