#!/bin/bash
# A LAMMPS with KOKKOS (OpenMP), ML-IAP and PYTHON on a machine without a GPU, in a Debian sid chroot.
#
#     benchmarks/kokkos/build.sh FOLDER PYTHON          # as root, with debootstrap; 5 GB
#     benchmarks/kokkos/enter.sh FOLDER PYTHON command...
#
# PYTHON is the interpreter of an environment with mace-torch and lmpdrive's dependencies (not Debian's python3).  It is
# mounted into the chroot together with this checkout, in a mount namespace that ends with the command: nothing is left
# mounted.  JOBS (1) compilers run at a time, at the priority NICE (10).  LEAN=1 leaves out KOKKOS variants that no deck
# of lmpdrive uses (pair styles but mliap and lj/cut, bonds, walls, ...): half of the compile time.
# APT_OPTIONS is given to apt, e.g. "-o Acquire::Check-Valid-Until=false" where the mirror is older than its signature says.
set -euo pipefail
folder=$(realpath -m "${1:?folder}")
python=${2:?python}
here=$(dirname "$(realpath "$0")")
sid=$folder/sid
mirror=${MIRROR:-http://deb.debian.org/debian}
low="nice -n ${NICE:-10}"
mkdir -p "$folder"

[ -e "$sid/etc/debian_version" ] || $low debootstrap --variant=minbase --include=ca-certificates sid "$sid" "$mirror"
echo "deb-src $mirror sid main" > "$sid/etc/apt/sources.list.d/source.list"

# what LAMMPS is built from; libcrypt1 to libncursesw6 are for a Python that was built elsewhere
$low chroot "$sid" bash -e -o pipefail -s -- "${APT_OPTIONS:-}" <<'INSIDE'
export DEBIAN_FRONTEND=noninteractive
apt-get $1 -q update
apt-get -q -y --no-install-recommends install g++ cmake make dpkg-dev libkokkos-dev zlib1g-dev \
    libcrypt1 libffi8 libssl3t64 libsqlite3-0 libbz2-1.0 liblzma5 libreadline8t64 libncursesw6
cd /opt
ls lammps_*.orig.tar.* >/dev/null 2>&1 || apt-get -q --tar-only source lammps
[ -d lammps/src ] || { mkdir -p lammps && tar xf lammps_*.orig.tar.* -C lammps; }
[ -d lammps/src ] || { mv lammps/*/* lammps/; }
# Kokkos' cmake file names static libraries that Debian does not ship; LAMMPS needs nothing of them
lib=/usr/lib/x86_64-linux-gnu
for name in algorithms simd dynamic; do [ -e $lib/libkokkos$name.a ] || ar rc $lib/libkokkos$name.a; done
INSIDE

if [ "${LEAN:-0}" = 1 ]; then
    cd "$sid/opt/lammps/src/KOKKOS"
    rm -f {angle,bond,dihedral,improper,region}_*_kokkos.* fix_wall_{flow,harmonic,lj*,morse,region}_kokkos.* \
        fix_{spring*,cmap,drag,electron*,oneway,efield,nvt_sllod}_kokkos.* \
        compute_{sna*,gaussian*,ave_sphere*,composition*,temp_deform}_kokkos.*
    find . -name 'pair_*_kokkos*' ! -name 'pair_mliap*' ! -name 'pair_lj_cut_kokkos*' ! -name 'pair_hybrid*' -delete
fi

"$python" -m pip install --quiet --target "$folder/cython" cython
cat > "$folder/cythonize" <<END
#!/bin/sh
PYTHONPATH=$folder/cython exec $python -m Cython.Build.Cythonize "\$@"
END
chmod +x "$folder/cythonize"

$low "$here/enter.sh" "$folder" "$python" cmake -S /opt/lammps/cmake -B /opt/build -D CMAKE_BUILD_TYPE=Release \
    -D BUILD_SHARED_LIBS=on -D BUILD_MPI=off -D BUILD_OMP=on -D PKG_KOKKOS=on -D EXTERNAL_KOKKOS=on \
    -D PKG_ML-IAP=on -D PKG_ML-SNAP=on -D PKG_PYTHON=on -D MLIAP_ENABLE_PYTHON=on -D PKG_MOLECULE=on -D PKG_PLUGIN=on \
    -D PKG_EXTRA-FIX=on -D PKG_EXTRA-DUMP=on -D PKG_EXTRA-COMPUTE=on -D FFT=KISS -D FFT_KOKKOS=KISS \
    -D WITH_JPEG=off -D WITH_PNG=off -D Python_EXECUTABLE="$python" -D Cythonize_EXECUTABLE="$folder/cythonize"
$low "$here/enter.sh" "$folder" "$python" cmake --build /opt/build -j "${JOBS:-1}"

# the Python package, with the library beside it, for PYTHONPATH
mkdir -p "$sid/opt/python"
cp -r "$sid/opt/lammps/python/lammps" "$sid/opt/python/"
ln -sf /opt/build/liblammps.so.0 "$sid/opt/python/lammps/liblammps.so"
"$here/enter.sh" "$folder" "$python" /opt/build/lmp -h | sed -n '/KOKKOS package/,/^$/p;/Installed packages/,/^$/p'
