#!/usr/bin/env bash
# Runs the tests of limits where they need control groups of version 2: in a small virtual machine with a kernel of
# Debian's, for machines whose controllers belong to version 1. tests/vm/cgroup-v2.sh [--preset NAME] [gtest filter]
# Needs qemu-system-x86 and cpio; the kernel's package is fetched into build/vm. Emulated, so it takes some minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."

preset=release
case "${1:-}" in
  --preset) preset=$2; shift 2 ;;
  --help) sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
filter=${1:-*v2*}

command -v qemu-system-x86_64 >/dev/null || {
  echo "vm: qemu-system-x86_64 is missing; install it: apt-get install --no-install-recommends qemu-system-x86" >&2
  exit 69
}
scripts/build.sh "$preset" local-limits-test
mkdir -p build/vm
kernel=$(ls build/vm/kernel/boot/vmlinuz-* 2>/dev/null | head -n 1 || true)
if [ -z "$kernel" ]; then
  package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-.*\)/\1/p')
  (cd build/vm && apt-get download "$package" >/dev/null && dpkg -x "$package"_*.deb kernel)
  kernel=$(ls build/vm/kernel/boot/vmlinuz-* | head -n 1)
fi

# The root: the test, what it runs, and the libraries of both.
root=build/vm/root
rm -rf "$root"
mkdir -p "$root"/{bin,dev,etc,proc,sys,tmp,usr/bin}
programs=(/bin/sh "build/$preset/bin/local-limits-test")
for word in cat head tail sleep grep id stat touch ls mkdir mount poweroff; do
  found=$(command -v "$word") && programs+=("$found")
done
for program in "${programs[@]}"; do
  cp -L "$program" "$root/bin/$(basename "$program")"
  ldd "$program" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -Lu "$library" "$root$library"
  done
done
ln -sf ../../bin/sh "$root/usr/bin/sh"
printf 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
cat >"$root/init" <<INIT
#!/bin/sh
export PATH=/bin:/usr/bin
mount -t proc proc /proc && mount -t sysfs sysfs /sys && mount -t devtmpfs dev /dev
mount -t cgroup2 cgroup2 /sys/fs/cgroup && mount -t tmpfs -o mode=1777 tmp /tmp
/bin/local-limits-test --gtest_filter='$filter' && echo "vm: passed"
echo o >/proc/sysrq-trigger
sleep 60
INIT
chmod +x "$root/init"
(cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) >build/vm/root.gz

# Emulated: a machine that is virtual itself may offer /dev/kvm and hang in it.
log=build/vm/console.log
timeout 900 qemu-system-x86_64 -accel tcg -cpu max -m 1024 -smp 2 -no-reboot -nographic -nic none \
  -kernel "$kernel" -initrd build/vm/root.gz \
  -append "console=ttyS0 quiet panic=-1 no_timer_check" </dev/null | tee "$log"
if ! grep -q 'vm: passed' "$log" || grep -q '\[  SKIPPED \]' "$log"; then
  echo "vm: failed, or something was skipped; the console is in $log" >&2
  exit 1
fi
