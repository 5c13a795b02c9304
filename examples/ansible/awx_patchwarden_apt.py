#!/usr/bin/env python3
"""Upgrades one Debian or Ubuntu host for awx-patchwarden-apt.yml, and prints one line of JSON.

Reads one JSON object from the environment variable PATCHWARDEN: mode, key, host, changes, transaction,
lock_seconds; not_after (second of the epoch from which on nothing begins) and seconds_left until then, or nothing.
The journal in /var/lib/patchwarden/awx/<key> lets the upgrade begin once, however often it is asked for. The upgrade runs
detached, so that neither a cancelled job nor a lost connection ends it.
"""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

RUNS = "/var/lib/patchwarden/awx"
KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")
NAME = re.compile(r"[a-z0-9][a-z0-9+.-]*")
ARCHITECTURE = re.compile(r"[a-z0-9][a-z0-9-]*")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._:~-]*")
INST = re.compile(r"^Inst (\S+)(?: \[([^\]\s]+)\])? \((\S+) .*?\[([a-z0-9-]+)\]\)", re.M)
REMOVE = re.compile(r"^(?:Remv|Purg) (\S+)(?: \[([^\]\s]+)\])?", re.M)
APT_READS = ["apt-get", "-q", "-y", "-s", "-o", "Debug::NoLocking=1", "-o", "Dir::Cache::pkgcache=",
             "-o", "Dir::Cache::srcpkgcache=", "-o", "Dir::Log::Planner=/dev/null"]
APT_WRITES = ["apt-get", "-q", "-y", "-o", "Dpkg::Use-Pty=0", "-o", "Dpkg::Options::=--force-confdef",
              "-o", "Dpkg::Options::=--force-confold"]
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
               "DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1", "NEEDRESTART_MODE": "l",
               "APT_LISTCHANGES_FRONTEND": "none"}


def main():
    asked = json.loads(os.environ["PATCHWARDEN"])
    if not KEY.fullmatch(asked["key"]):
        raise SystemExit("That cannot be the key of a run.")
    for one in asked["changes"] + asked["transaction"]:
        check(one)
    journal = os.path.join(RUNS, asked["key"])
    if asked["mode"] == "preview":
        answer = preview(asked["changes"], os.path.exists(journal))
    elif asked["mode"] == "apply":
        asked["end"] = end_of(asked)
        if is_over(asked["end"]):
            never(journal, asked["host"], "over")
        else:
            begin(journal, asked)
        answer = outcome(journal, asked["host"])
    else:
        never(journal, asked["host"], "cancelled")
        answer = outcome(journal, asked["host"])
    print(json.dumps(answer))


def number(value):
    return None if value in (None, "", "None") else int(value)


def uptime():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def end_of(asked):
    """The end by the clock of this host, and by that of Patchwarden, in case this one is slow; None: there is none."""
    if number(asked.get("not_after")) is None:
        return None
    return number(asked["not_after"]), uptime() + (number(asked.get("seconds_left")) or 0)


def is_over(end):
    return end is not None and (time.time() >= end[0] or uptime() >= end[1])


def check(one):
    versions = [version for version in (one.get("from"), one.get("to")) if version is not None]
    if not (NAME.fullmatch(one["name"]) and ARCHITECTURE.fullmatch(one["architecture"])
            and all(VERSION.fullmatch(version) for version in versions)):
        raise SystemExit("%r is not a package with a version." % one["name"][:80])


def named(one, version):
    name = one["name"] if one["architecture"] == "all" else "%s:%s" % (one["name"], one["architecture"])
    return "%s=%s" % (name, version)


