#!/usr/bin/env bash
# Runs in a new Debian that has the packages in /check: installs, uses and removes them.
set -euo pipefail
cd /check
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

ok() {
  echo "ok: $*"
}

as_user() {
  setpriv --reuid=guest --regid=guest --clear-groups env -i HOME=/home/guest PATH="$PATH" LC_ALL="$LC_ALL" bash -euc "$1"
}

# until CONDITION...: waits for it, at most 10 s.
until_true() {
  local end=$((SECONDS + 10))
  until "$@"; do
    ((SECONDS < end)) || fail "timed out: $*"
    sleep 0.05
  done
}

# The programs of ours that run, also those whose files are gone.
ours_running() {
  local exe
  for exe in /proc/[0-9]*/exe; do
    readlink "$exe" || true
  done 2>/dev/null | grep -E '^/usr/(bin/cafbus|libexec/cafbus/cafbus-http)( \(deleted\))?$' | sort | tr '\n' ' ' || true
}

# mmdebstrap keeps services from being started, and thereby packages from ending theirs
if [[ -e /sbin/start-stop-daemon.REAL ]]; then
  mv /sbin/start-stop-daemon.REAL /sbin/start-stop-daemon
fi
apt-get install -qy --no-install-recommends ./cafbus_*.deb ./cafbus-doc_*.deb bash-completion curl man-db openssl >/dev/null
useradd --create-home guest
ok "installed: $(cafbus --version)"

for page in cafbus cafbus-consume cafbus-bench cafbus.conf cafbus-protocol; do
  [[ $(man --warnings "$page" 2>&1 | wc -l) -gt 10 ]] || fail "man $page"
done
ok "man shows the pages"

completed=$(as_user 'source /usr/share/bash-completion/bash_completion
  _completion_loader cafbus || (($? == 124))
  COMP_LINE="cafbus cons" COMP_POINT=11
  _cafbus cafbus cons cafbus
  echo "${COMPREPLY[*]}"')
[[ $completed == consume ]] || fail "bash completes '$completed'"
for file in zsh/vendor-completions/_cafbus fish/vendor_completions.d/cafbus.fish doc/cafbus/OPERATIONS.md \
  cafbus/prometheus/alerts.yml cafbus/prometheus/cafbus-dashboard.json; do
  [[ -s /usr/share/$file ]] || fail "there is no $file"
done
ok "bash completes"
for unit in cafbus@.service cafbus@.socket cafbus-consume@.service; do
  for manager in system user; do
    [[ -s /usr/lib/systemd/$manager/$unit ]] || fail "there is no unit $unit for $manager"
    ! grep -n @CMAKE "/usr/lib/systemd/$manager/$unit" || fail "$unit is not filled in"
  done
done
ok "the units are there"

as_user 'umask 077
  cd
  openssl rand -hex 20 >secret
  cafbus consume "github.>" --envelope >events 2>log &
  cafbus http --listen 127.0.0.1:18470 --github-secret-file secret >address 2>&1 &'
until_true grep -q 'ready event_key' /home/guest/log
until_true grep -q http: /home/guest/address
as_user 'cd
  printf %s "{\"action\":\"opened\"}" >body
  signature=$(openssl dgst -sha256 -hmac "$(cat secret)" body | sed "s/.* //")
  curl -sS --fail -H "X-GitHub-Event: issues" -H "X-GitHub-Delivery: 1" -H "Content-Type: application/json" \
    -H "X-Hub-Signature-256: sha256=$signature" --data-binary @body http://127.0.0.1:18470/hooks/github >/dev/null'
until_true grep -q '"event_type":"github.issues.opened"' /home/guest/events
ok "a signed webhook reaches a consumer"
curl -sS http://127.0.0.1:18470/healthz >/dev/null && [[ $(as_user 'cafbus status --check --json') == *'"version"'* ]] || fail "status"
as_user 'cafbus bench start --pairs 1' >/dev/null
ok "status and bench answer"

running=$(ours_running)
[[ $running == */usr/bin/cafbus*/usr/libexec/cafbus/cafbus-http* ]] || fail "only these run: $running"
listed=$(dpkg -L cafbus cafbus-doc)
apt-get remove -qy cafbus cafbus-doc >/dev/null
[[ -z $(ours_running) ]] || fail "these still run: $(ours_running)"
for file in $listed; do
  [[ -d $file || ! -e $file ]] || fail "$file is left"
done
dpkg --purge cafbus cafbus-doc 2>/dev/null
! dpkg-query -W cafbus cafbus-doc 2>/dev/null || fail "dpkg remembers"
ok "removed: nothing runs and no file is left"

apt-get install -qy --no-install-recommends ./libcafbus-dev_*.deb >/dev/null
apt-get remove -qy libcafbus-dev >/dev/null
ok "libcafbus-dev comes with what it needs, and goes"
