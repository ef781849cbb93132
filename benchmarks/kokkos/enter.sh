#!/bin/bash
# Run a command in the chroot that build.sh made, in this checkout, with its LAMMPS first on PATH and PYTHONPATH.
#
#     benchmarks/kokkos/enter.sh FOLDER PYTHON command...
#
# The checkout, FOLDER and the environment of PYTHON are mounted where they are outside, until the command ends.
set -euo pipefail
folder=$(realpath "${1:?folder}")
python=${2:?python}
shift 2
repository=$(realpath "$(dirname "$0")/../..")
places=("$repository" "$folder")
places+=("$("$python" -c 'import sys; print(sys.prefix)')" "$("$python" -c 'import sys; print(sys.base_prefix)')")
exec unshare --mount bash -euc '
    sid=$1; repository=$2; n=$3; shift 3
    for place in "${@:1:$n}"; do
        mkdir -p "$sid$place"
        mount --bind "$place" "$sid$place"
    done
    shift "$n"
    mount -t proc proc "$sid/proc"
    mount --bind /dev "$sid/dev"
    exec chroot "$sid" env -C "$repository" PATH="/opt/build:$PATH" PYTHONPATH="/opt/python:$repository" "$@"
' _ "$folder/sid" "$repository" "${#places[@]}" "${places[@]}" "$@"