def run(command):
    done = subprocess.run(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    return done.returncode, done.stdout


def wanted(changes):
    older = [one for one in changes if one["from"] is not None and
             run(["dpkg", "--compare-versions", one["to"], "lt", one["from"]])[0] == 0]
    new = any(one["from"] is None for one in changes)
    options = ["--allow-downgrades"] if older else []
    return options + ([] if new else ["--only-upgrade"]) + ["install"] + [named(one, one["to"]) for one in changes]


def simulate(changes):
    """The steps that the changes cause now; or None and what apt said."""
    status, said = run(APT_READS + wanted(changes))
    if status != 0:
        return None, said
    below = re.search(r"will be DOWNGRADED:\n((?: .*\n)+)", said)
    downgraded = set(below.group(1).split()) if below else set()
    installed = {line.split(" ")[0]: line.split(" ")[1:] for line in packages()}
    steps = []
    for name, before, after, architecture in INST.findall(said):
        action = "install" if before == "" else "downgrade" if name in downgraded else "upgrade"
        steps.append({"action": action, "name": name.split(":")[0], "architecture": architecture,
                      "from": before or None, "to": after})
    for name, before in REMOVE.findall(said):
        architecture, version = (installed.get(name.split(":")[0]) or ["unknown", None])[:2]
        steps.append({"action": "remove", "name": name.split(":")[0], "architecture": architecture,
                      "from": before or version, "to": None})
    return steps, said


def packages():
    show = "${Package} ${Architecture} ${Version} ${db:Status-Status}\n"
    return sorted(line for line in run(["dpkg-query", "-W", "-f", show])[1].splitlines() if line.count(" ") == 3)


def half_done():
    return [line for line in packages() if line.split(" ")[3] in ("half-installed", "half-configured", "unpacked")]


def problem(said):
    lines = [line for line in said.splitlines() if line.strip()]
    missing = re.search(r"Version '([^']+)' for '([^']+)' was not found", said)
    if missing:
        return "%s %s is not on offer there any more." % (missing.group(2), missing.group(1))
    if "Held packages were changed" in said:
        return "It would change a package that is on hold: take it off hold (apt-mark unhold) or leave it out."
    telling = [line for line in lines if re.match(r"E:|dpkg: error", line)] or lines[-1:] or ["nothing was said"]
    return "apt failed: %s" % telling[0][:300]


def tail(said):
    telling = [line for line in said.splitlines() if re.match(r"E:|W:|dpkg: | installed |Setting up |Removing ", line)]
    return "\n".join(line[:300] for line in (telling or said.splitlines())[-40:])


def preview(changes, begun):
    if half_done():
        reason = 'An earlier installation was interrupted (%s): run "dpkg --configure -a" on it.' % half_done()[0]
        return {"problem": reason, "log": "\n".join(half_done()[:20])}
    steps, said = simulate(changes)
    if steps is None:
        return {"problem": problem(said), "log": tail(said)}
    notes = ["a reboot was waiting before this upgrade"] if os.path.exists("/run/reboot-required") else []
    return {"steps": steps, "begun": begun, "notes": notes}


def create(journal, host, *decided):
    """True for the one who makes the journal: it is written whole and then renamed into its place."""
    os.makedirs(RUNS, mode=0o700, exist_ok=True)
    new = tempfile.mkdtemp(prefix=".new-", dir=RUNS)
    with open(os.path.join(new, "host"), "w", encoding="utf8") as file:
        file.write(host)
    for what in decided:
        os.symlink(what, os.path.join(new, "decision"))
    try:
        os.rename(new, journal)
        return True
    except OSError:
        shutil.rmtree(new)
        return False


def decide(journal, what):
    """Committed, cancelled or over: whoever makes the link first has decided it, for good."""
    try:
        os.symlink(what, os.path.join(journal, "decision"))
    except FileExistsError:
        pass
    return os.readlink(os.path.join(journal, "decision"))


def never(journal, host, why):
    """What has not begun never does."""
    if not create(journal, host, why):
        decide(journal, why)


def begin(journal, asked):
    if not create(journal, asked["host"]):
        return
    if os.fork() > 0:
        os.wait()
        return
    # Twice, in a session of its own: what sshd or ansible end does not end this.
    os.setsid()
    if os.fork() > 0:
        os._exit(0)
    try:
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        upgrade(journal, asked)
    finally:
        os._exit(0)


def upgrade(journal, asked):
    with open(os.path.join(journal, "running"), "w", encoding="utf8") as running:
        fcntl.flock(running, fcntl.LOCK_EX)
        try:
            answer = transact(journal, asked)
        except Exception as error:  # whatever it is, whoever asks is told
            answer = {"state": "failed", "reason": "The upgrade broke off: %s" % str(error)[:300], "log": ""}
        answer["boot"] = boot()
        with open(os.path.join(journal, "result.new"), "w", encoding="utf8") as result:
            json.dump(answer, result)
            result.flush()
            os.fsync(result.fileno())
        os.rename(os.path.join(journal, "result.new"), os.path.join(journal, "result"))


def transact(journal, asked):
    steps, said = simulate(asked["changes"])
    if steps is None:
        return held(problem(said), tail(said))
    plan, now = set(map(line, asked["transaction"])), set(map(line, steps))
    # What the host has done by itself since is left away.
    if not now <= plan:
        return held("This is not the transaction that was approved: it would now %s and no longer %s." %
                    (", ".join(sorted(now - plan)[:6]) or "do nothing else",
                     ", ".join(sorted(plan - now)[:6]) or "leave anything out"), "")
    decided = decide(journal, "over" if is_over(asked["end"]) else "committed")
    if decided != "committed":
        return not_begun(decided)
    before = packages()
    if not steps:
        return {"state": "succeeded", "changed": [], "rebooted": False, "log": ""}
    # Every step by name and version, so that apt can do nothing else in their place.
    exact = [named(one, one["to"]) if one["to"] else one["name"] + "-" for one in steps]
    options = ["-o", "DPkg::Lock::Timeout=%d" % int(asked["lock_seconds"])]
    if asked["end"] is not None:
        # apt asks this with its lock in hand, just before it begins; there may have been a lock to wait for.
        options += ["-o", "DPkg::Pre-Install-Pkgs::=test $(date +%%s) -lt %d && awk '{ exit $1 >= %d }' /proc/uptime" %
                    (asked["end"][0], asked["end"][1])]
    options += [] if any(one["to"] is None for one in steps) else ["--no-remove"]
    options += ["--allow-downgrades"] if any(one["action"] == "downgrade" for one in steps) else []
    status, said = run(APT_WRITES + options + ["install"] + exact)
    after = packages()
    old = {tuple(one.split(" ")[:2]): one.split(" ")[2] for one in before}
    changed = [{"name": name, "architecture": architecture, "from": old.get((name, architecture)), "to": version}
               for name, architecture, version, state in (one.split(" ") for one in after)
               if state == "installed" and old.get((name, architecture)) != version]
    asked_for = {one["name"] for one in asked["changes"]}
    pulled = [one["name"] for one in steps if one["action"] == "install" and one["name"] not in asked_for]
    if pulled and status == 0:
        run(["apt-mark", "-q", "auto"] + pulled)
    if status == 0:
        return {"state": "succeeded", "changed": changed, "rebooted": False, "log": tail(said)}
    if before == after and is_over(asked["end"]):
        return not_begun("over")
    if before == after:
        return held(problem(said), tail(said))
    return {"state": "failed", "reason": problem(said), "log": tail(said)}


def line(one):
    return "remove %s" % one["name"] if one["to"] is None else "install %s %s %s" % (
        one["name"], one["architecture"], one["to"])


def held(reason, log):
    return {"state": "held back", "reason": reason, "log": log}


def not_begun(decided):
    reason = "Its time was over before it could begin." if decided == "over" else \
        "The rollout was stopped before its turn came."
    return {"state": "not begun", "reason": reason, "log": ""}


def boot():
    with open("/proc/sys/kernel/random/boot_id", encoding="utf8") as file:
        return file.read().strip()


def outcome(journal, host):
    """Waits for the end of the upgrade, and says it."""
    with open(os.path.join(journal, "host"), encoding="utf8") as file:
        owner = file.read()
    if owner != host:
        return held("This is the same machine as %s of this batch: list it once." % owner, "")
    result = os.path.join(journal, "result")
    waited = 0.0
    while not os.path.exists(result):
        # Until it holds its lock, it has ten seconds to begin.
        if not alive(journal):
            if decision(journal) in ("cancelled", "over"):
                return not_begun(decision(journal))
            if waited > 10 and not os.path.exists(result):
                return lost(journal)
        time.sleep(0.2)
        waited += 0.2
    with open(result, encoding="utf8") as file:
        answer = json.load(file)
    then = answer.pop("boot")
    if answer["state"] == "succeeded":
        answer["rebooted"] = boot() != then
    return answer


def alive(journal):
    try:
        with open(os.path.join(journal, "running"), encoding="utf8") as running:
            fcntl.flock(running, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True


def decision(journal):
    try:
        return os.readlink(os.path.join(journal, "decision"))
    except FileNotFoundError:
        return None


def lost(journal):
    if decide(journal, "cancelled") != "committed":
        return held("The upgrade was killed before it changed anything.", "")
    left = half_done()
    reason = "The upgrade was killed on the host%s." % (
        '; left behind: %s. Run "dpkg --configure -a" on it' % left[0] if left else "; look at what it did")
    return {"state": "failed", "reason": reason, "log": "\n".join(left[:20])}


if __name__ == "__main__":
    main()
    sys.exit(0)
