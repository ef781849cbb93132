#!/bin/bash
# A real Slurm on this one machine, as root, without systemd: controller, node, two pretended GPUs (any character device
# will do).  slurm_up.sh [CPUS]; packages slurm-wlm and munge of Debian.  Does nothing where one runs already.
set -eu
cpus=${1:-2}
host=$(hostname -s)
if ! command -v slurmctld slurmd munged >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge >/dev/null
fi
if [ "$(sinfo -h -o %T 2>/dev/null | head -n 1)" = idle ]; then exit 0; fi

mkdir -p /run/munge /var/log/munge /var/lib/munge /etc/munge
[ -s /etc/munge/munge.key ] || head -c 1024 /dev/urandom >/etc/munge/munge.key
chown -R munge:munge /run/munge /var/log/munge /var/lib/munge /etc/munge
chmod 700 /etc/munge /var/log/munge; chmod 400 /etc/munge/munge.key; chmod 755 /run/munge
munge -n >/dev/null 2>&1 || runuser -u munge -- munged

mkdir -p /var/spool/slurmctld /var/spool/slurmd /var/log/slurm /etc/slurm /run/slurm
for gpu in 0 1; do
    [ -c /dev/fakegpu$gpu ] || mknod /dev/fakegpu$gpu c 1 3
done
cat >/etc/slurm/slurm.conf <<C
ClusterName=lmpdrive
SlurmctldHost=$host
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
MpiDefault=none
GresTypes=gpu
ReturnToService=2
KillWait=15
MinJobAge=600
StateSaveLocation=/var/spool/slurmctld
SlurmdSpoolDir=/var/spool/slurmd
SlurmdParameters=config_overrides
SlurmctldPidFile=/run/slurm/slurmctld.pid
SlurmdPidFile=/run/slurm/slurmd.pid
SlurmctldLogFile=/var/log/slurm/slurmctld.log
SlurmdLogFile=/var/log/slurm/slurmd.log
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=4000 Gres=gpu:2 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
C
cat >/etc/slurm/gres.conf <<C
AutoDetect=off
NodeName=$host Name=gpu File=/dev/fakegpu[0-1] Flags=nvidia_gpu_env
C
printf 'CgroupPlugin=cgroup/v1\nCgroupAutomount=no\nConstrainCores=no\nConstrainDevices=no\n' >/etc/slurm/cgroup.conf
pgrep -x slurmctld >/dev/null || slurmctld -c
pgrep -x slurmd >/dev/null || slurmd
for _ in $(seq 60); do
    [ "$(sinfo -h -o %T 2>/dev/null | head -n 1)" = idle ] && exit 0
    sleep 0.5
done
echo "Slurm did not come up:" >&2
tail -n 5 /var/log/slurm/*.log >&2
exit 1
